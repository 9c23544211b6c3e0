"""The two folders of a test: handed-in files, and private files that only tests read.

A test may join a name of the student's to `files` or `private`. Such a name must not
lead from one folder to the other: the test would compare its own data with itself.
"""

import contextlib
import os
import pathlib
import posixpath
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_TOKEN_BYTES: Final = 16
# The owner may pass through the folder and cannot list it.
_UNLISTED: Final = 0o100


@dataclass(frozen=True)
class Folders:
    """The folder of handed-in and public files, and the folder of private files."""

    files: Path
    private: Path

    def name_of(self, path: object) -> str | None:
        """Return the name of the path within `files`, or None if it is not there."""
        text = os.path.normpath(os.fspath(path))  # type: ignore[call-overload]  # a path
        inside = f"{self.files}/"
        return text.removeprefix(inside) if text.startswith(inside) else None

    def tells_of_private(self, text: str) -> bool:
        """Return whether the text contains the path of the private folder."""
        return str(self.private) in text

    def check(self, path: object) -> None:
        """Raise PermissionError for a path whose links lead elsewhere than its text.

        A path that begins with one of the folders must stay in it. Any other path must
        stay out of the private folder, whatever links it goes through.
        """
        text = _text_of(path)
        if text is None:
            return
        text = text if text.startswith("/") else f"{os.getcwd()}/{text}"  # noqa: PTH109 - for each open
        real = os.path.realpath(text)
        for folder in (self.files, self.private):
            if _is_below(text, folder):
                if not _is_below(real, Path(os.path.realpath(folder))):
                    raise _outside(text, folder)
                return
        if _is_below(real, self.private):
            raise PermissionError(
                "tests may reach private files only as `private / name`"
            )

    def check_joined(self, first: object, joined: object) -> None:
        """Raise PermissionError if a path made from one of the folders is not below it."""
        start, text = _text_of(first), _text_of(joined)
        if start is None or text is None:
            return
        for folder in (self.files, self.private):
            if _is_below(start, folder) and not _is_below(
                os.path.normpath(text), folder
            ):
                raise _outside(text, folder)


def hide(folder: Path) -> Path:
    """Move the folder's entries to a folder inside it whose name nobody can guess.

    Return the new folder. The old one cannot be listed afterwards.
    """
    hidden = folder / secrets.token_hex(_TOKEN_BYTES)
    names = os.listdir(folder)  # noqa: PTH208 - names alone
    hidden.mkdir(mode=0o700)
    for name in names:
        (folder / name).rename(hidden / name)
    folder.chmod(_UNLISTED)
    return hidden


def guard_joins(folders: Folders) -> None:
    """Refuse from now on all joins that lead out of the folder they begin with."""
    join = posixpath.join

    def joined(first: Any, *others: Any) -> Any:
        path = join(first, *others)
        if others:
            folders.check_joined(first, path)
        return path

    posixpath.join = joined
    for owner, name in (
        (pathlib.PurePath, "__truediv__"),
        (pathlib.PurePath, "joinpath"),
        (pathlib.PurePath, "with_name"),
    ):
        setattr(owner, name, _checked(getattr(owner, name), folders))
    for owner in (pathlib.PurePath, pathlib.Path):
        if "__new__" in vars(owner):
            made: Any = _made(owner.__new__)
            owner.__new__ = made  # type: ignore[method-assign]  # see above


def _checked(method: Callable[..., Any], folders: Folders) -> Callable[..., Any]:
    def join(self: Any, *others: Any) -> Any:
        path = method(self, *others)
        folders.check_joined(self, path)
        return path

    return join


def _made(new: Callable[..., Any]) -> Callable[..., Any]:
    def make(kind: type, *parts: Any, **named: Any) -> Any:
        if len(parts) > 1:
            with contextlib.suppress(TypeError):  # `new` raises its own
                os.path.join(*parts)  # noqa: PTH118 - checked by its guard
        return new(kind, *parts, **named)

    return make


def _text_of(path: object) -> str | None:
    try:
        return os.fsdecode(path)  # type: ignore[arg-type]  # anything may come
    except TypeError:
        return None


def _is_below(text: str, folder: Path) -> bool:
    top = str(folder)
    return text == top or text.startswith(f"{top}/")


def _outside(text: str, folder: Path) -> PermissionError:
    return PermissionError(
        f"a path that starts at {folder} must stay in it, and this one does not: {text}"
    )
