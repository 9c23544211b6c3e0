"""Warn of files that a notebook opens but that will not be there when it runs.

This is an estimate, for warnings only: names that the notebook builds while it runs are
not known here.
"""

import difflib
import posixpath
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from formats.findings import (
    Name,
)
from formats.notebook.assignment_context import (
    NO_CONTEXT,
    AssignmentContext,
    NumberedCell,
)
from formats.notebook.cell_syntax import Budget, TooComplexError, parse
from formats.notebook.code_follower import CodeFollower
from formats.notebook.file_accesses import Accesses, BranchSide
from formats.notebook.file_calls import NETWORK, comparable_path
from formats.notebook.ipython_syntax import plain_python, split_cell_magic
from formats.notebook.normalise import NotebookFaultError, cleaned, read_notebook
from formats.problems import Problem
from formats.submission_words import problem, shown

MAX_WARNED: Final = 10
# A run has a stand-in for Otter where it is not installed.
ALWAYS_THERE: Final = frozenset({"otter"})
WRITE_MAGICS: Final = frozenset({"writefile", "file"})
# A path on somebody's own machine.
ABSOLUTE: Final = re.compile(r"[/~]|[A-Za-z]:/")
SYSTEM: Final = re.compile(r"/(tmp|dev|proc|sys)(/|$)")


def find_missing_files(
    data: bytes,
    *,
    name: Name,
    present: Collection[str],
    wanted: Collection[str] = (),
    context: AssignmentContext = NO_CONTEXT,
) -> tuple[Problem, ...]:
    """Return warnings of files that the notebook opens and that will not be there.

    `present` are the names beside the notebook when it runs. `wanted` are the names
    that the assignment requires. Cells that are not run are not read, nor are cells
    that are longer than people write. A cell that is not Python gives a warning, too.
    Never raises: a notebook that cannot be read has no warnings.
    """
    reading = read_code(data, name=name, context=context)
    return reading.warnings(present, wanted)


class CodeReading:
    """The result of reading a notebook's code."""

    def __init__(
        self, cells: Sequence[NumberedCell], faults: Sequence[Problem], found: Accesses
    ) -> None:
        self.accesses = found
        self._cells = cells
        self._faults = faults

    @property
    def code(self) -> str:
        """The code of the cells that are run."""
        return "\n".join(each.cell.source for each in self._cells if each.number)

    def warnings(
        self, present: Collection[str], wanted: Collection[str]
    ) -> tuple[Problem, ...]:
        """Return a warning for each fault, and for each file that will not be there."""
        found = chain(self._faults, self._missing(present, wanted))
        return tuple(islice(found, MAX_WARNED))

    def missing_packages(
        self, installed: Collection[str], present: Collection[str]
    ) -> tuple[Problem, ...]:
        """Return a warning for each imported package that is not `installed`.

        `present` are the names beside the notebook, including modules.
        """
        if "sys.path" in self.code:
            return ()  # the search path is unknown
        files = (*present, *self.accesses.writes)
        own = {name.partition("/")[0].removesuffix(".py") for name in files}
        there = {*installed, *own, *ALWAYS_THERE}
        found: dict[str, Problem] = {}
        for each in self.accesses.imports:
            is_given = all(self._cells[place].is_given for place in each.cells)
            # Python's own modules that begin with “_” are in no list.
            is_known = each.package in there or each.package.startswith("_")
            if not is_known and not is_given:
                where = self._cells[each.cell].where
                warning = problem("imports_missing", where=where, package=each.package)
                found.setdefault(each.package, warning)
        return tuple(found.values())[:MAX_WARNED]

    def _missing(
        self, present: Collection[str], wanted: Collection[str]
    ) -> Iterator[Problem]:
        told: set[str] = set()
        looked_for: set[tuple[str, int, BranchSide | None]] = set()
        for read in self.accesses.reads if self.accesses.is_complete else ():
            path, place = read.path, (read.path, read.time, read.arm)
            if path in told or path in present or SYSTEM.match(path):
                continue
            if place in looked_for:
                continue
            looked_for.add(place)
            if self.accesses.missing(read):
                told.add(path)
                is_given = all(self._cells[each].is_given for each in read.cells)
                # A missing file that the assignment requires is the student's to hand
                # in, whichever code opens it.
                if not is_given or path in wanted:
                    where = self._cells[read.cell].where
                    yield _warning(path, where, present, wanted)


def read_code(data: bytes, *, name: Name, context: AssignmentContext) -> CodeReading:
    """Return the reading of a notebook's code, empty if the notebook is unreadable."""
    try:
        cells = context.numbered(read_notebook(data, name=name))
    except NotebookFaultError:
        cells = []
    follower, budget = CodeFollower(context.parameters), Budget()
    faults: list[Problem] = []
    for place, each in enumerate(cells):
        if each.number and budget.covers(each.cell.source):
            faults += _read_cell(each, place, name, follower)
    return CodeReading(cells, faults, follower.finish())


def _read_cell(
    each: NumberedCell, place: int, name: Name, follower: CodeFollower
) -> Iterator[Problem]:
    """Follow the code of a cell, and yield a warning if it is not Python."""
    code, written, is_changed = _python(cleaned(each.cell.source))
    if written:
        follower.note_written(written, place)
    try:
        follower.follow(parse(code), place)
    except SyntaxError as error:
        if not is_changed and not each.is_given:
            yield problem(
                "cell_syntax",
                file=name,
                where=each.where,
                cell_line=error.lineno or 1,
                version=f"{sys.version_info.major}.{sys.version_info.minor}",
                quote=shown((error.text or "").strip()),
            )
    except (TooComplexError, RecursionError):
        return  # too deep for the parser, but it may still run


def _python(source: str) -> tuple[str, str, bool]:
    """Return the cell as plain Python, the file its magic writes, and if it changed."""
    name, arguments, _ = split_cell_magic(source)
    if name in WRITE_MAGICS:
        return "", comparable_path(arguments.split(" ")[-1]), True
    plain = plain_python(source)
    return plain, "", plain != source


def _warning(
    path: str, where: str, present: Collection[str], wanted: Collection[str]
) -> Problem:
    name, other = posixpath.basename(path), ""
    if NETWORK.match(path):
        code = "opens_network"
    elif name in present:
        code, other = "opens_elsewhere", name
    elif ABSOLUTE.match(path):
        code = "opens_absolute"
    elif name in wanted:
        code = "opens_wanted"
    else:
        other = "".join(difflib.get_close_matches(name, present, n=1))
        code = "opens_other_name" if other else "opens_missing"
    return problem(code, where=where, path=shown(path), other=other)
