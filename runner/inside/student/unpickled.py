"""The pickles of one message of the grader's, which share their objects."""

import io
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

from runner.inside.values.nodes import CodecError
from runner.inside.values.numbered_parts import numbered_part
from runner.wire.link import Buffer


class _Feed:
    """A file with replaceable content: the next pickle to read."""

    def __init__(self) -> None:
        self._content = io.BytesIO()

    def fill(self, data: Buffer) -> None:
        """Set the content."""
        self._content = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._content.read(size)

    def readline(self) -> bytes:
        return self._content.readline()


class Unpickled(pickle.Unpickler):
    """An unpickler for a message's pickles, in the order in which they were written.

    They come from the grader, which made them from library classes alone. `part`
    returns a part of the message that was sent as data, and `keep` is told of the
    tensors and arrays inside that have a number.
    """

    def __init__(
        self, part: Callable[[int], Any], keep: Callable[[int, Any], None]
    ) -> None:
        self._feed = _Feed()
        super().__init__(self._feed)
        self._part = part
        self._keep = keep

    def persistent_load(self, number: Any) -> Any:
        """Return the part of the message with this number."""
        return self._part(number)

    def find_class(self, module: str, name: str) -> Any:
        """Return a class or function of a library. Raises CodecError for the notebook's
        own.
        """
        if module == "__main__":
            raise CodecError("a class or function of the notebook")
        found = super().find_class(module, name)
        return partial(_kept, self._keep) if found is numbered_part else found

    def load_next(self, data: Buffer) -> object:
        """Return the object that this pickle holds."""
        self._feed.fill(data)
        return self.load()


def _kept(keep: Callable[[int, Any], None], number: int, *made: Any) -> Any:
    value = numbered_part(number, *made)
    keep(number, value)
    return value
