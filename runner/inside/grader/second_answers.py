"""The second answer to a question about an object, in a check that compares the two.

`list(loader) == list(loader)` would hold for every loader if the grader kept the first
items. So in a check that compares two readings of one object, the grader asks again.
The test gets the first answer all the same. If the second one differs, the comparison
is refused and the check cannot pass, so an object gains nothing by contradicting itself.
`runner.protocol.second_readings` says what such a comparison is.
"""

import hashlib
import json
from collections.abc import Callable

from runner.inside.grader.answers import Ask, NotDataError, known_key
from runner.inside.values.codec import CodecError, Encoder, Node


class SecondAnswerError(NotDataError):
    """Raised when an object gives something else when it is read for the second time."""


class SecondAnswers:
    """The first answers of one object, by what was asked, as hashes."""

    def __init__(self, label: str, asks_again: Callable[[], bool]) -> None:
        self._label = label
        self._asks_again = asks_again
        self._first: dict[object, bytes | None] = {}
        self._has_differed = False

    def check(self, what: str, key: object, found: object, ask: Ask) -> None:
        """Ask again if this was asked before, and note whether the answer differs.

        `found` is the answer that the test gets, and `ask` asks the object again.
        """
        if not self._asks_again():
            return
        known = known_key(key)
        if known is None:
            return
        place = what, known
        if place not in self._first:
            self._first[place] = _digest(found)
            return
        first = self._first[place]
        self._has_differed |= first is not None and _digest(ask()) != first

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

    def forget(self) -> None:
        """Forget the answers, since the object may have changed."""
        self._first.clear()
        self._has_differed = False


def _digest(value: object) -> bytes | None:
    """Return a hash of the value, or None if it is not compared.

    Objects in it count as alike: an object may make new ones each time.
    """
    encoder = Encoder(_refer)
    encoder.sends_missing = True
    try:
        node = encoder.encode(value)
    except CodecError:
        return None
    found = hashlib.blake2b(json.dumps(node).encode(), digest_size=16)
    for buffer in encoder.buffers:
        found.update(buffer)
    return found.digest()


def _refer(_value: object, _encoder: Encoder) -> Node:
    return {"k": "object"}
