"""The look-up of handed-in files by the names that they have beside the notebook.

They lie in a folder of their own, so that none of them is imported or run from the
folder in which the tests run. A test that was written for a notebook opens
`weights.pt`, asks whether it exists, or lists `glob("*.pt")`. All of these find it: the
functions that open a file or list a folder by name ask `FileOrigins` what the name means.
"""

import builtins
import contextlib
import importlib
import io
import os
import sys
from collections.abc import Callable
from typing import Any, Final, Self
from urllib.parse import quote, unquote

import torch

from runner.inside.grader import refusals
from runner.inside.grader.file_origins import FileOrigins
from runner.inside.grader.name_lookups import after_import

# Modules that may be imported by now, with their own names for Python's `open`.
_HOLDERS: Final = {
    "tokenize": "_builtin_open",
    "bz2": "_builtin_open",
    "tarfile": "bltn_open",
    "numpy.lib._datasource": "_open",
}
_DATA_SOURCES: Final = "numpy.lib._datasource"
# The index of `uri` among the arguments of `sqlite3.connect` after the first.
_URI: Final = 6
_IN_MEMORY: Final = ":memory:"
_SQLITE_ATTACH: Final = 24
_NOT_ATTACHED: Final = (
    "a handed-in database cannot be attached by its name alone: open it with "
    "sqlite3.connect, or attach it by the path of its file (files / 'name.db')"
)
_NO_DATABASE: Final = (
    "no database of this name was handed in, and a new one would be empty: give the path "
    "of the file, or use ':memory:' or a file in a temporary folder"
)


def install(origins: FileOrigins) -> None:
    """Let tests find handed-in files by their names from now on."""
    opened = _opening(builtins.open, origins)
    builtins.open = io.open = opened
    os.stat = _finding(os.stat, origins.resolve)
    os.open = _opening(os.open, origins)
    # `realpath`, which resolves paths for the checks, calls this one.
    os.lstat = _finding(os.lstat, origins.resolve_unchecked)
    os.access = _finding(os.access, origins.resolve_unchecked)
    os.listxattr = _finding(
        os.listxattr, origins.resolve_unchecked
    )  # for `shutil.copy2`
    os.getxattr = _finding(os.getxattr, origins.resolve_unchecked)
    os.chdir = _finding(os.chdir, origins.resolve)
    _wrap_listings(origins)
    for name, attribute in _HOLDERS.items():
        if name in sys.modules:
            setattr(sys.modules[name], attribute, opened)
    openers = getattr(sys.modules.get(_DATA_SOURCES), "_file_openers", None)
    if openers is not None:
        openers[None]  # makes numpy fill the table
        openers._file_openers[None] = opened  # noqa: SLF001 - numpy has no other way
    _wrap_compiled(origins)
    after_import("sqlite3.dbapi2", lambda module: _wrap_sqlite(module, origins))
    after_import("sqlite3", _take_from_dbapi2)


def _finding(
    call: Callable[..., Any], find: Callable[[Any], Any]
) -> Callable[..., Any]:
    """Return the function with its first argument replaced by the path that it means."""

    def found(path: Any, *arguments: Any, **named: Any) -> Any:
        if named.get("dir_fd") is None:
            path = find(path)
        return call(path, *arguments, **named)

    _takes_as(call, found)
    return found


def _opening(call: Callable[..., Any], origins: FileOrigins) -> Callable[..., Any]:
    """Return `open` or `os.open`, which find handed-in files unless they begin a new one.

    A new file of a handed-in file's name is made in the working folder, and from then on
    the name means this file.
    """

    def opened(path: Any, *arguments: Any, **named: Any) -> Any:
        given = arguments[0] if arguments else named.get("flags", named.get("mode"))
        if named.get("dir_fd") is None and not _begins_a_file(given):
            path = origins.resolve(path)
        return call(path, *arguments, **named)

    _takes_as(call, opened)
    return opened


def _begins_a_file(given: object) -> bool:
    """Return whether a mode of `open`, or flags of `os.open`, ask for a new file."""
    if isinstance(given, int):
        return bool(given & os.O_CREAT and given & (os.O_TRUNC | os.O_EXCL))
    return isinstance(given, str) and ("w" in given or "x" in given)


def _takes_as(call: Callable[..., Any], other: Callable[..., Any]) -> None:
    """Register the wrapper in those sets of `os` in which the wrapped function is."""
    for abilities in (
        os.supports_dir_fd,
        os.supports_effective_ids,
        os.supports_fd,
        os.supports_follow_symlinks,
    ):
        if call in abilities:
            abilities.add(other)


def _wrap_compiled(origins: FileOrigins) -> None:
    """Wrap the functions of libraries that open files in compiled code."""
    for name in ("safetensors", "safetensors.torch"):
        with contextlib.suppress(ImportError):
            module: Any = importlib.import_module(name)
            module.safe_open = _finding(module.safe_open, origins.resolve)
    torch.from_file = _finding(torch.from_file, origins.resolve)
    storage: Any = torch.UntypedStorage
    storage.from_file = staticmethod(_finding(storage.from_file, origins.resolve))


# --- Listings ---------------------------------------------------------------------


class _Entry:
    """An entry of a listing: a handed-in file, shown in the working folder."""

    def __init__(self, entry: os.DirEntry[str], folder: str) -> None:
        self._entry = entry
        self.name = entry.name
        self.path = f"{folder.rstrip('/')}/{entry.name}"

    def __fspath__(self) -> str:
        return self.path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"


class _Entries:
    """An iterator over entries that can be closed, like that of `os.scandir`."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries = iter(())


def _wrap_listings(origins: FileOrigins) -> None:
    """Wrap the listings, so that the working folder also shows the handed-in files."""
    scan = os.scandir

    def scandir(path: Any = ".") -> Any:
        text = _text_of(path)
        place = origins.folder_to_list(text)
        if place is None:
            return scan(path)
        found: dict[str, Any] = {}
        if os.path.isdir(text):  # noqa: PTH112 - a folder of handed-in files may be only there
            with contextlib.suppress(FileNotFoundError), scan(text) as entries:
                found = {entry.name: entry for entry in entries}
        with scan(place) as entries:
            found |= {
                entry.name: _Entry(entry, text)
                for entry in entries
                if entry.name not in found
            }
        return _Entries(list(found.values()))

    def listdir(path: Any = ".") -> Any:
        with scandir(path) as entries:
            names = [entry.name for entry in entries]
        return [*map(os.fsencode, names)] if isinstance(path, bytes) else names

    _takes_as(scan, scandir)
    _takes_as(os.listdir, listdir)
    os.scandir = scandir
    os.listdir = listdir


def _text_of(path: Any) -> str:
    """Return the path of the folder, which may be given by a descriptor."""
    if path is None:
        return "."
    if isinstance(path, int):
        return os.readlink(f"/proc/self/fd/{path}")  # noqa: PTH115 - a path's text
    return os.fsdecode(path)


# --- Databases --------------------------------------------------------------------


def _wrap_sqlite(module: Any, origins: FileOrigins) -> None:
    """Let sqlite find handed-in databases, and create no empty one in their place."""
    connect = module.connect

    def connected(database: Any, *arguments: Any, **named: Any) -> Any:
        is_uri = named.pop("uri", arguments[_URI] if len(arguments) > _URI else False)
        arguments = arguments[:_URI]
        path = _path_in(database)[0] if is_uri else database
        if origins.handed_in_name(path) is not None:
            # As nothing else writes to the file, it needs no journal beside it.
            place = quote(os.fspath(origins.resolve(path)))
            database, is_uri = f"file:{place}?mode=ro&immutable=1", True
        connection = connect(database, *arguments, uri=is_uri, **named)
        connection.set_authorizer(_attaching(origins))
        return connection

    module.connect = connected


def _attaching(origins: FileOrigins) -> Callable[..., int]:
    """Return the authoriser that sqlite calls before it attaches another database."""

    def authorised(action: int, path: Any, *_: object) -> int:
        if action == _SQLITE_ATTACH and path:
            place = _path_in(path)[0]
            if (
                origins.handed_in_name(place) is not None
                and origins.resolve(place) != place
            ):
                raise refusals.not_permitted(_NOT_ATTACHED)
            check_database(path, origins)
        return 0

    return authorised


def _take_from_dbapi2(module: Any) -> None:
    module.connect = module.dbapi2.connect


def check_database(database: Any, origins: FileOrigins) -> None:
    """Raise PermissionError for a database that may not be opened or created.

    A new one in the working folder would lie where a handed-in one is looked for.
    """
    path, query = _path_in(database)
    origins.folders.check(path)
    if path in ("", _IN_MEMORY) or "mode=memory" in query:
        return
    if origins.is_in_working_folder(path) and not os.path.exists(path):  # noqa: PTH110 - a path's text
        raise refusals.not_permitted(_NO_DATABASE)


def _path_in(database: Any) -> tuple[str, str]:
    """Return the path in sqlite's argument, which may be a URI, and the URI's query."""
    text = os.fsdecode(database)
    if not text.startswith("file:"):
        return text, ""
    path, _, query = text.removeprefix("file:").partition("?")
    return unquote(path.partition("#")[0]), query
