"""Holes: the places of objects of other classes in a value that was read."""

import collections
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from runner.inside.readers.parts import Name, Other, Pending
from runner.inside.readers.tensors import Storage
from runner.inside.readers.unreadable import NotReadError, UnreadableError

Path = tuple[Any, ...]
_DEPTH: Final = 100
_MAX_HOLES: Final = 10_000
_TABLES: Final = (
    *(dict, collections.OrderedDict, collections.Counter, collections.defaultdict),
)
_ROWS: Final = (list, tuple, collections.deque)


class Holes:
    """The holes in a value, with one path to each object of another class.

    A path is the keys and indices on the way. Raises UnreadableError for a value that
    is nested too deeply, and for something that is not a value, such as a bare storage, or
    the name of a class if `others` are not allowed.
    """

    def __init__(self, value: Any, *, others: bool) -> None:
        self.value = value
        self._others = others
        self._objects: list[Other | Name] = []
        self.paths: list[Path] = []
        self._find()

    def _find(self) -> None:
        seen: set[int] = set()
        level: list[tuple[Path, Any]] = [((), self.value)]
        for _ in range(_DEPTH):
            level = [
                (path, part)
                for path, each in level
                for path, part in self._within(path, each)
                if id(part) not in seen and not seen.add(id(part))  # type: ignore[func-returns-value]  # adds it
            ]
            if not level:
                return
        raise NotReadError(
            f"the file's values are nested more than {_DEPTH} levels deep"
        )

    def _within(self, path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
        """Yield the collections and holes in a value. Note the value if it is a hole."""
        if isinstance(value, Other | Name):
            self._note(path, value)
        elif isinstance(value, Pending | Storage):
            raise NotReadError(
                "the file holds something that is not a value, such as a bare storage"
            )
        for key, part in _parts(value):
            if isinstance(part, _LOOKED_INTO):
                yield (*path, key), part

    def _note(self, path: Path, value: Other | Name) -> None:
        if not self._others:
            raise UnreadableError(
                f"the file holds the class or function {value.path} as a value"
            )
        if len(self.paths) == _MAX_HOLES:
            raise NotReadError(
                f"the file holds more than {_MAX_HOLES:,} objects of other classes"
            )
        self._objects.append(value)
        self.paths.append(path)

    def filled(self, objects: Sequence[Any]) -> Any:
        """Return the value with these objects in the holes, in the order of the paths."""
        return _Filling(dict(zip(map(id, self._objects), objects, strict=True))).of(
            self.value
        )


class _Filling:
    """The replacement of holes by objects, done once for each collection."""

    def __init__(self, objects: dict[int, Any]) -> None:
        self._done = objects

    def of(self, value: Any) -> Any:
        if not isinstance(value, _LOOKED_INTO):
            return value
        if id(value) in self._done:
            return self._done[id(value)]
        self._done[id(value)] = value
        if type(value) is tuple:
            items = tuple(map(self.of, value))
            changed = any(new is not old for new, old in zip(items, value, strict=True))
            self._done[id(value)] = items if changed else value
        else:
            for key, part in list(_parts(value)):
                new = self.of(part)
                if new is not part:
                    target: Any = value
                    target[_place(value, key)] = new
        return self._done[id(value)]


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    if type(value) in _TABLES:
        yield from value.items()
        metadata = getattr(value, "_metadata", None)
        if metadata is not None:
            # No hole may be there, since no path leads to it.
            _check_plain(metadata)
    elif type(value) in _ROWS:
        yield from enumerate(value)
    elif type(value) is np.ndarray and value.dtype.hasobject:
        yield from enumerate(value.reshape(-1))


def _check_plain(metadata: Any) -> None:
    if Holes(metadata, others=True).paths:
        raise NotReadError("the metadata of a state dict hold more than plain data")


def _place(value: Any, key: Any) -> Any:
    return np.unravel_index(key, value.shape) if type(value) is np.ndarray else key


_LOOKED_INTO: Final = (*_TABLES, *_ROWS, np.ndarray, Other, Name, Pending, Storage)
