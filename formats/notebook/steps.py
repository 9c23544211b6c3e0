"""What the reading of a notebook's code may cost, counted in steps.

SECURITY: whoever hands in a notebook chooses its code, and it is read while others wait
for a page. So every step is counted, whatever is walked: nodes, names, arguments and
the characters of a path. No work is a loop over code that counts as one.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

# Steps in all, and those within functions, which are followed at each call.
MAX_STEPS: Final = 200_000
MAX_FOLLOWED: Final = 40_000
# As many characters are compared or copied in a step.
_CHARACTERS: Final = 32

Each = TypeVar("Each")


class SpentError(Exception):
    """There are no steps left: what was found so far is not everything."""


class Steps:
    """The steps that are left for one notebook."""

    def __init__(self) -> None:
        self._left = MAX_STEPS
        self._followed = MAX_FOLLOWED
        self._is_within = False

    def spend(self, count: int = 1) -> None:
        """Take steps off what is left. Raises SpentError if there are none."""
        self._left -= count
        if self._is_within:
            self._followed -= count
        if self._left < 0 or (self._is_within and self._followed < 0):
            raise SpentError

    @contextmanager
    def within(self) -> Iterator[None]:
        """The code of a function is followed meanwhile."""
        self._is_within = True
        try:
            yield
        finally:
            self._is_within = False

    def each(self, nodes: Iterable[Each]) -> Iterator[Each]:
        """Yield what is walked, and spend a step on each."""
        for node in nodes:
            self.spend()
            yield node

    def read(self, text: str) -> str:
        """Return the text, and spend what its length costs."""
        self.spend(len(text) // _CHARACTERS)
        return text
