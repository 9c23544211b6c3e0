"""The text of a cell as Python, parsed within bounds.

Whoever hands in a notebook chooses its text, and it is read while others wait for a
page. SECURITY: so no text is parsed that is longer than a cell that people write, and
lines are told apart in time that grows with their length alone. CPython takes 2.5
seconds for a megabyte of numbers, and the square of the length for f-strings.
"""

import ast
from typing import Final

from runner import parsing

# The longest cell that is parsed, and what is parsed of a notebook in all.
MAX_CELL: Final = 20_000
MAX_PARSED: Final = 200_000


class TooComplexError(ValueError):
    """The text is too long, or too deep, to be parsed. It may be Python all the same."""


def parse(source: str) -> ast.Module:
    """Return the syntax tree of a cell; raise SyntaxError or TooComplexError."""
    if len(source) > MAX_CELL:
        raise TooComplexError
    try:
        return parsing.parse(source)
    except SyntaxError:
        raise
    except (ValueError, RecursionError, MemoryError) as error:
        raise TooComplexError from error


class Budget:
    """What may still be parsed of one notebook, in characters."""

    def __init__(self, characters: int = MAX_PARSED) -> None:
        self._left = characters

    def covers(self, source: str) -> bool:
        """Say whether the cell may be parsed, and if so take it off the budget."""
        if len(source) > min(MAX_CELL, self._left):
            return False
        self._left -= len(source)
        return True
