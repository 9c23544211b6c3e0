"""The latest entries of a mapping, within bounds."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Final, Generic, TypeVar

_MOST: Final = 64
_MOST_BYTES: Final = 64 * 1024**2
_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Latest(Generic[_Key, _Value]):
    """The latest 64 entries, as far as they take up 64 MiB. The last one always counts."""

    def __init__(self) -> None:
        self._entries: OrderedDict[_Key, tuple[_Value, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: _Key) -> _Value | None:
        """Return the entry, or None."""
        found = self._entries.get(key)
        return found[0] if found is not None else None

    def put(self, key: _Key, value: _Value, size: int) -> None:
        """Make this the last entry. It takes up `size` bytes."""
        self.drop(key)
        self._entries[key] = value, size
        self._bytes += size
        while len(self._entries) > 1 and (
            len(self._entries) > _MOST or self._bytes > _MOST_BYTES
        ):
            _, (_, gone) = self._entries.popitem(last=False)
            self._bytes -= gone

    def drop(self, key: _Key) -> None:
        """Remove the entry, if it is there."""
        _, size = self._entries.pop(key, (None, 0))
        self._bytes -= size

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()
        self._bytes = 0

    def __iter__(self) -> Iterator[_Value]:
        return (value for value, _ in self._entries.values())
