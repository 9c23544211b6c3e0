"""What the names in an assertion hold, before and after it was evaluated."""

import contextlib
import io
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from time import monotonic
from typing import Any, Final

import torch

from runner.inside.grader.changed_values import Changed, print_here
from runner.inside.grader.handle_parts import is_handle
from runner.inside.grader.reached_values import Key, Reached
from runner.inside.values.prints import (
    ATOMS,
    CONTAINERS,
    Print,
    are_same,
    parts_of,
)

_MOST_PARTS: Final = 100_000
# A loop over much evaluates its assertions a second time until so many values are met.
_MOST_IN_ALL: Final = 100_000


class AskedAgainError(BaseException):
    """Ends a second evaluation that would ask the notebook.

    A helper of the test with a bare `except` may catch it, so it is noted, too.
    """


class State:
    """The values of the names that an expression reads, before it is evaluated.

    `changes` are those of the test's values that count in it.
    """

    def __init__(self, read: Callable[[], Any], changes: Sequence[Changed]) -> None:
        self.changes = changes
        self._read = read
        self._reached: Reached | None = None
        self._prints = _prints_of(read)
        self.begun = monotonic()

    @property
    def size(self) -> int:
        """The number of values that are compared."""
        return len(self._prints or ())

    def reads(self, value: object) -> bool:
        """Return whether the expression reads the value."""
        if self._reached is None:
            self._reached = _reached(self._read)
        return self._reached.has(value)

    def is_unchanged(self) -> bool:
        """Return whether the evaluation has changed none of them."""
        now = _prints_of(self._read)
        if self._prints is None or now is None or len(now) != len(self._prints):
            return False
        return all(map(are_same, self._prints, now))


class Look:
    """What is known of one assertion, which may be evaluated many times in a loop."""

    def __init__(self) -> None:
        self._left = _MOST_IN_ALL
        self._key: object = None
        self._reached = Reached(())

    @property
    def is_over(self) -> bool:
        """Whether it has taken too much work to be evaluated a second time again."""
        return self._left < 0

    def count(self, values: int) -> None:
        """Count the values that one evaluation looks at."""
        self._left -= values

    def keys(self, read: Callable[[], Any], call: int) -> AbstractSet[Key]:
        """Return to what the expression leads, after the call of this number."""
        try:
            values = [one for one in read() if type(one) not in ATOMS]
            sizes = [len(one) if isinstance(one, CONTAINERS) else 0 for one in values]
        except (Exception, AskedAgainError):  # noqa: BLE001 - a name is not bound
            return frozenset()
        key = call, [*map(id, values)], sizes
        if key != self._key:
            self._key, self._reached = key, Reached(values)
        return self._reached.keys


def _reached(read: Callable[[], Any]) -> Reached:
    try:
        return Reached(read())
    except (Exception, AskedAgainError):  # noqa: BLE001 - a name is not bound
        return Reached(())


def texts_of(again: Callable[[], Any]) -> tuple[str, str]:
    """Return the text of the value, and what was printed meanwhile."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        text = repr(again())
    return text, printed.getvalue()


def _prints_of(read: Callable[[], Any]) -> list[Print] | None:
    """Return the prints of the values and their parts, or None if one is used up."""
    try:
        waiting = list(read())
    except (Exception, AskedAgainError):  # noqa: BLE001 - a name is not bound
        return None
    found, met = list[Print](), set[int]()
    while waiting and len(met) < _MOST_PARTS:
        value = waiting.pop()
        is_code = callable(value) and not isinstance(value, torch.nn.Module)
        if is_code or is_handle(value) or type(value) in ATOMS or id(value) in met:
            continue
        met.add(id(value))
        if hasattr(type(value), "__next__"):
            return None
        if isinstance(value, CONTAINERS):
            waiting += parts_of(value)
        elif isinstance(value, tuple):
            waiting += value
        taken = print_here(value)
        if taken is not None:
            found.append(taken)
    return found
