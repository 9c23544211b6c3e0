"""A bounded cache of rendered texts, so that no page renders a text twice."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class RenderedTexts(Generic[KeyT, ValueT]):
    """Keep results by their key, and drop the least recently used one first.

    The limit is on the sum of what `size_of` returns: long texts are kept too, and a
    thousand of them do not fill the memory.
    """

    def __init__(self, max_size: int, size_of: Callable[[KeyT, ValueT], int]) -> None:
        self._max_size = max_size
        self._size_of = size_of
        self._values: OrderedDict[KeyT, ValueT] = OrderedDict()
        self._lock = threading.Lock()
        self.size = 0

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: KeyT, make: Callable[[KeyT], ValueT]) -> ValueT:
        """Return what is kept under the key, or make it and keep it."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make(key)
        with self._lock:
            self._keep(key, value)
        return value

    def _keep(self, key: KeyT, value: ValueT) -> None:
        size = self._size_of(key, value)
        if key in self._values or size > self._max_size:
            return
        self._values[key] = value
        self.size += size
        while self.size > self._max_size:
            self.size -= self._size_of(*self._values.popitem(last=False))
