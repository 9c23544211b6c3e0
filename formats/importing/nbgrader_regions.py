"""Handle nbgrader's regions, which lines with a mark begin and end."""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from formats.assignment.hidden_marks import looks_hidden
from formats.assignment.notebook_cells import Notebook, make_handout
from formats.problems import ProblemList

_KINDS: Final = ("SOLUTION", "MARK SCHEME")


@dataclass(frozen=True, kw_only=True)
class RegionCut:
    """A text without the regions of one kind, and the same text without their marks."""

    without: str
    whole: str
    was_there: bool


def drop_region(
    text: str, kind: str, *, file: str, cell: int, faults: ProblemList
) -> RegionCut:
    """Return a cell's text without the regions of one kind, and note unpaired marks."""
    outside, whole = [], []
    opened = 0
    for number, line in enumerate(text.split("\n"), 1):
        is_begin, is_end = f"BEGIN {kind}" in line, f"END {kind}" in line
        if (is_begin and opened) or (is_end and not opened):
            word = "Another BEGIN" if is_begin else "An END without a BEGIN"
            faults.add(f"{word} {kind} is here.", file=file, cell=cell, line=number)
        if is_begin or is_end:
            opened = number if is_begin else 0
            continue
        whole.append(line)
        if not opened:
            outside.append(line)
    if opened:
        faults.add(
            f"This BEGIN {kind} has no END {kind}.", file=file, cell=cell, line=opened
        )
    return RegionCut(
        without="\n".join(outside).strip("\n") if "".join(outside).strip() else "",
        whole="\n".join(whole),
        was_there=len(whole) != len(outside),
    )


def mark_regions(
    cell: dict[str, Any], number: int, file: str, faults: ProblemList
) -> None:
    """Rewrite the marks of a cell's regions in our form, and refuse hidden tests."""
    is_code = cell["cell_type"] == "code"
    lines = []
    for line, text in enumerate(cell["source"].split("\n"), 1):
        if "BEGIN HIDDEN TESTS" in text or "END HIDDEN TESTS" in text:
            faults.add(
                "Hidden tests are in a cell that is not a test cell.",
                file=file,
                cell=number,
                line=line,
                hint="Mark the cell as “Autograder tests”, or remove them.",
            )
        lines.append(_marked(text, is_code=is_code))
    cell["source"] = "\n".join(lines)


def solution_lines(text: str) -> frozenset[int]:
    """Return the numbers of the lines that are left out of the hand-out."""
    found: set[int] = set()
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        inside = inside or "BEGIN SOLUTION" in line
        if inside:
            found.add(number)
        inside = inside and "END SOLUTION" not in line
    return frozenset(found)


def _marked(line: str, *, is_code: bool) -> str:
    for kind in _KINDS:
        found = re.search(rf"(BEGIN|END) {kind}", line)
        if found:
            indent = line[: len(line) - len(line.lstrip())]
            mark = f"{found[1]} {kind}"
            return f"{indent}### {mark}" if is_code else f"{indent}<!-- {mark} -->"
    return line


def false_marks(text: str) -> Iterator[int]:
    """Yield the lines of a test cell that seem to mark hidden tests but do not.

    A comment of only these words marks the code below it, if there is any.
    """
    lines = text.split("\n")
    shown: list[tuple[int, str]] = []
    inside = False
    for number, line in enumerate(lines, 1):
        if "BEGIN HIDDEN TESTS" in line or "END HIDDEN TESTS" in line:
            inside = "BEGIN" in line
        elif not inside:
            shown.append((number, line))
    below = 0
    for number, line in shown:
        if line.strip() and not line.lstrip().startswith("#"):
            below = number
    for number, line in shown:
        if looks_hidden(line) or (number < below and looks_hidden(line, alone=True)):
            yield number


def is_answer(cell: dict[str, Any]) -> bool:
    marks = cell["metadata"].get("nbgrader")
    return isinstance(marks, dict) and marks.get("solution") is True


def handed_out(staff: Notebook) -> Notebook:
    """Return the notebook as students read it, for its headings."""
    notebook = copy.deepcopy(staff)
    for number, cell in enumerate(notebook["cells"], 1):
        if is_answer(cell):
            wrap_solution(cell)
        # Faults of regions are noted where the cells are converted.
        mark_regions(cell, number, "", ProblemList())
    return make_handout(notebook)


def wrap_solution(cell: dict[str, Any]) -> None:
    """Mark the whole cell as a solution if it has no region, as nbgrader does.

    A mark scheme in it is a part of the solution then, and loses its own marks.
    """
    text = cell["source"]
    if "BEGIN SOLUTION" in text:
        return
    schemes = ("BEGIN MARK SCHEME", "END MARK SCHEME")
    text = "\n".join(
        line for line in text.split("\n") if not any(mark in line for mark in schemes)
    )
    begin, end = "### BEGIN SOLUTION", "### END SOLUTION"
    if cell["cell_type"] == "markdown":
        begin, end = "<!-- BEGIN SOLUTION -->", "<!-- END SOLUTION -->"
    magic, rest = "", text
    if cell["cell_type"] == "code" and text.lstrip().startswith("%%"):
        # A cell magic works only in the first line.
        magic, _, rest = text.lstrip().partition("\n")
        magic += "\n"
    cell["source"] = f"{magic}{begin}\n{rest}\n{end}"
