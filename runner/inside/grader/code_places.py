"""The places that code beside the tests may come from: installed, or the staff's own.

No code comes from a folder to which any process of the job may write: a test may unpack
a handed-in archive there, or copy a handed-in module under another name.
"""

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from runner.inside.grader import refusals
from runner.inside.grader.given_folders import Folders

_SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt")
_SHARED: Final = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - where nothing is taken from
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_CREAT | os.O_APPEND
_WRITTEN: Final = (
    "tests may not change the course's own files: unpack and write in another folder"
)


class CodePlaces:
    """The places of code: whether a path may be run, loaded, imported, or written to.

    `public` is the folder of the course's files, from which its modules are imported.
    The innermost known folder that holds a path decides.
    """

    def __init__(self, folders: Folders, public: Path) -> None:
        self.work = os.path.realpath(os.getcwd())  # noqa: PTH109 - as a path's text
        own = _real(folders.private, public)
        writable = _real(
            *(self.work, folders.files, tempfile.gettempdir(), *_SHARED),
            *(os.environ.get(name, "") for name in ("HOME", "TMPDIR")),
        )
        installed = _real(
            *sys.path, sys.prefix, sys.exec_prefix, sys.base_prefix, *_SYSTEM
        )
        self._own = own
        self._allowed = (installed - writable) | own
        self._writable = writable - own
        self._protected = set(_protected(public, (Path(self.work),)))
        self._public = os.path.realpath(public)
        self._approved: tuple[object, ...] = ()

    def allows(self, path: object) -> bool:
        """Return whether code may come from the file or folder with this path."""
        return self._innermost(path) in self._allowed

    def is_own(self, path: object) -> bool:
        """Return whether the path lies among the course's own files."""
        return self._innermost(path) in self._own

    def is_writable(self, path: object) -> bool:
        """Return whether the path lies in a folder from which nothing is run."""
        return self._innermost(path) in self._writable

    def _innermost(self, path: object) -> str:
        try:
            place = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]  # anything may come
        except (TypeError, ValueError):
            return ""
        while place not in self._allowed and place not in self._writable:
            above = os.path.dirname(place)  # noqa: PTH120 - a path's text
            if above == place:
                return ""
            place = above
        return place

    def allows_all(self, paths: Iterable[object]) -> bool:
        """Return whether modules may be looked for in all of these folders."""
        asked = tuple(paths)
        if asked != self._approved:
            if not all(one and self.allows(one) for one in asked):
                return False
            self._approved = asked
        return True

    # --- The course's own files ---------------------------------------------------------

    def protect(self) -> None:
        """Remove the permission to write to the course's files beside the tests."""
        for path in self._protected:
            os.chmod(path, 0o444)  # noqa: PTH101 - a path's text
        folders = [self._public, *map(str, Path(self._public).rglob("*/"))]
        for folder in filter(os.path.isdir, folders):
            os.chmod(folder, 0o555)  # noqa: PTH101, S103 - the job's own

    def check_opened(self, path: object, _mode: object, flags: object) -> None:
        """Raise PermissionError if one of the course's files is opened for writing."""
        if isinstance(flags, int) and flags & _WRITING:
            self.check_changed(path)

    def check_changed(self, path: object, folder: object = -1) -> None:
        """Raise PermissionError if the path is, or holds, one of the course's files.

        A relative path is relative to `folder` if that is a descriptor.
        """
        places = _places(path, folder)
        holds = (
            one.startswith(f"{place}/") for place in places for one in self._protected
        )
        if any(holds) or self._has_own(places):
            raise refusals.not_permitted(_WRITTEN)

    def check_itself(self, path: object, folder: object = -1) -> None:
        """Raise PermissionError if the path is that of one of the course's files.

        A folder of the tests' own that holds such a file may get another mode.
        """
        if self._has_own(_places(path, folder)):
            raise refusals.not_permitted(_WRITTEN)

    def _has_own(self, places: set[str]) -> bool:
        """Return whether one of the places is that of one of the course's files."""
        public = f"{self._public}/"
        return any(
            place in self._protected or f"{place}/".startswith(public)
            for place in places
        )

    def check_moved(
        self, old: object, new: object, old_folder: object = -1, new_folder: object = -1
    ) -> None:
        """Raise PermissionError if one of the course's files is moved, replaced or linked.

        By another name it could be written to.
        """
        self.check_changed(old, old_folder)
        self.check_changed(new, new_folder)

    def check_linked(self, _old: object, new: object, *folders: object) -> None:
        """Raise PermissionError if a symbolic link replaces one of the course's files."""
        self.check_changed(new, folders[-1] if folders else -1)


def _places(path: object, folder: object) -> set[str]:
    """Return the places that the path may mean, with links followed and not."""
    try:
        text = os.fsdecode(path)  # type: ignore[arg-type]  # anything may come
    except TypeError:
        return set()
    if isinstance(folder, int) and folder >= 0:
        text = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), text)  # noqa: PTH115, PTH118 - a path's text
    return {os.path.abspath(text), os.path.realpath(text)}  # noqa: PTH100 - with its links


def _real(*paths: str | Path) -> set[str]:
    return {os.path.realpath(path) for path in paths if path}


def _protected(public: Path, folders: Iterable[Path]) -> Iterable[str]:
    """Yield the paths of the course's files in `public`, and of their copies in `folders`."""
    for path in public.rglob("*"):
        if path.is_file():
            for folder in (public, *folders):
                place = os.path.realpath(folder)
                copy = f"{place}/{path.relative_to(public)}"
                if os.path.exists(copy):  # noqa: PTH110 - same
                    yield copy
