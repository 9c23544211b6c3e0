"""The rules that keep a student's file from running code in the tests' process.

Nothing that was handed in is unpickled in this process. Files given to `torch.load`,
`numpy.load(allow_pickle=True)` and `pickle.load` are read by readers that run none of
their code (`loaders`). Private files are the staff's own and are unpickled. All other
unpickling is refused.
"""

import contextlib
import hashlib
import pickle
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from runner.inside.grader import audit, code_guard, found_files, refusals, workers
from runner.inside.grader.callers import CALLERS
from runner.inside.grader.code_places import CodePlaces
from runner.inside.grader.file_origins import FileOrigins
from runner.inside.grader.given_folders import Folders, guard_joins
from runner.inside.grader.loaders import (
    REFUSED,
    Arrays,
    array_loader,
    load_pickle,
    load_pickled,
    script_loader,
    torch_loader,
)

# The classes and functions that pickled arrays and plain collections are built from.
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
# How many of the tests' own pickles are remembered, so that they can be read again.
_OWN_PICKLES: Final = 1000
# Audit events of opening a file and of listing a folder.
_OPENING: Final = frozenset(("open", "os.listdir", "os.scandir"))


def install(folders: Folders, handed_in: Collection[str], public: Path) -> None:
    """Prevent from now on that anything a student handed in runs code in this process."""
    origins = FileOrigins(folders, handed_in)
    guard_joins(folders)
    found_files.install(origins)
    torch.load = torch_loader(torch.load, origins)  # noqa: TID251 - taken away here
    torch.serialization.load = torch.load  # noqa: TID251 - same
    torch.jit.load = script_loader(torch.jit.load, origins)
    np.load = array_loader(np.load, _trusting(np.load), origins)
    _guard_pickle(origins)
    sys.addaudithook(_watcher(origins))
    places = CodePlaces(folders, public)
    CALLERS.set_own_places(places)
    code_guard.install(places)


def _trusting(load: Callable[..., Any]) -> Callable[..., Any]:
    """Return the loader with permission to unpickle arrays."""

    def loaded(file: Any, *arguments: Any, **named: Any) -> Any:
        with _trusted():
            found = load(file, *arguments, **named)
            return Arrays(found) if isinstance(found, np.lib.npyio.NpzFile) else found

    return loaded


def _guard_pickle(origins: FileOrigins) -> None:
    """Replace every entry point of Python's pickle module."""

    def load(file: Any, **named: Any) -> Any:
        if _trust.what or origins.is_staff_file(file):
            return pickle.Unpickler(file, **named).load()  # noqa: S301 - guarded below
        return load_pickle(file, origins, **named)

    dumps = pickle.dumps
    own, seals = _OwnPickles(), workers.Seals()

    def dumped(*arguments: Any, **named: Any) -> bytes:
        return own.note(dumps(*arguments, **named))

    def loads(data: Any, /, **named: Any) -> Any:
        known = data if data in own else seals.content(data)
        if known is None:
            return load_pickled(data, **named)
        with _trusted(_EVERYTHING):
            return pickle_loads(known, **named)

    machine: Any = pickle
    pickle_loads = pickle.loads
    machine.load, machine.loads, machine.dumps = load, loads, dumped
    # The second is pickle's version in Python. Other libraries derive from it.
    for name in ("Unpickler", "_Unpickler"):
        setattr(machine, name, _own_files_only(getattr(machine, name), origins))
    workers.install(seals, loads)


class _OwnPickles:
    """The pickles that the tests of this process have made, known by their hashes."""

    def __init__(self) -> None:
        self._hashes: dict[bytes, None] = {}

    def note(self, data: bytes) -> bytes:
        """Remember the pickle, and return it. Only the newest are remembered."""
        self._hashes[hashlib.sha256(data).digest()] = None
        if len(self._hashes) > _OWN_PICKLES:
            del self._hashes[next(iter(self._hashes))]
        return data

    def __contains__(self, data: object) -> bool:
        return type(data) is bytes and hashlib.sha256(data).digest() in self._hashes


def _own_files_only(base: Any, origins: FileOrigins) -> Any:
    """Return an unpickler like `base` that reads only the staff's files."""

    class Unpickler(base):
        def __init__(self, file: Any, *arguments: Any, **named: Any) -> None:
            if not (origins.is_staff_file(file) or _trust.what):
                raise refusals.not_permitted(REFUSED)
            super().__init__(file, *arguments, **named)

        def load(self) -> Any:
            with _trusted():
                return super().load()

    return Unpickler


class _Trust(threading.local):
    """What this thread may unpickle now. Other threads get no permission from it."""

    def __init__(self) -> None:
        self.what: list[str] = []


_trust: Final = _Trust()


@contextlib.contextmanager
def _trusted(what: str = _ARRAYS) -> Iterator[None]:
    """Permit the unpickling of arrays, or of everything, inside."""
    _trust.what.append(what)
    try:
        yield
    finally:
        _trust.what.pop()


def _watcher(origins: FileOrigins) -> Callable[[str, tuple[Any, ...]], None]:
    """Return an audit hook that refuses what the functions above have missed.

    It sees every name that is unpickled and every file that is opened.
    """
    checks: dict[str, Callable[..., None]] = {
        "pickle.find_class": _check_unpickled,
        "sqlite3.connect": lambda path, *_: found_files.check_database(path, origins),
        **dict.fromkeys(_OPENING, lambda path, *_: origins.folders.check(path)),
    }

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        check = checks.get(event)
        if check is not None and not audit.is_suspended():
            check(*arguments)

    return watch


def _check_unpickled(module: str, name: str) -> None:
    if not _trust.what:
        raise refusals.not_permitted(REFUSED)
    if _trust.what[-1] != _EVERYTHING and (module, name) not in _MADE_OF:
        raise refusals.not_permitted(
            f"tests do not unpickle {module}.{name}: save plain arrays, or save weights "
            "as safetensors"
        )
