"""The folder of one job: checks its files, measures its size, and removes it."""

import contextlib
import hashlib
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Final

from runner.jail.file_layout import Contents, Folder
from runner.protocol.jobs import JobFile
from runner.system.file_times import FileTimes
from runner.system.trees import remove, remove_tree

_CHUNK: Final = 1024**2
_SHARED: Final = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - what is searched
MAX_ENTRIES: Final = 50_000


class FileMissingError(Exception):
    """A file of the job is missing, or differs from the spec. `str` is its name."""


def safe_name(name: str) -> PurePosixPath:
    """Return the name as a path inside a job's folder, or raise FileMissingError."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise FileMissingError(name)
    return path


def _copy(file: JobFile, target: Path, times: FileTimes) -> None:
    """Copy the file to `target`; raise FileMissingError if it differs from the spec."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    size = 0
    with open_source(file) as source, target.open("xb") as sink:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            sink.write(chunk)
        sink.flush()
        times.set_next(sink.fileno())
    if digest.hexdigest() != file.sha256.lower() or size != file.size:
        raise FileMissingError(file.name)


@contextlib.contextmanager
def open_source(file: JobFile) -> Iterator[BufferedReader]:
    """Yield the host's copy of the file, open for reading. Raises FileMissingError."""
    try:
        with Path(file.path).open("rb") as source:
            yield source
    except OSError as error:
        raise FileMissingError(file.name) from error


class JobFolder:
    """The folder of one job.

    `places` are the folders of its contents; beside them are `home` and `tmp`. All belong
    to the job, except `files`, which belongs to the host so that the job cannot change
    the files in it.
    """

    def __init__(self, base: Path, uid: int | None) -> None:
        self.uid = uid
        self.path = base / f"job-{secrets.token_hex(12)}"
        self.places = {
            Folder.WORK: self.path / "work",
            Folder.FILES: self.path / "files",
            Folder.PRIVATE: self.path / "private",
            Folder.MODULES: self.path / "modules",
        }
        self.files = self.places[Folder.FILES]
        own = [path for path in self.places.values() if path != self.files]
        self._own = [*own, self.path / "home", self.path / "tmp"]
        self._make()

    def _make(self) -> None:
        """Make the folders, and give the job's own ones to its user."""
        self.path.mkdir(mode=0o711)
        for folder in (*self._own, self.files):
            folder.mkdir(mode=0o755)
        self._give()

    def fill(self, contents: Contents) -> None:
        """Put the notebook and the files in place, and give them to the job's user."""
        times = FileTimes()
        for placed in contents.files:
            name = safe_name(placed.file.name)
            for folder in placed.folders:
                _copy(placed.file, self.places[folder] / name, times)
        if contents.notebook_name:
            work = self.places[Folder.WORK]
            (work / safe_name(contents.notebook_name)).write_text(
                contents.notebook, encoding="utf-8", errors="replace"
            )
        self._give()

    def _give(self) -> None:
        for top in self._own:
            top.chmod(0o700)
            if self.uid is not None:
                for path in (top, *top.rglob("*")):
                    os.chown(path, self.uid, self.uid)

    def disk_bytes(self) -> int:
        """Return the bytes in the job's own folders; `sys.maxsize` for too many files."""
        total = 0
        for number, entry in enumerate(_entries(self._own)):
            if number > MAX_ENTRIES:
                return sys.maxsize
            with contextlib.suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_blocks * 512
        return total

    def remove(self) -> None:
        """Remove all files of the job, whatever their rights and however deep they are.

        Call it only when no process of the job is alive.
        """
        if self.path.exists():
            remove_tree(self.path)
        if self.uid is not None:
            for shared in _SHARED:
                _remove_owned(Path(shared), self.uid)


def _entries(tops: Sequence[Path]) -> Iterator[os.DirEntry[str]]:
    """Yield every entry below the folders, without following links."""
    waiting = [str(top) for top in tops]
    while waiting:
        try:
            found = os.scandir(waiting.pop())
        except OSError:
            continue
        with found:
            for entry in found:
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                yield entry


def _remove_owned(folder: Path, uid: int) -> None:
    """Remove what the job's user left in a folder that all users share."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid != uid:
                    continue
                remove(Path(entry.path))
