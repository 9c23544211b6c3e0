"""What a test may not do by itself, because a student's file would run code by it.

Nothing that was handed in is unpickled in this process. `torch.load`, `torch.jit.load`,
`numpy.load(allow_pickle=True)` and `pickle.load` of a handed-in file are done by the
student's snapshot, and what they give crosses as data. Private files are the staff's
own and are read here. Any other unpickling is refused: of bytes nobody can tell whose
they are.
"""

import builtins
import contextlib
import hashlib
import importlib
import io
import os
import pickle
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import torch

from runner.grader import code_guard, refusals
from runner.grader.code_places import CodePlaces
from runner.grader.folders import Folders, guard_joins
from runner.grader.student import Student

# Classes that arrays and plain collections are made of when they are unpickled.
_MADE_OF: Final = frozenset(
    (
        *(("builtins", name) for name in ("set", "frozenset", "complex", "slice")),
        *(("builtins", name) for name in ("bytearray", "range", "list", "dict")),
        ("collections", "OrderedDict"),
        *(
            (module, "_reconstruct")
            for module in ("numpy._core.multiarray", "numpy.core.multiarray")
        ),
        *(
            (module, "scalar")
            for module in ("numpy._core.multiarray", "numpy.core.multiarray")
        ),
        *(
            (module, "_frombuffer")
            for module in ("numpy._core.numeric", "numpy.core.numeric")
        ),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
    )
)
_ARRAYS: Final = "arrays"
_EVERYTHING: Final = "everything"
# So many pickles of the tests' own can be read again.
_OWN_PICKLES: Final = 1000
_REFUSED: Final = (
    "tests unpickle only files of their own, by path: torch.load, numpy.load or "
    "pickle.load of a file in `private`, or of a handed-in file in `files`, and "
    "pickle.loads of what they have pickled themselves"
)
# Audit events by which a file is opened or a folder is listed.
_OPENING: Final = frozenset(("open", "os.listdir", "os.scandir", "sqlite3.connect"))
_asked: Final[list[Student]] = []


@contextlib.contextmanager
def asking(student: Student) -> Iterator[None]:
    """Let the question's snapshot read handed-in files inside."""
    _asked.append(student)
    try:
        yield
    finally:
        _asked.pop()


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

    def handed_in(self, file: object) -> str | None:
        """Return the name under which the file was handed in, or None."""
        name = self._name(file)
        return name if name in self._handed_in else None

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
        """Return the path, or that of the handed-in file which a relative one means."""
        self.folders.check(path)
        if isinstance(path, str | os.PathLike):
            name = os.path.normpath(path)
            if name in self._handed_in:  # so it is no absolute one
                return str(self._files / name)
        return path


def _path_of(file: object) -> str | None:
    """Return the path of a file, or of a file object that Python's `open` made."""
    if isinstance(file, io.FileIO | io.BufferedReader | io.BufferedRandom):
        file = file.name
    try:
        path = os.fspath(file)  # type: ignore[call-overload]  # anything may come
    except TypeError:
        return None
    return os.fsdecode(path)


def stand(folders: Folders, handed_in: Collection[str], public: Path) -> None:
    """Let nothing that a student handed in run code in this process from now on."""
    origins = Origins(folders, handed_in)
    guard_joins(folders)
    _find_relative_files(origins)
    torch.load = _by_snapshot(torch.load, "load", origins)  # noqa: TID251 - taken away here
    torch.jit.load = _by_snapshot(torch.jit.load, "script", origins)
    np.load = _array_loader(np.load, origins)
    _guard_pickle(origins)
    sys.addaudithook(_watcher(origins))
    code_guard.stand(CodePlaces(folders, public))


def _find_relative_files(origins: Origins) -> None:
    """Let tests open handed-in files by the names that the notebook opens them by."""
    opened, status = builtins.open, os.stat

    def open_found(file: Any, *arguments: Any, **named: Any) -> Any:
        return opened(origins.found(file), *arguments, **named)

    def stat_found(path: Any, *arguments: Any, **named: Any) -> Any:
        return status(origins.found(path), *arguments, **named)

    builtins.open = io.open = open_found
    os.stat = stat_found
    _wrap_safetensors(origins)


def _wrap_safetensors(origins: Origins) -> None:
    """Let safetensors, which opens files by itself, find handed-in files by name."""
    for name in ("safetensors", "safetensors.torch"):
        with contextlib.suppress(ImportError):
            module: Any = importlib.import_module(name)
            module.safe_open = _finding(module.safe_open, origins)


def _finding(call: Callable[..., Any], origins: Origins) -> Callable[..., Any]:
    def found(file: Any, *arguments: Any, **named: Any) -> Any:
        return call(origins.found(file), *arguments, **named)

    return found


def _by_snapshot(
    load: Callable[..., Any], operation: str, origins: Origins
) -> Callable[..., Any]:
    """Return a loader that reads the staff's files, and has the snapshot read others."""

    def loaded(f: Any, *arguments: Any, **named: Any) -> Any:
        if origins.is_own(f):
            return load(f, *arguments, **named)
        name = origins.handed_in(f)
        if name is None:
            raise refusals.not_permitted(_REFUSED)
        return _asked[-1].ask(operation, name)

    return loaded


def _array_loader(load: Callable[..., Any], origins: Origins) -> Callable[..., Any]:
    def loaded(
        file: Any,
        mmap_mode: Any = None,
        allow_pickle: Any = None,
        **named: Any,
    ) -> Any:
        if not allow_pickle:
            return load(file, mmap_mode, allow_pickle=False, **named)
        if origins.is_own(file):
            with _trusted():
                found = load(file, mmap_mode, allow_pickle=True, **named)
                is_archive = isinstance(found, np.lib.npyio.NpzFile)
                return Arrays(found) if is_archive else found
        name = origins.handed_in(file)
        if name is None:
            raise refusals.not_permitted(_REFUSED)
        return _asked[-1].ask("array", name)

    return loaded


class Arrays(dict[str, Any]):
    """The arrays of an archive of the staff's, read at once, as `numpy.load` gives them."""

    def __init__(self, archive: Any) -> None:
        with archive:
            super().__init__((name, archive[name]) for name in archive.files)
        self.files = list(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing: the archive has been read."""


def _guard_pickle(origins: Origins) -> None:
    """Replace all ways into Python's pickle machine."""

    def load(file: Any, **named: Any) -> Any:
        name = origins.handed_in(file)
        if name is None:
            return pickle.Unpickler(file, **named).load()  # noqa: S301 - guarded below
        found = _asked[-1].ask("unpickle", name, file.tell())
        match found:
            case [value, int() as end]:
                file.seek(end)
                return value
        raise refusals.not_permitted(_REFUSED)

    dumps = pickle.dumps
    own = _OwnPickles()

    def dumped(*arguments: Any, **named: Any) -> bytes:
        return own.note(dumps(*arguments, **named))

    def loads(data: Any, /, **named: Any) -> Any:
        if data not in own:
            raise refusals.not_permitted(_REFUSED)
        with _trusted(_EVERYTHING):
            return pickle_loads(data, **named)

    machine: Any = pickle
    pickle_loads = pickle.loads
    machine.load, machine.loads, machine.dumps = load, loads, dumped
    # The second is in Python, and other libraries build on it.
    for name in ("Unpickler", "_Unpickler"):
        setattr(machine, name, _own_files_only(getattr(machine, name), origins))


class _OwnPickles:
    """Knows the pickles that the tests of this process have made, by their hashes."""

    def __init__(self) -> None:
        self._hashes: dict[bytes, None] = {}

    def note(self, data: bytes) -> bytes:
        """Note the pickle, and return it. Only the newest are known."""
        self._hashes[hashlib.sha256(data).digest()] = None
        if len(self._hashes) > _OWN_PICKLES:
            del self._hashes[next(iter(self._hashes))]
        return data

    def __contains__(self, data: object) -> bool:
        return type(data) is bytes and hashlib.sha256(data).digest() in self._hashes


def _own_files_only(base: Any, origins: Origins) -> Any:
    """Return an unpickler like `base` that reads files of the staff's alone."""

    class Unpickler(base):
        def __init__(self, file: Any, *arguments: Any, **named: Any) -> None:
            if not (origins.is_own(file) or _trust):
                raise refusals.not_permitted(_REFUSED)
            super().__init__(file, *arguments, **named)

        def load(self) -> Any:
            with _trusted():
                return super().load()

    return Unpickler


_trust: Final[list[str]] = []


@contextlib.contextmanager
def _trusted(what: str = _ARRAYS) -> Iterator[None]:
    """Let the arrays of a file of the staff's, or everything, be unpickled inside."""
    _trust.append(what)
    try:
        yield
    finally:
        _trust.pop()


def _watcher(origins: Origins) -> Callable[[str, tuple[Any, ...]], None]:
    """Return an audit hook that refuses what gets past the functions above.

    It sees every name that is unpickled, and every file that is opened.
    """
    checks: dict[str, Callable[..., None]] = {
        "pickle.find_class": _check_unpickled,
        **dict.fromkeys(_OPENING, lambda path, *_: origins.folders.check(path)),
    }

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        check = checks.get(event)
        if check is not None:
            check(*arguments)

    return watch


def _check_unpickled(module: str, name: str) -> None:
    if not _trust:
        raise refusals.not_permitted(_REFUSED)
    if _trust[-1] != _EVERYTHING and (module, name) not in _MADE_OF:
        raise refusals.not_permitted(
            f"tests unpickle no objects ({module}.{name}): keep arrays, or weights in "
            "safetensors"
        )
