"""The second answer to a question about an object, in a check that compares the two.

`list(loader) == list(loader)` would hold for every loader if the grader kept the first
items. So in a check that compares two readings of one object, the grader asks again.
The test gets the first answer all the same. If the second one differs, the comparison
is refused and the check cannot pass, so an object gains nothing by contradicting itself.
`runner.protocol.second_readings` says what such a comparison is, and `close_values` when
two answers differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runner.inside.grader.answers import Ask, NotDataError, known_key
from runner.inside.grader.close_values import AnyObject, are_close
from runner.inside.grader.received_values import comparing_by_identity
from runner.inside.values.codec import CodecError, Decoder, Encoder, Node
from runner.wire.link import MAX_BYTES, MAX_HEADER


class SecondAnswerError(NotDataError):
    """Raised when an object gives something else when it is read for the second time."""


@dataclass(frozen=True)
class _Copy:
    """A copy of an answer as it came, since the test may change what it has got.

    Objects in it count as alike: an object may make them anew each time.
    """

    node: Node
    buffers: tuple[bytes, ...]

    def value(self) -> Any:
        """Return the answer, with an `AnyObject` for each object."""
        buffers = [memoryview(bytearray(one)) for one in self.buffers]
        with comparing_by_identity():
            decoder = Decoder(
                buffers, lambda _: AnyObject(), max_size=MAX_HEADER, max_bytes=MAX_BYTES
            )
            decoder.takes_missing = True
            return decoder.decode(self.node)

    def is_like(self, other: "_Copy") -> bool:
        """Return whether the other copy has the same content, or nearly so."""
        try:
            return self == other or are_close(self.value(), other.value())
        except CodecError:
            return False


class SecondAnswers:
    """The first answers of one object, by what was asked."""

    def __init__(self, label: str, asks_again: Callable[[], bool]) -> None:
        self._label = label
        self._asks_again = asks_again
        self.forget()

    def forget(self) -> None:
        """Forget the answers, since the object may have changed."""
        self._first: dict[object, _Copy | None] = {}
        self._has_differed = False

    def check(self, what: str, key: object, found: object, ask: Ask) -> None:
        """Ask again if this was asked before, and note whether the answer differs.

        `found` is the answer that the test gets, and `ask` asks the object again.
        """
        known = known_key(key)
        if known is None or not self._asks_again():
            return
        place = what, known
        if place not in self._first:
            self._first[place] = _copy_of(found)
        elif self._first[place] is not None:
            self._compare(self._first[place], ask())

    def _compare(self, first: _Copy | None, again: object) -> None:
        if first is None or self._has_differed:
            return
        other = _copy_of(again)
        self._has_differed = other is None or not first.is_like(other)

    def refuse(self) -> None:
        """Raise SecondAnswerError if a second answer has differed."""
        if not self._has_differed:
            return
        raise SecondAnswerError(
            f"{self._label} gave something else when it was read for the second time. "
            "The test keeps the first answer, since an object must not contradict "
            "itself. If it should give the same each time, the object is wrong. If not, "
            "compare what two calls give: `ds.__getitem__(0)` twice, or a function of "
            "the notebook that loops over the loader"
        )


def _copy_of(value: object) -> _Copy | None:
    """Return a copy of the value, or None if it is not compared."""
    encoder = Encoder(lambda _value, _encoder: {"k": "object"})
    encoder.sends_missing = True
    try:
        node = encoder.encode(value)
    except CodecError:
        return None
    return _Copy(node, tuple(map(bytes, encoder.buffers)))
