"""Whose a file is that a test opens: handed in, or the staff's own."""

import io
import os
from collections.abc import Collection
from pathlib import Path, PurePath
from typing import Any

from runner.inside.grader.folders import Folders


class Origins:
    """Tells whose a file is by its path: handed in, or the staff's own.

    The staff's own are the private files and the public ones, which lie among those
    that were handed in. A relative path means a file as it does beside the notebook.
    """

    def __init__(self, folders: Folders, handed_in: Collection[str]) -> None:
        self.folders = folders
        self._files = folders.files
        self._private = Path(os.path.realpath(folders.private))
        self._handed_in = frozenset(handed_in)
        # The folders in which some were handed in.
        self._above = frozenset(
            str(folder)
            for name in handed_in
            for folder in PurePath(name).parents
            if folder.name
        )
        self._work = os.getcwd()  # noqa: PTH109 - as a path's text

    def handed_in(self, file: object) -> str | None:
        """Return the name under which the file was handed in, or None."""
        name = self._name(file)
        return name if name in self._handed_in else None

    def place(self, name: str) -> str:
        """Return the path of a handed-in file."""
        return str(self._files / name)

    def is_own(self, file: object) -> bool:
        """Say whether the file is one of the staff's."""
        path = _path_of(file)
        if path is None:
            return False
        self.folders.check(path)
        if Path(os.path.realpath(path)).is_relative_to(self._private):
            return True
        name = self._name(file)
        return (
            name is not None
            and name not in self._handed_in
            and (self._files / name).is_file()
        )

    def _name(self, file: object) -> str | None:
        """Return the file's name in the folder of files, or beside the notebook."""
        path = _path_of(file)
        if path is None:
            return None
        self.folders.check(path)
        place = Path(os.path.abspath(path))  # noqa: PTH100 - links are not followed
        for base in (self._files, Path.cwd()):
            if place.is_relative_to(base):
                return str(place.relative_to(base))
        return None

    def found(self, path: Any) -> Any:
        """Return the path, or that of the handed-in file which it means.

        Such a file is meant by its name beside the notebook, whether or not the path
        goes through the working folder.
        """
        self.folders.check(path)
        return self.shown(path)

    def shown(self, path: Any) -> Any:
        """Return what `found` returns, without checking that the path may be opened."""
        if isinstance(path, str | bytes | os.PathLike):
            name = os.path.normpath(os.fsdecode(path)).removeprefix(f"{self._work}/")
            if name in self._handed_in or name in self._above:  # so it is within
                place = str(self._files / name)
                return os.fsencode(place) if isinstance(path, bytes) else place
        return path

    def listed(self, path: str) -> str | None:
        """Return the folder of what was handed in below this one, None for none.

        None is handed in but in the working folder and below it.
        """
        place = os.path.abspath(path)  # noqa: PTH100 - links are not followed
        if path and place == self._work:
            return str(self._files)
        name = place.removeprefix(f"{self._work}/")
        return str(self._files / name) if name in self._above else None

    def is_at_work(self, path: str) -> bool:
        """Say whether the path leads to the working folder, or below it."""
        return f"{os.path.realpath(path)}/".startswith(
            f"{os.path.realpath(self._work)}/"
        )


def _path_of(file: object) -> str | None:
    """Return the path of a file, or of a file object that Python's `open` made."""
    if isinstance(file, io.FileIO | io.BufferedReader | io.BufferedRandom):
        file = file.name
    try:
        path = os.fspath(file)  # type: ignore[call-overload]  # anything may come
    except TypeError:
        return None
    return os.fsdecode(path)
