"""What the names in an assertion hold, before and after it was evaluated."""

from collections.abc import Callable
from typing import Any, Final

import torch

from runner.inside.grader.handle_parts import is_handle
from runner.inside.values.prints import (
    ATOMS,
    CONTAINERS,
    Print,
    are_same,
    parts_of,
    print_of,
)

_MOST_PARTS: Final = 100_000


class AskedAgainError(BaseException):
    """Ends a second evaluation that would ask the notebook.

    A helper of the test with a bare `except` may catch it, so it is noted, too.
    """


class State:
    """The values of the names that an expression reads, before it is evaluated.

    `is_own` says that it reads no answer of the notebook's code.
    """

    def __init__(self, read: Callable[[], Any], *, is_own: bool) -> None:
        self.is_own = is_own
        self._read = read
        self._prints = _prints_of(read)

    def is_unchanged(self) -> bool:
        """Return whether the evaluation has changed none of them."""
        now = _prints_of(self._read)
        if self._prints is None or now is None or len(now) != len(self._prints):
            return False
        return all(map(are_same, self._prints, now))


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
        taken = print_of(value)
        if taken is not None:
            found.append(taken)
    return found
