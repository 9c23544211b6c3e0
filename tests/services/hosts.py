"""Machines for tests: network namespaces, each with a host name and one cable.

A `Host` reaches only the services that listen at its `gateway`, over a pair of virtual
interfaces. `cut` takes the interface down, as if somebody pulled the cable.
"""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

# Addresses that are set aside for benchmarks (RFC 2544), so no other network has them.
NETWORK: Final = "198.18.{}.{}"
PIECE: Final = 65536


def why_no_hosts() -> str:
    """Return why network namespaces cannot be made here, or "" if they can."""
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    if shutil.which("ip") is None or shutil.which("nsenter") is None:
        return "no ip or nsenter: apt-get install iproute2 util-linux"
    name = f"sm-probe-{os.getpid()}"
    done = subprocess.run(
        ["ip", "netns", "add", name], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return f"no network namespace can be made: {done.stderr.strip()}"
    subprocess.run(["ip", "netns", "delete", name], check=False)
    return ""


class Host:
    """One machine of its own; `number` is unique on this one, 0 to 127."""

    def __init__(self, number: int) -> None:
        self.name = f"sm-{os.getpid()}-{number}"
        self.cable = f"smv{os.getpid() % 100_000}-{number}"
        self.gateway = NETWORK.format(number, 1)
        self.address = NETWORK.format(number, 2)

    def make(self) -> None:
        """Make the namespace and its cable."""
        inner = f"{self.cable}i"
        run("netns", "add", self.name)
        run("link", "add", self.cable, "type", "veth", "peer", "name", inner)
        run("link", "set", inner, "netns", self.name)
        run("address", "add", f"{self.gateway}/30", "dev", self.cable)
        run("link", "set", self.cable, "up")
        inside = ("-n", self.name)
        run(*inside, "address", "add", f"{self.address}/30", "dev", inner)
        run(*inside, "link", "set", inner, "up")
        run(*inside, "link", "set", "lo", "up")

    def cut(self) -> None:
        """Pull the cable: packets are lost, and nobody is told."""
        run("link", "set", self.cable, "down")

    def heal(self) -> None:
        """Put the cable back."""
        run("link", "set", self.cable, "up")

    def remove(self) -> None:
        """Remove the namespace. Its processes must have ended."""
        for arguments in (
            ("link", "delete", self.cable),
            ("netns", "delete", self.name),
        ):
            with suppress(subprocess.CalledProcessError):
                run(*arguments)

    def command(self, command: Sequence[str]) -> list[str]:
        """Return the command that runs this one on the host, in the same process."""
        return [
            *("nsenter", f"--net=/run/netns/{self.name}", "unshare", "--uts"),
            *("sh", "-c", 'hostname "$0" && exec "$@"', self.name, *command),
        ]


def run(*arguments: str) -> None:
    """Run `ip` with these arguments."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Relay:
    """A TCP port that leads to a Unix socket, such as the tests' PostgreSQL."""

    def __init__(self, address: str, target: Path) -> None:
        self._target = target
        self._server = socket.create_server((address, 0))
        self._ends: list[socket.socket] = []
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End all connections, and take no more."""
        self._server.close()
        for end in self._ends:
            end_connection(end)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._target))
                self._ends += (client, server)
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(
                        target=_copy, args=(source, sink), daemon=True
                    ).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(PIECE):
            sink.sendall(data)
    for end in (source, sink):
        end_connection(end)


def end_connection(end: socket.socket) -> None:
    """Close the socket; whoever waits on either side is told."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
