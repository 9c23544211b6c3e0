"""A real broker on its own socket, which tests may kill and empty."""

from pathlib import Path

from portal.supervisor import broker_process
from tests.services.processes import Service, wait_until


class Broker:
    """A Redis-protocol server for one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "broker.sock"
        self.service: Service | None = None

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}"

    def start(self) -> None:
        """Serve, with the data that an earlier life left on disk."""
        self.service = Service(
            "broker",
            broker_process.server_command(self.socket, self.folder),
            env={},
            log=self.folder / "broker.log",
        )
        self.service.wait_ready(lambda: broker_process.answers(self.socket), seconds=10)

    def kill(self) -> None:
        """End the broker as a power cut would; stored data stays on disk."""
        if self.service is not None:
            self.service.kill()
            self.socket.unlink(missing_ok=True)

    def forget(self) -> None:
        """Kill the broker and delete all its stored data."""
        self.kill()
        for path in sorted(self.folder.rglob("appendonly*"), reverse=True):
            if path.is_file():
                path.unlink()

    def stop(self) -> None:
        if self.service is not None:
            self.service.stop()
            wait_until(lambda: not broker_process.answers(self.socket), seconds=5)
