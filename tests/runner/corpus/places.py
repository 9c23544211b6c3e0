"""Targets of attacks on the host: canaries to steal or change, and open sockets.

A canary is a text that occurs nowhere else. Each place has its own, so that a leak
shows where it came from.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unittest import mock

import numpy as np

from runner.host import runner
from runner.jail import path_rules
from runner.protocol.jobs import JobFile
from tests.runner.notebooks import job_file

ROOT: Final = Path(__file__).parents[3]
# Bubblewrap's answer about the program that starts a job. If that lies below a folder
# of the job's own, it can be read, but never written.
OWN_SOURCE: Final = "ok" if str(ROOT).startswith(path_rules.WRITABLE) else "EACCES"
VARIABLE: Final = "SOFTMARK_CANARY"
LABELS: Final = "labels.txt"
# Files of ours that no attack should find, by the names used in the report.
OURS: Final = {
    "repository": ROOT / "manage.py",
    "corpus": Path(__file__),
    "settings": ROOT / "portal" / "settings.py",
    "runner": Path(runner.__file__),
}


def make_canary() -> str:
    """Return a text that occurs nowhere else."""
    return f"kestrel{secrets.token_hex(8)}"


@dataclass(frozen=True)
class Trap:
    """A file of the host that no job may read or change."""

    path: Path
    canary: str
    state: tuple[bytes, int, int, int]

    @classmethod
    def of(cls, path: Path, canary: str = "") -> "Trap":
        return cls(path, canary, _state(path))

    @property
    def is_untouched(self) -> bool:
        """Whether the file is unchanged, to the byte and to the nanosecond."""
        return self.path.is_file() and _state(self.path) == self.state


def _state(path: Path) -> tuple[bytes, int, int, int]:
    about = path.lstat()
    return path.read_bytes(), about.st_mtime_ns, about.st_mode, about.st_nlink


@dataclass
class Places:
    """Everything on the host that attacks aim at; made by `planted`."""

    folder: Path
    canaries: dict[str, str] = field(default_factory=dict)
    traps: list[Trap] = field(default_factory=list)
    doors: dict[str, socket.socket] = field(default_factory=dict)
    known: dict[str, object] = field(default_factory=dict)

    def plant(self, name: str, path: Path) -> None:
        """Write a file with a canary at the path, which anybody may read."""
        canary = self.canaries[name] = make_canary()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{canary}\n")
        path.chmod(0o644)
        self.traps.append(Trap.of(path, canary))
        self.known[name] = str(path)

    def labels(self) -> JobFile:
        """Return the private file that every hostile job has."""
        return job_file(self.folder / LABELS, LABELS)

    def open_doors(self) -> None:
        """Open sockets on the host, as a broker and a database do."""
        token = secrets.token_hex(8)
        self.known["abstract"] = f"softmark-{token}"
        self.known["path_socket"] = str(self.folder / "door")
        self.doors = {
            "tcp": socket.create_server(("127.0.0.1", 0)),
            "udp": socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
            "abstract": socket.socket(socket.AF_UNIX),
            "path_socket": socket.socket(socket.AF_UNIX),
        }
        self.doors["udp"].bind(("127.0.0.1", 0))
        self.doors["abstract"].bind(f"\0softmark-{token}")
        self.doors["path_socket"].bind(str(self.folder / "door"))
        (self.folder / "door").chmod(0o777)
        for name, door in self.doors.items():
            if name != "udp":
                door.listen()
            door.setblocking(False)  # noqa: FBT003 - the standard library's own
        for name in ("tcp", "udp"):
            self.known[name] = self.doors[name].getsockname()[1]

    def visitors(self) -> list[str]:
        """Return the names of the sockets that were connected to."""
        came = []
        for name, door in self.doors.items():
            with contextlib.suppress(BlockingIOError):
                if name == "udp":
                    door.recv(100)
                else:
                    door.accept()[0].close()
                came.append(name)
        return came

    def stolen(self, text: str) -> list[str]:
        """Return the places whose canaries are in the text."""
        return [name for name, canary in self.canaries.items() if canary in text]

    def touched(self) -> list[str]:
        """Return the files that have changed."""
        return [str(trap.path) for trap in self.traps if not trap.is_untouched]


@contextlib.contextmanager
def planted() -> Iterator[Places]:
    """Yield the places with everything planted, and remove it all afterwards."""
    folders = [
        Path(tempfile.mkdtemp(prefix="softmark-corpus-", dir=base))
        for base in (tempfile.gettempdir(), "/var/tmp")  # noqa: S108 - what is tested
    ]
    places = Places(folders[0])
    for folder in folders:
        folder.chmod(0o755)
    places.plant("temporary", folders[0] / "notes.txt")
    places.plant("stored", folders[1] / "var" / "blobs" / "work.ipynb")
    places.plant("labels", folders[0] / LABELS)
    places.known["libraries"] = np.__file__
    places.known["repository"] = {name: str(path) for name, path in OURS.items()}
    places.known["host"] = os.getpid()
    places.traps += [Trap.of(Path(np.__file__)), Trap.of(Path(os.__file__))]
    places.traps += [Trap.of(path) for path in OURS.values()]
    for name in ("environment", "arguments", "tests"):
        places.canaries[name] = make_canary()
    places.open_doors()
    arguments = [sys.executable, "-c", "input()", places.canaries["arguments"]]
    server = subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    with mock.patch.dict(os.environ, {VARIABLE: places.canaries["environment"]}):
        yield places
    server.communicate(b"\n")
    for door in places.doors.values():
        door.close()
    for folder in folders:
        shutil.rmtree(folder)
