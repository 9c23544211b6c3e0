"""Limit the cost of reading a notebook's code, counted in steps.

SECURITY: anybody who hands in a notebook chooses its code, and it is read while others
wait for a page. So every step is counted, whatever is walked: nodes, names, arguments
and the characters of a path. No loop over code counts as a single step.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

# All steps, and those inside functions, which are followed again at each call.
MAX_STEPS: Final = 200_000
MAX_FOLLOWED: Final = 40_000
# This many characters are compared or copied in one step.
_CHARACTERS: Final = 32

Each = TypeVar("Each")


class NoStepsLeftError(Exception):
    """No steps are left, so the findings so far are incomplete."""


class Steps:
    """The steps that are left for one notebook."""

    def __init__(self) -> None:
        self._left = MAX_STEPS
        self._followed = MAX_FOLLOWED
        self._is_within = False

    def spend(self, count: int = 1) -> None:
        """Subtract steps from those that are left. Raises NoStepsLeftError without any."""
        self._left -= count
        if self._is_within:
            self._followed -= count
        if self._left < 0 or (self._is_within and self._followed < 0):
            raise NoStepsLeftError

    @contextmanager
    def within(self) -> Iterator[None]:
        """Count the steps inside as steps of a function."""
        self._is_within = True
        try:
            yield
        finally:
            self._is_within = False

    def each(self, nodes: Iterable[Each]) -> Iterator[Each]:
        """Yield each node, and spend a step on it."""
        for node in nodes:
            self.spend()
            yield node

    def read(self, text: str) -> str:
        """Return the text, and spend the steps that its length costs."""
        self.spend(len(text) // _CHARACTERS)
        return text
