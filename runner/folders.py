"""A job's folder: files copied in and checked, its size measured, all of it removed."""

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Final

from runner.protocol import JobFile, JobSpec

_CHUNK: Final = 1024**2
_SHARED: Final = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - what is searched
MAX_ENTRIES: Final = 50_000


class FileMissingError(Exception):
    """A file of the job is not where, or what, the spec says. `str` is its name."""


def safe_name(name: str) -> PurePosixPath:
    """Return the name as a path inside a job's folder, or raise FileMissingError."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise FileMissingError(name)
    return path


def _copy(file: JobFile, target: Path) -> None:
    """The content is at `target`, and it is what the spec says."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    size = 0
    with open_source(file) as source, target.open("xb") as sink:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            sink.write(chunk)
    if digest.hexdigest() != file.sha256.lower() or size != file.size:
        raise FileMissingError(file.name)


def verify(file: JobFile) -> None:
    """The host's copy of the file is what the spec says."""
    with open_source(file) as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    if digest != file.sha256.lower():
        raise FileMissingError(file.name)


@contextlib.contextmanager
def open_source(file: JobFile) -> Iterator[BufferedReader]:
    """Yield the host's copy of the file, open for reading."""
    try:
        with Path(file.path).open("rb") as source:
            yield source
    except OSError as error:
        raise FileMissingError(file.name) from error


class JobFolder:
    """The folder of one job.

    `work` is the notebook's; `files` holds untouched copies for the checks; `private`
    holds private files while a question is checked; `home` and `tmp` are the job's.
    """

    def __init__(self, base: Path, uid: int | None) -> None:
        self.uid = uid
        self.path = base / f"job-{secrets.token_hex(12)}"
        self.work = self.path / "work"
        self.files = self.path / "files"
        self.private = self.path / "private"
        self._own = [self.work, self.path / "home", self.path / "tmp"]
        self._make()

    def _make(self) -> None:
        """The folders are there, empty, and the job's own ones belong to its user."""
        self.path.mkdir(mode=0o711)
        for folder in (*self._own, self.files, self.private):
            folder.mkdir(mode=0o755)
        if self.uid is not None:
            # Jobs may make folders here but not list it.
            self.private.chmod(0o733)
        self._give()

    def fill(self, spec: JobSpec) -> None:
        """The notebook and the files are in place, and belong to the job's user."""
        for file in spec.files:
            name = safe_name(file.name)
            _copy(file, self.files / name)
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.files / name, self.work / name)
        (self.work / safe_name(spec.notebook_name)).write_text(
            spec.notebook, encoding="utf-8", errors="replace"
        )
        for file in spec.private_files:
            safe_name(file.name)
            verify(file)
        self._give()

    def _give(self) -> None:
        for top in self._own:
            top.chmod(0o700)
            if self.uid is not None:
                for path in (top, *top.rglob("*")):
                    os.chown(path, self.uid, self.uid)

    def disk_bytes(self) -> int:
        """Return what the job's own folders take up; too many files count as all."""
        total = 0
        for number, entry in enumerate(_entries(self._own)):
            if number > MAX_ENTRIES:
                return sys.maxsize
            with contextlib.suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_blocks * 512
        return total

    def remove(self) -> None:
        """Nothing of the job is left, whatever it did to rights and depths.

        Only when no process of the job is alive.
        """
        if self.path.exists():
            remove_tree(self.path)
        if self.uid is not None:
            for shared in _SHARED:
                _remove_owned(Path(shared), self.uid)


def _entries(tops: Sequence[Path]) -> Iterator[os.DirEntry[str]]:
    """Yield what is below the folders, without following links."""
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


def remove_tree(top: Path) -> None:
    """Remove a tree of any depth: each folder is first moved up beside the others."""
    top.chmod(0o700)
    count = 0
    mark = secrets.token_hex(8)
    waiting = [entry.name for entry in os.scandir(top)]
    while waiting:
        path = top / waiting.pop()
        if not stat.S_ISDIR(path.lstat().st_mode):
            path.unlink()
            continue
        path.chmod(0o700)
        for entry in list(os.scandir(path)):
            if entry.is_dir(follow_symlinks=False):
                count += 1
                os.chmod(entry.path, 0o700)  # noqa: PTH101 - a long path's own name
                os.rename(entry.path, top / f".{mark}{count}")  # noqa: PTH104 - same
                waiting.append(f".{mark}{count}")
            else:
                os.unlink(entry.path)  # noqa: PTH108 - same
        path.rmdir()
    top.rmdir()


def _remove_owned(folder: Path, uid: int) -> None:
    """Remove what the job's user left in a folder that all share."""
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid != uid:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    remove_tree(Path(entry.path))
                else:
                    os.unlink(entry.path)  # noqa: PTH108 - an entry's own name
