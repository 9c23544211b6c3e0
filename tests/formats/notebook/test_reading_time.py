"""Notebooks are read in a bounded time.

All code that reads a notebook, at an upload or for a job, takes time that grows no
faster than the notebook, whatever its cells hold.
"""

import gc
import json
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from formats.assignment import (
    check_cells,
    definitions_of,
    foreign_key,
    locked_cells,
    make_handout,
    mark_cells,
    rebound_in_cells,
    related_in_cells,
    source_of,
)
from formats.assignment.definitions import _parsed_bindings
from formats.assignment.foreign_cells import is_about_otter
from formats.assignment.related_names import _read
from formats.importing.source_notebooks import headings, names_of_cells
from formats.notebook.assignment_context import AssignmentContext
from formats.notebook.cell_syntax import MAX_CELL
from formats.notebook.normalise import readable_notebook
from formats.notebook.notebook_checks import check_notebook
from formats.notebook.opened_files import find_missing_files
from formats.notebook.repeated_checks import find_repeated_checks
from tests.busy_machine import SLOW

# A notebook twice as long takes twice the time, and a margin.
MOST: Final = 2.5
# Times too short to compare: they depend on the clock and the garbage collector.
SHORT_SECONDS: Final = 0.15
SMALL: Final = 200_000
MB: Final = 1024**2
MAX_NOTEBOOK: Final = 20 * MB
SECONDS: Final = 3.0

pytestmark = pytest.mark.long

Build = Callable[[int], str]
SHAPES: Final[dict[str, Build]] = {
    "blanks": lambda n: "x=1\n" + " " * n + "#",
    "blanks and names": lambda n: " " * (n // 2) + "a " * (n // 4) + "#",
    "blank lines": lambda n: "\n" * n,
    "questions": lambda n: "? " * (n // 2) + "#",
    "f-string": lambda n: "f'" + "{a}" * (n // 3) + "'",
    "f-strings": lambda n: "f'{a}'\n" * (n // 7),
    "open brackets": lambda n: "(" * n,
    "brackets": lambda n: "[" * (n // 2) + "]" * (n // 2),
    "literals": lambda n: "grader.check('a')\nx=[" + "0," * (n // 2) + "]",
    "a check and blanks": lambda n: "grader.check('a'," + " " * n,
    "checks": lambda n: "grader.check('a')\n" * (n // 18),
    "a long name": lambda n: "a" * n,
    "names": lambda n: "a " * (n // 2),
    "commas": lambda n: "a," * (n // 2),
    "assignments": lambda n: "a = b\n" * (n // 6),
    "annotations": lambda n: "a:" * (n // 2),
    "classes": lambda n: "class " * (n // 6),
    "magics": lambda n: "%time x\n" * (n // 8),
    "hashes": lambda n: "#" * n,
    "heading": lambda n: "# a" + " " * n + "(" + " " * n,
    "regions": lambda n: "# BEGIN " * (n // 8) + "\n# END x",
    "opens": lambda n: "open('a.csv')\n" * (n // 14),
    "calls": lambda n: "def f():\n open('a')\n" + "f()\n" * (n // 4),
    "functions": lambda n: "def f(): f(); open('a.csv')\n" * (n // 28) + "f()",
    "functions that call": lambda n: "".join(
        f"def f{k}(x): f{k + 1}(x); f{k}(x)\n" for k in range(n // 34)
    ),
    "views": lambda n: "".join(
        f"a{k} = b.view(1)\nb.f(a{k})\n" for k in range(n // 29)
    ),
    "names for one": lambda n: ", ".join(f"a{k}" for k in range(n // 8)) + " = b.c",
    "branches": lambda n: "if x: open('a')\nelse: open('a','w')\n" * (n // 36),
    "sums": lambda n: "x = " + "a+" * (n // 2) + "a",
    "texts": lambda n: "x = " + "'a' " * (n // 4),
    "text of lines": lambda n: "'''" + "\n" * n + "'''",
    "classes within classes": lambda n: (
        "".join(" " * depth + f"class C{depth}:\n" for depth in range(95))
        + " " * 95
        + "a = b = c = " * (min(n, MAX_CELL) // 16)
        + "1\n" * (n // MAX_CELL + 1)
    ),
    "class makers": lambda n: (
        "x = " + "namedtuple(" * 90 + f"'{'a ' * (min(n, 17_000) // 2)}'" + ")" * 90
    ),
    "not ASCII": lambda n: "é" * (n // 2),
}


def cells_of(source: str, size: int) -> list[dict[str, Any]]:
    """Return code cells with this text: one cell, and as many as are just parsed."""
    piece = source[: MAX_CELL - 1]
    pieces = [source, *[piece] * min(1_000, size // MAX_CELL), source.strip()[:900]]
    return [
        {"cell_type": "code", "metadata": {}, "source": one, "outputs": []}
        for one in pieces
    ]


CONTEXT: Final = AssignmentContext(keys=("a",))


def read_upload(cells: list[dict[str, Any]]) -> None:
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    data = json.dumps(document, ensure_ascii=False).encode()
    check_notebook(data, name="w")
    find_repeated_checks(data, name="w", context=CONTEXT)
    find_missing_files(data, name="w", present={"b.csv"}, context=CONTEXT)


def read_for_job(cells: list[dict[str, Any]]) -> None:
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    notebook = json.loads(readable_notebook(json.dumps(document).encode()))
    mark_cells(notebook, {"a"}, locked_cells(notebook))


def read_staffs(cells: list[dict[str, Any]]) -> None:
    notebook = make_handout({"cells": cells})
    _parsed_bindings.cache_clear()
    definitions_of(notebook)
    list(rebound_in_cells(map(source_of, cells)))
    _read.cache_clear()
    list(related_in_cells([source_of(cell) for cell in cells]))
    check_cells(notebook)
    [(foreign_key(cell), is_about_otter(cell["source"])) for cell in cells[:9]]


READERS: Final = {"upload": read_upload, "job": read_for_job, "staff": read_staffs}


CASES: Final = pytest.mark.parametrize(
    ("reader", "shape"), [(reader, shape) for reader in READERS for shape in SHAPES]
)


def seconds(reader: str, shape: str, size: int) -> float:
    """Return the time to read about so many bytes: half in one cell, half in many."""
    half = cells_of(SHAPES[shape](size // 2), size // 2)
    # Keep the garbage collector from walking through objects of earlier tests.
    gc.freeze()
    started = time.process_time()
    try:
        READERS[reader](half)
        return time.process_time() - started
    finally:
        gc.unfreeze()


@CASES
def test_twice_as_long_a_notebook_takes_twice_the_time(reader: str, shape: str) -> None:
    # One measurement of a busy machine says little: a quadratic reader fails them all.
    for _ in range(5):
        once, twice = (seconds(reader, shape, n * SMALL) for n in (1, 2))
        if twice < max(SHORT_SECONDS, MOST * once):
            return
    pytest.fail(f"{twice:.2f} s for what takes {once:.2f} s at half the length")


def _processor_seconds(reader: str, cells: list[dict[str, Any]]) -> float:
    started = time.process_time()
    READERS[reader](cells)
    return time.process_time() - started


@CASES
def test_the_longest_parsed_cells_are_read_in_time(reader: str, shape: str) -> None:
    text = SHAPES[shape](MAX_CELL)
    text = text[: MAX_CELL - 60] + text[-50:]
    cells = [cells_of(f"{text}{number}", 0)[0] for number in range(10)]
    # One measurement of a busy machine says little: a slow reader fails all three.
    most = SECONDS * SLOW
    assert any(_processor_seconds(reader, cells) < most for _ in range(3))


@CASES
def test_the_longest_notebook_is_read_in_time(reader: str, shape: str) -> None:
    # As above: a slow reader fails all three.
    most = SECONDS * SLOW
    assert any(seconds(reader, shape, MAX_NOTEBOOK) < most for _ in range(3))


@pytest.mark.parametrize("text", ["# " + "a  " * 9_000, "# a" + " (" * 20_000])
def test_a_heading_is_read_in_linear_time(text: str) -> None:
    started = time.process_time()
    headings({"cells": [{"cell_type": "markdown", "source": text}]})
    names_of_cells(
        [{"cell_type": "code", "source": " " * 20_000 + "#", "metadata": {}}]
    )
    assert time.process_time() - started < SHORT_SECONDS


def test_a_cell_longer_than_people_write_is_not_parsed() -> None:
    source = "a, b = 1, 2\nopen('x.csv')\n"
    long = source + "#" * MAX_CELL
    assert definitions_of({"cells": cells_of(source, 0)[:1]}).names == {"a", "b"}
    assert definitions_of({"cells": cells_of(long, 0)[:1]}).names == set()
