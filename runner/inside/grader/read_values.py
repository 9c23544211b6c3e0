"""Values that a test has read from objects since its last call, by the snapshot's numbers.

Each value arrives as a copy. A second copy would be another object (`m.a.weight is
m.b.weight`), and without what the test has done to the first.
"""

from typing import Any, Final, TypeVar

from runner.wire.link import Header

_MOST: Final = 64
_Value = TypeVar("_Value")


class ReadValues:
    """What attributes and items have given. It is the student's word which are one object."""

    def __init__(self) -> None:
        self._values: dict[int, Any] = {}
        self._number: object = None

    def learn(self, header: Header) -> None:
        """Note the number of the value that comes with this answer, if it has one."""
        node = header.get("ok")
        is_object = type(node) is dict and node.get("k") == "handle"
        self._number = None if is_object else header.get("number")

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
        if number not in self._values and len(self._values) >= _MOST:
            self._values.pop(next(iter(self._values)))
        known: _Value = self._values.setdefault(number, value)
        return known
