"""Values that a test has read from objects since its last call, by the snapshot's numbers.

Each value arrives as a copy. A second copy would be another object (`m.a.weight is
m.b.weight`), and without what the test has done to the first.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from runner.inside.values.latest import Latest
from runner.wire.link import Buffer, Header

_Value = TypeVar("_Value")


class ReadValues:
    """What attributes and items have given. It is the student's word which are one object."""

    def __init__(self) -> None:
        self._values: Latest[int, tuple[Any]] = Latest()
        self._number: object = None
        self._bytes = 0

    def learn(self, header: Header, buffers: Sequence[Buffer]) -> None:
        """Note the number of the value that comes with this answer, if it has one."""
        node = header.get("ok")
        is_object = type(node) is dict and node.get("k") == "handle"
        self._number = None if is_object else header.get("number")
        self._bytes = sum(buffer.nbytes for buffer in buffers)

    def forget(self) -> None:
        """Forget the values: the student's code was called, and may have changed them."""
        self._values.clear()

    def as_before(self, value: _Value) -> _Value:
        """Return the object that an earlier reading gave, if this is it, unchanged.

        Call it with the value that has just been read.
        """
        number, self._number = self._number, None
        if type(number) is not int:
            return value
        known: tuple[_Value] = self._values.get(number) or (value,)
        self._values.put(number, known, self._bytes)
        return known[0]
