"""Answers that are values which the test has given, by the snapshot's word.

A value crosses as a copy. Where a test asks whether the notebook has given it its own
object back (`f(xs) is not xs`), the snapshot tells which parts of its answers are.
"""

from collections.abc import Callable
from typing import Any, Final

from runner.inside.grader.changed_values import Place
from runner.inside.values.codec import CodecError, Decoder

# So many answers are remembered in a check, the latest ones.
_MOST: Final = 1000


class GivenBack:
    """The answers of one check that are its own values. `value_at` gives those."""

    def __init__(self, value_at: Callable[[Place], Any]) -> None:
        self._value_at = value_at
        self._places: dict[int, tuple[Any, Place]] = {}

    def forget(self) -> None:
        """Forget all, before another check."""
        self._places.clear()

    def note(self, told: object, decoder: Decoder) -> None:
        """Note the parts of an answer of which the snapshot tells. Raises CodecError."""
        for one in told if isinstance(told, list) else ():
            match one:
                case [int() as number, int() as message, int() as place]:
                    self._note(decoder, number, (message, place))
                case _:
                    raise CodecError("not a value that was given")

    def _note(self, decoder: Decoder, number: int, place: Place) -> None:
        try:
            value = decoder.part(number)
        except KeyError as error:
            raise CodecError("not a part of the answer") from error
        if len(self._places) >= _MOST:
            self._places.pop(next(iter(self._places)))
        # It is kept, so that no other value gets its id.
        self._places[id(value)] = value, place

    def are_one(self, one: Any, other: Any) -> bool:
        """Return whether both are one object in the notebook: a value of the test's."""
        left, right = self._own(one), self._own(other)
        if left is one and right is other:
            return False  # neither is such an answer
        return left is not None and left is right

    def _own(self, value: Any) -> Any:
        """Return the test's own value for which an answer stands, or the value itself.

        An answer may have been given to another call, which gives it back.
        """
        for _ in self._places:
            known = self._places.get(id(value))
            if known is None:
                break
            value = self._value_at(known[1])
        return value
