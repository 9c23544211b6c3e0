"""The lines of cells that a traceback names, and a line of code that is marked."""

import re
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from django.utils.safestring import SafeString, mark_safe

# The most lines of one traceback that are read from it.
MAX_LINES: Final = 100
# How IPython begins the part of a traceback that stands in a cell. SECURITY: the blanks
# are of one line, so that no text of many empty lines is read again for each of them.
_PLACE: Final = re.compile(r"^ *Cell In\[(\d{1,5})\], line (\d{1,6})\b", re.MULTILINE)


class CellLine(NamedTuple):
    """A line of a cell, counted from 1. Empty lines at the cell's top do not count."""

    number: int
    line: int


def cell_lines(traceback: str) -> Sequence[CellLine]:
    """Return the lines of cells that a traceback names, the deepest of the error last.

    The code of a notebook chooses what its tracebacks say, so these lines are only a
    hint.
    """
    found = _PLACE.findall(traceback)[-MAX_LINES:]
    return tuple(CellLine(int(number), int(line)) for number, line in found)


def with_marked_lines(html: SafeString, lines: Collection[int]) -> SafeString:
    """Return highlighted code with these lines marked, counted from 1.

    No tag of highlighted code goes on over the end of a line.
    """
    if not lines:
        return html
    marked = [
        f'<mark class="cell__line">{line}</mark>' if number in lines else line
        for number, line in enumerate(html.split("\n"), 1)
    ]
    return mark_safe("\n".join(marked))  # noqa: S308  the lines are safe HTML
