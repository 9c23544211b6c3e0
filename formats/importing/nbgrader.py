"""Convert an nbgrader assignment: the source notebook and the data beside it."""

import ast
import copy
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from formats.archives import Source
from formats.assignment import Check, Question, Visibility
from formats.assignment.answer_cells import mark_answer
from formats.assignment.notebook_cells import make_handout, source_of
from formats.assignment.section_tests import (
    is_without_code,
    section_text,
    validate_script,
)
from formats.importing.draft import Draft, ImportOptions, exact_points
from formats.importing.imported_packages import imports_in_notebook
from formats.importing.mark_schemes import note_on_rubric
from formats.importing.nbgrader_cells import MarkedCell, manual_question
from formats.importing.nbgrader_config import use_configuration
from formats.importing.nbgrader_helpers import CodeCell, flag_names, standalone_tests
from formats.importing.nbgrader_regions import (
    drop_region,
    false_marks,
    handed_out,
    is_answer,
    mark_regions,
    solution_lines,
    wrap_solution,
)
from formats.importing.notes import NotebookNames, add_findings, find_all, names_of
from formats.importing.plain_words import plain_words
from formats.importing.points import result_as_share
from formats.importing.public_files import add_public_files
from formats.importing.public_names import add_public_imports
from formats.importing.source_notebooks import (
    add_handout_imports,
    bound_names,
    headings,
    open_notebook,
    title_of,
)
from formats.importing.staff_names import StaffNames, note_staff_names
from formats.importing.statements import Author, AuthoredCell
from formats.problems import Problem, ProblemList
from runner.protocol.jobs import TestStyle
from runner.protocol.notebook import CellName, name_cells

CHECK: Final = "tests"
_FLAGS: Final = ("grade", "solution", "locked", "task")
_OLDEST, _NEWEST = 1, 3
_STEPS: Final = ("release", "submitted", "autograded", "feedback")


def convert(source: Source, options: ImportOptions) -> Draft:
    """Return the draft of an assignment. Its faults list the source's problems."""
    faults = ProblemList()
    path = _source_notebook(source, faults)
    notebook = open_notebook(source, path, faults, _names)
    draft = Draft(
        title=title_of(path if path.parent.name in ("", "source") else path.parent),
        notebook_name=path.name,
        staff=notebook,
        handout=notebook,
        faults=faults,
    )
    use_configuration(draft, source)
    # Tests that Otter left in the notebook are not part of this assignment.
    for each in (notebook, *notebook["cells"]):
        each["metadata"].pop("otter", None)
    names = _names(notebook["cells"])
    draft.imported += imports_in_notebook(notebook, path.as_posix(), names)
    required = {file.name for file in options.required_files}
    # The tests are checked with the names of all files beside the notebook. Which of
    # these students get depends on the hand-out, so it is decided after that is made.
    beside = source.under(path.parent)
    draft.public = {each.name: source.root / each for each in beside}
    _Cells(draft, path.as_posix(), options).convert()
    draft.handout = make_handout(draft.staff)
    draft.public = {}
    tests = "\n".join(draft.tests.values())
    add_public_files(draft, source, path.parent, tests=tests, required=required)
    add_handout_imports(draft)
    add_public_imports(draft)
    return draft


def _names(cells: list[dict[str, Any]]) -> list[CellName]:
    """Return the names of the cells, with a stub in each empty answer, as in a run."""
    stub = {"source": "..."}
    run = [
        cell | stub if is_answer(cell) and not source_of(cell).strip() else cell
        for cell in cells
    ]
    return name_cells(run)


def _source_notebook(source: Source, faults: ProblemList) -> Path:
    """Return the notebook to import: in nbgrader's layout, the one below source/."""
    found = [path for path in source.files if path.suffix == ".ipynb"]
    below = [path for path in found if "source" in path.parts[:-1]]
    kept = below or [p for p in found if not set(p.parts[:-1]) & set(_STEPS)] or found
    # nbgrader puts these around each assignment. They hold no question.
    kept = [p for p in kept if p.stem not in ("header", "footer")] or kept
    if len(kept) == 1:
        return kept[0]
    if kept:
        names = ", ".join(path.as_posix() for path in kept[:8])
        faults.add(
            f"There are {len(kept)} notebooks ({names}), but an assignment can have "
            "only one.",
            hint="Import each as its own assignment, and choose its notebook: with "
            "--notebook NAME, or on the page under “Notebook beside it”.",
        )
    else:
        faults.add(
            "There is no notebook.",
            hint="Give the source notebook, or a folder or zip with source/NAME in it.",
        )
    raise faults.error()


class _Cells:
    """Converts each marked cell to our format."""

    def __init__(self, draft: Draft, file: str, options: ImportOptions) -> None:
        self._draft, self._file, self._options = draft, file, options
        self._seen: dict[str, int] = {}
        self._tested: dict[int, tuple[MarkedCell, str]] = {}
        self._names = NotebookNames(defined=frozenset(), imports={})
        self._is_of_a_wrong_version = False

    def convert(self) -> None:
        titles = headings(handed_out(self._draft.staff))
        self._names = names_of(self._draft.staff, self._draft.public)
        staff = copy.deepcopy(self._draft.staff)
        self._draft.staff = staff
        for number, cell in enumerate(staff["cells"], 1):
            if self._refuse_autotest(number, cell):
                continue
            marks = cell["metadata"].get("nbgrader")
            if isinstance(marks, dict) and any(marks.get(flag) for flag in _FLAGS):
                marked = self._read(number, cell, marks, titles[number - 1])
                if marked is None:
                    continue
                self._convert_cell(marked)
            mark_regions(cell, number, self._file, self._draft.faults)
        self._write_tests()
        if not self._draft.questions and not self._draft.faults:
            self._fault(
                "No cell of the notebook is graded.",
                None,
                hint="Give the source notebook, in which cells have points.",
            )

    def _fault(
        self, message: str, cell: int | None, *, line: int | None = None, hint: str = ""
    ) -> None:
        self._draft.faults.add(
            message, file=self._file, cell=cell, line=line, hint=hint
        )

    def _refuse_autotest(self, number: int, cell: dict[str, Any]) -> bool:
        for line, text in enumerate(cell["source"].split("\n"), 1):
            if "### AUTOTEST" in text or "### HASHED AUTOTEST" in text:
                self._fault(
                    "AUTOTEST stands for tests that nbgrader writes by running code.",
                    number,
                    line=line,
                    hint="Write the assertions in this cell instead.",
                )
                return True
        return False

    # --- Marks -----------------------------------------------------------------

    def _read(
        self, number: int, cell: dict[str, Any], marks: dict[str, Any], heading: str
    ) -> MarkedCell | None:
        version = marks.get("schema_version", 0)
        if not isinstance(version, int) or not _OLDEST <= version <= _NEWEST:
            # Every cell of such a notebook has this version, so one fault is enough.
            if self._is_of_a_wrong_version:
                return None
            self._is_of_a_wrong_version = True
            self._fault(
                f"The cell's marks have version {version!r} of nbgrader's schema. "
                f"Only versions {_OLDEST} to {_NEWEST} can be read.",
                number,
                hint="Run “nbgrader update” on the notebook.",
            )
            return None
        name = marks.get("grade_id")
        if not isinstance(name, str) or not name.strip():
            self._fault(
                "The cell has no id.", number, hint="Give it one in Jupyter's toolbar."
            )
            return None
        marked = MarkedCell(
            number=number,
            place=self._draft.faults.place(self._file, number),
            cell=cell,
            grade_id=name,
            points=exact_points(marks.get("points")) or Decimal(0),
            heading=heading,
            **{flag: marks.get(flag) is True for flag in _FLAGS},
        )
        return marked if self._is_sound(marked, marks) else None

    def _is_sound(self, marked: MarkedCell, marks: dict[str, Any]) -> bool:
        number, kind, why = marked.number, marked.cell["cell_type"], ""
        is_worth = marked.grade or marked.task
        if marked.key in self._seen:
            other = self._draft.faults.place(self._file, self._seen[marked.key])
            why = f"“{marked.grade_id}” is the id of {other} too."
        elif is_worth and exact_points(marks.get("points")) is None:
            why = f"“{marked.grade_id}” is graded, so it needs points from 0 up."
        elif marked.task and kind != "markdown":
            why = "A task must be a Markdown cell."
        elif kind == "markdown" and marked.grade and not marked.solution:
            why = "A Markdown cell cannot hold tests. Put them into a code cell."
        elif kind == "raw" and (is_worth or marked.solution):
            why = "A raw cell cannot be an answer, and it cannot be a test."
        if why:
            self._fault(why, number, hint="Correct the cell's marks in Jupyter.")
        self._seen.setdefault(marked.key, number)
        return not why

    # --- Kinds -----------------------------------------------------------------

    def _convert_cell(self, marked: MarkedCell) -> None:
        if marked.grade and not marked.solution:
            self._add_tested_question(marked)
        elif marked.grade or marked.task:
            self._add_manual_question(marked)
        if marked.solution:
            wrap_solution(marked.cell)
        elif marked.locked and marked.cell["cell_type"] == "code" and not marked.grade:
            marked.cell["metadata"]["softmark"] = {"locked": marked.grade_id}

    def _points(self, marked: MarkedCell) -> Decimal:
        return self._options.points.get(marked.key, marked.points)

    def _add_manual_question(self, marked: MarkedCell) -> None:
        question = manual_question(marked, self._points(marked))
        self._draft.questions.append(question)
        note_on_rubric(self._draft, question, file=self._file, cell=marked.number)
        mark_answer(marked.cell, marked.key)

    def _add_tested_question(self, marked: MarkedCell) -> None:
        """Convert a test cell: all of it is the test, its visible part stays in place."""
        text = marked.cell["source"]
        if not self._points(marked) and is_without_code(text):
            self._draft.note(
                f"“{marked.grade_id}” is not a question: no tests, no points.",
                file=self._file,
                cell=marked.number,
            )
            marked.cell["metadata"]["softmark"] = {"locked": marked.grade_id}
            return
        cut = drop_region(
            text,
            "HIDDEN TESTS",
            file=self._file,
            cell=marked.number,
            faults=self._draft.faults,
        )
        for line in false_marks(text):
            self._fault(
                "This looks like the mark of hidden tests, but it is not one. "
                "Students would get the tests that it marks.",
                marked.number,
                line=line,
                hint="Write ### BEGIN HIDDEN TESTS and ### END HIDDEN TESTS.",
            )
        marked.cell["source"] = visible = cut.without or "# The tests here are hidden."
        validated = validate_script(text)
        if isinstance(validated, Problem):
            self._fault(
                f"“{marked.grade_id}”: {validated.message}",
                marked.number,
                line=validated.line,
                hint=validated.hint,
            )
            return
        add_findings(
            self._draft,
            find_all(ast.parse(text), TestStyle.SCRIPT, self._names, marked.grade_id),
            file=self._file,
            cell=marked.number,
        )
        shown = validate_script(visible)
        said = plain_words(shown, longest=500) if isinstance(shown, str) else ""
        words = said or f"{marked.title}."
        points = self._points(marked)
        marked.cell["metadata"]["softmark"] = {"question": marked.key}
        hidden = self._options.hidden if cut.was_there else Visibility.ALWAYS
        check = Check(name=CHECK, points=points, visibility=hidden, description=words)
        self._tested[marked.number] = (marked, cut.whole)
        self._draft.questions.append(
            Question(
                key=marked.key,
                title=marked.title,
                points=points,
                style=TestStyle.SCRIPT,
                checks=(check,),
            )
        )

    def _write_tests(self) -> None:
        """Write each question's tests so that they run alone.

        In nbgrader, test cells share their names.
        """
        cells = [
            CodeCell(binds=bound_names(cell), tests=self._tests_of(number))
            for number, cell in enumerate(self._draft.staff["cells"], 1)
        ]
        helped = standalone_tests(cells)
        bound = {name for cell in cells for name in cell.binds}
        given = StaffNames(list(self._lines()))
        for number, (marked, _) in self._tested.items():
            found = helped[number - 1]
            preamble = given.preamble_of(found.source, cell=number)
            note_staff_names(
                self._draft, marked.key, preamble, file=self._file, cell=number
            )
            above = f"{preamble.source}\n\n" if preamble.source else ""
            code = result_as_share(above + found.source, marked.points)
            self._draft.tests[marked.key] = section_text(CHECK, code)
            if found.names:
                names = ", ".join(f"“{name}”" for name in found.names)
                self._draft.note(
                    f"“{marked.grade_id}” uses {names} of hidden tests above it.",
                    file=self._file,
                    cell=marked.number,
                    hint="Each question is tested on its own, so the definitions were "
                    "copied into the tests of this one.",
                )
            for name in bound.intersection(flag_names(self._tests_of(number))):
                self._draft.note(
                    f"Hidden tests set “{name}”, but the notebook does not see it.",
                    file=self._file,
                    cell=marked.number,
                    hint="Write the value under “parameters” in assignment.yaml.",
                )

    def _lines(self) -> Iterator[AuthoredCell]:
        """Yield the code cells, with the lines in them that students write."""
        for number, cell in enumerate(self._draft.staff["cells"], 1):
            if cell["cell_type"] == "code":
                yield AuthoredCell(
                    cell=number,
                    source=cell["source"],
                    author=Author.TESTS if number in self._tested else Author.GIVEN,
                    solution=solution_lines(cell["source"]),
                    is_answer=is_answer(cell),
                )

    def _tests_of(self, number: int) -> str:
        return self._tested[number][1] if number in self._tested else ""
