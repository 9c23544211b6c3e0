"""The places of a job's files: in its jail, or at level L0 in a folder of the host."""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from runner.host.job_folder import FileMissingError, JobFolder, open_source, safe_name
from runner.jail import path_rules
from runner.jail.file_layout import Contents, Folder
from runner.protocol import endings
from runner.protocol.jobs import JobFile
from runner.system import descriptors
from runner.wire.frames import Frame, Peer

_PAGE: Final = 4096
_FILL_SECONDS: Final = 120
_ROUND_SECONDS: Final = 0.1
_JAILED: Final = {
    Folder.WORK: path_rules.WORK,
    Folder.FILES: path_rules.FILES,
    Folder.PRIVATE: path_rules.PRIVATE,
    Folder.MODULES: path_rules.MODULES,
}


class JobFiles(Protocol):
    """A job's files, as the host knows them. Paths are those that the job sees."""

    def path(self, folder: Folder) -> str:
        """Return the path at which the job sees the folder."""

    def fill(self, contents: Contents, init: Peer, wait: Callable[[], None]) -> None:
        """Put the notebook and the files in place, and note how much they take up.

        `wait` is called now and then meanwhile.
        """

    def storage(self) -> tuple[int, int]:
        """Return the bytes that the job has added: on disk, and in shared memory."""

    def note_storage(self, frame: Frame) -> None:
        """Note what the job's first process reports of the storage."""

    def remove(self) -> None:
        """Remove the job's files. Call it only when no process of the job is left."""


class JailFiles:
    """Folders in the jail's own memory, filled through the jail's first process."""

    def __init__(self) -> None:
        self._base = 0
        self._used = (0, 0)

    def path(self, folder: Folder) -> str:
        return _JAILED[folder]

    def fill(self, contents: Contents, init: Peer, wait: Callable[[], None]) -> None:
        init.send({"t": "room", "total": sum(map(_whole_pages, contents.sizes))})
        for placed in contents.files:
            name = str(safe_name(placed.file.name))
            folders = [self.path(folder) for folder in placed.folders]
            with _checked(placed.file) as fd:
                init.send({"t": "file", "name": name, "folders": folders}, [fd])
            while init.wants_to_send:  # so that few descriptors are open at once
                descriptors.wait(writing=[init], seconds=_ROUND_SECONDS)
                init.flush()
                wait()
        if contents.notebook_name:
            with _memory_file(contents.notebook) as fd:
                name = str(safe_name(contents.notebook_name))
                init.send(
                    {"t": "file", "name": name, "folders": [path_rules.WORK]}, [fd]
                )
        init.send({"t": "seal"})
        sealed = await_frame(init, "sealed", _FILL_SECONDS, wait)
        self._base = int(sealed["disk"])
        self._used = (self._base, 0)

    def storage(self) -> tuple[int, int]:
        disk, shared = self._used
        return disk - self._base, shared

    def note_storage(self, frame: Frame) -> None:
        self._used = (int(frame["disk"]), int(frame["shared"]))

    def remove(self) -> None:
        """Do nothing: the files went with the jail."""


class FolderFiles:
    """A folder of the host, at level L0."""

    def __init__(self, base: Path, uid: int | None) -> None:
        self.folder = JobFolder(base, uid)
        self._base = 0

    def path(self, folder: Folder) -> str:
        return str(self.folder.places[folder])

    def fill(self, contents: Contents, init: Peer, wait: Callable[[], None]) -> None:
        self.folder.fill(contents)
        init.send({"t": "seal"})
        await_frame(init, "sealed", _FILL_SECONDS, wait)
        self._base = self.folder.disk_bytes()

    def storage(self) -> tuple[int, int]:
        return self.folder.disk_bytes() - self._base, 0

    def note_storage(self, frame: Frame) -> None:
        """Do nothing: the host measures the folder itself."""

    def remove(self) -> None:
        self.folder.remove()


def await_frame(
    peer: Peer, kind: str, seconds: float, wait: Callable[[], None]
) -> Frame:
    """Return the next frame of that kind from a process of ours that is not yet at work.

    `wait` is called now and then meanwhile. Raises JobEnded if the process sends another
    frame, closes its socket, or takes too long.
    """
    deadline = time.monotonic() + seconds
    while peer.open and time.monotonic() < deadline:
        writers = [peer] if peer.wants_to_send else []
        descriptors.wait([peer], writers, seconds=_ROUND_SECONDS)
        peer.flush()
        for frame in peer.receive():
            if frame.get("t") == kind:
                return frame
            raise endings.platform(
                "runner_failed", str(frame.get("reason", frame["t"]))
            )
        wait()
    raise endings.platform(
        "runner_failed", f"a process of the job did not report {kind!r}"
    )


def _whole_pages(size: int) -> int:
    return -(-size // _PAGE) * _PAGE


@contextlib.contextmanager
def _checked(file: JobFile) -> Iterator[int]:
    """Yield a descriptor of the host's copy, after checking it against the spec."""
    with open_source(file) as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
        if digest != file.sha256.lower() or source.tell() != file.size:
            raise FileMissingError(file.name)
        yield source.fileno()


@contextlib.contextmanager
def _memory_file(text: str) -> Iterator[int]:
    """Yield a descriptor of a file without a name that holds the text."""
    fd = os.memfd_create("notebook", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(fd), "w", encoding="utf-8", errors="replace") as sink:
            sink.write(text)
        yield fd
    finally:
        os.close(fd)
