"""The origin of a file that a test opens: handed in, or the staff's own."""

import io
import os
from collections.abc import Collection
from pathlib import Path, PurePath
from typing import Any

from runner.inside.grader.given_folders import Folders


class FileOrigins:
    """The origins of files, found by their paths: handed in, or the staff's own.

    The staff's own are the private files, and the public ones, which lie among the
    handed-in files. A path means a handed-in file if it leads from the current folder
    to that file's name beside the notebook. If a test has changed its folder, the same
    name means the file that lies there. If a test has written a file of that name in
    the working folder, the name means the file that the test has written.
    """

    def __init__(self, folders: Folders, handed_in: Collection[str]) -> None:
        self.folders = folders
        self._files = folders.files
        self._private = Path(os.path.realpath(folders.private))
        self._handed_in = frozenset(handed_in)
        # The folders that hold some of the handed-in files.
        self._above = frozenset(
            str(folder)
            for name in handed_in
            for folder in PurePath(name).parents
            if folder.name
        )
        self._work = os.getcwd()  # noqa: PTH109 - as a path's text
        # Taken before `os.lstat` is replaced by one that finds handed-in files.
        self._lstat = os.lstat

    def handed_in_name(self, file: object) -> str | None:
        """Return the name under which the file was handed in, or None."""
        name = self._name(file)
        return name if name in self._handed_in else None

    def path_of(self, name: str) -> str:
        """Return the path of a handed-in file."""
        return str(self._files / name)

    def is_staff_file(self, file: object) -> bool:
        """Return whether the file is one of the staff's."""
        path = _path_of(file)
        if path is None:
            return False
        self.folders.check(path)
        name = self._name(file)
        # By this name the handed-in file is opened, wherever a link of that name leads.
        if name in self._handed_in:
            return False
        if Path(os.path.realpath(path)).is_relative_to(self._private):
            return True
        return name is not None and (self._files / name).is_file()

    def _name(self, file: object) -> str | None:
        """Return the file's name in the folder of files, or beside the notebook, or None."""
        path = _path_of(file)
        if path is None:
            return None
        self.folders.check(path)
        place = Path(os.path.abspath(path))  # noqa: PTH100 - links are not followed
        if place.is_relative_to(self._files):
            return str(place.relative_to(self._files))
        name = self._beside(path)
        return None if name is None or self._is_written(name) else name

    def resolve(self, path: Any) -> Any:
        """Return the path, or the path of the handed-in file that it means. Check it first.

        Such a file is meant by its name beside the notebook, whether or not the path
        goes through the working folder.
        """
        self.folders.check(path)
        return self.resolve_unchecked(path)

    def resolve_unchecked(self, path: Any) -> Any:
        """Return what `resolve` returns, without checking that the path may be opened."""
        if isinstance(path, str | bytes | os.PathLike):
            name = self._beside(os.fsdecode(path))
            if name is None or self._is_written(name):
                return path
            if name in self._handed_in or name in self._above:
                place = str(self._files / name)
                return os.fsencode(place) if isinstance(path, bytes) else place
        return path

    def _is_written(self, name: str) -> bool:
        """Return whether a test has written a file of a handed-in file's name."""
        if name not in self._handed_in:
            return False
        try:
            self._lstat(f"{self._work}/{name}")
        except OSError:
            return False
        return True

    def _beside(self, path: str) -> str | None:
        """Return the name, in the working folder, to which the path leads, or None."""
        try:
            place = os.path.abspath(path)  # noqa: PTH100 - links are not followed
        except FileNotFoundError:  # the current folder was removed
            return None
        name = place.removeprefix(f"{self._work}/")
        return None if name == place else name

    def folder_to_list(self, path: str) -> str | None:
        """Return the folder of the handed-in files below this one, or None.

        Files are handed in only in the working folder and below it.
        """
        if path and os.path.abspath(path) == self._work:  # noqa: PTH100 - links stay
            return str(self._files)
        name = self._beside(path)
        return str(self._files / name) if name in self._above else None

    def is_in_working_folder(self, path: str) -> bool:
        """Return whether the path leads to the working folder, or below it."""
        return f"{os.path.realpath(path)}/".startswith(
            f"{os.path.realpath(self._work)}/"
        )


def _path_of(file: object) -> str | None:
    """Return the path of a file, or of a file object that Python's `open` made, or None.

    The kernel knows where an open file is: its name may be relative to a folder that is
    no longer the current one.
    """
    if isinstance(file, io.FileIO | io.BufferedReader | io.BufferedRandom):
        try:
            return os.readlink(f"/proc/self/fd/{file.fileno()}")  # noqa: PTH115 - a path's text
        except (OSError, ValueError):  # in memory, or closed
            return None
    try:
        path = os.fspath(file)  # type: ignore[call-overload]  # anything may come
    except TypeError:
        return None
    return os.fsdecode(path)
