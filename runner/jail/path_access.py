"""Access to folders that a job's user needs, below a folder that it may not enter.

Python may be installed below a private home folder. A zygote that is root then covers the
closed folder with one that holds only what jobs need. This changes only the zygote's own
view of the file system.
"""

import os
import stat
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from runner.system import linux
from runner.system.users import FIRST_UID

_ALL: Final = 200
_CLOSED: Final = (
    "{} is closed to other users. Jobs run as another user and need to read it"
)


class UnreachableError(Exception):
    """A job's user cannot reach a folder that it needs. `str` says which."""


def make_reachable(writable: Sequence[str]) -> None:
    """Make the interpreter and `writable` reachable for a user without rights.

    Does nothing unless this is root: otherwise jobs run as the same user and reach what
    it reaches. Raises UnreachableError.
    """
    if os.geteuid() != 0:
        return
    needed = _outermost(
        [sys.prefix, sys.base_prefix, sys.executable, *sys.path, *writable]
    )
    for path in needed:
        if not _open_to_all(path):
            raise UnreachableError(_CLOSED.format(path))
    closed = {path: above for path in needed if (above := _closed_above(path))}
    if closed:
        _cover_all(closed, writable)
    _verify([os.__file__, sys.executable, *writable])


def _cover_all(closed: dict[Path, Path], writable: Sequence[str]) -> None:
    try:
        _cover(closed, {os.path.realpath(path) for path in writable})
    except OSError as error:
        raise UnreachableError(
            f"{_CLOSED.format(min(closed.values()))}. It could not be opened to them: "
            f"{error.strerror}"
        ) from error


def _outermost(paths: Iterable[str]) -> list[Path]:
    """Return the folders behind the paths, without those inside another of them."""
    found: list[Path] = []
    for text in sorted({os.path.realpath(path) for path in paths if path}):
        path = Path(text)
        if path.exists() and not any(path.is_relative_to(one) for one in found):
            found.append(path)
    return found


def _open_to_all(path: Path) -> bool:
    wanted = stat.S_IXOTH if path.is_dir() else stat.S_IROTH
    return bool(path.stat().st_mode & wanted)


def _closed_above(path: Path) -> Path | None:
    """Return the outermost folder above the path that others may not enter."""
    for above in reversed(path.parents):
        if not _open_to_all(above):
            return above
    return None


def _verify(paths: Sequence[str]) -> None:
    """Try the paths as a job's user; raise UnreachableError if one cannot be opened."""
    pid = os.fork()
    if pid == 0:
        status = len(paths)
        try:
            os.setgroups([])
            os.setresuid(FIRST_UID, FIRST_UID, FIRST_UID)
            reached = [_enters(path) for path in paths]
            status = [*reached, False].index(False)
        finally:
            os._exit(status if status < len(paths) else _ALL)
    _, ended = os.waitpid(pid, 0)
    first_bad = os.waitstatus_to_exitcode(ended)
    if first_bad != _ALL:
        path = paths[first_bad] if 0 <= first_bad < len(paths) else "a folder"
        raise UnreachableError(_CLOSED.format(path))


def _enters(path: str) -> bool:
    return os.access(path, os.X_OK if Path(path).is_dir() else os.R_OK)


def _cover(closed: dict[Path, Path], writable: set[str]) -> None:
    linux.own_mounts()
    held = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in closed}
    for above in sorted(set(closed.values())):
        linux.mount_tmpfs(str(above), "mode=755,size=1m")
    for path, fd in held.items():
        source = f"/proc/self/fd/{fd}"
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        linux.bind(source, str(path), read_only=str(path) not in writable)
        os.close(fd)
