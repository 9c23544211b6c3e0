"""Copy the definitions that Otter's tests use from the notebook into these tests."""

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from formats.assignment.foreign_cells import otter_check, question_key
from formats.assignment.notebook_cells import source_of
from formats.assignment.section_tests import case_functions, session_code
from formats.importing.draft import Draft
from formats.importing.otter_tests import Case, OtterTest, text_of_tests
from formats.importing.staff_names import Preamble, StaffNames, note_staff_names
from formats.importing.statements import Author, AuthoredCell
from runner.protocol.jobs import TestStyle

_THEIRS: Final = frozenset({"otter_assign_solution_cell", "otter_answer_cell"})


def add_preambles(
    draft: Draft, tests: Sequence[OtterTest], skip_tags: Collection[str]
) -> None:
    """Copy the notebook's definitions into the draft's tests, case by case."""
    given = StaffNames(list(_lines(draft, skip_tags)))
    places = _places(draft)
    for test in tests:
        key = question_key(test.name)
        if key not in draft.tests:
            continue
        if test.style is not TestStyle.DOCTEST:
            kept = given.used_by("\n".join(_parameters(test)))
            note_staff_names(draft, key, Preamble(kept=tuple(kept)), file=test.file)
            continue
        place = places.get(test.name, len(draft.staff["cells"]) + 1)
        found = [(case, _preamble_of(given, case, place)) for case in test.cases]
        cases = tuple(_with_definitions(case, preamble) for case, preamble in found)
        draft.tests[key] = text_of_tests(replace(test, cases=cases))
        names = {name: None for _, preamble in found for name in preamble.names}
        left = {name: None for _, preamble in found for name in preamble.kept}
        shared = {name: None for _, preamble in found for name in preamble.shared}
        together = Preamble(names=tuple(names), kept=tuple(left), shared=tuple(shared))
        note_staff_names(draft, key, together, file=test.file)


def _places(draft: Draft) -> dict[str, int]:
    """Return the number of the cell that checks each question first."""
    found: dict[str, int] = {}
    for number, cell in enumerate(draft.staff["cells"], 1):
        name = otter_check(source_of(cell)) if cell["cell_type"] == "code" else None
        if name is not None:
            found.setdefault(name, number)
    return found


def _lines(draft: Draft, skip_tags: Collection[str]) -> Iterator[AuthoredCell]:
    """Yield the code cells, with who writes them.

    A cell is written by a student if the hand-out does not have it, or if it is tagged
    as an answer. If there is no such cell, the author is unknown, and all cells count
    as students'.
    """
    cells = draft.staff["cells"]
    shown = {source_of(cell) for cell in draft.handout["cells"]}
    theirs = {
        number
        for number, cell in enumerate(cells, 1)
        if _tags(cell) & _THEIRS or source_of(cell) not in shown
    }
    for number, cell in enumerate(cells, 1):
        if cell["cell_type"] != "code" or _tags(cell) & set(skip_tags):
            continue
        is_theirs = number in theirs or not theirs
        author = Author.STUDENT if is_theirs else Author.GIVEN
        yield AuthoredCell(cell=number, source=source_of(cell), author=author)


def _tags(cell: dict[str, Any]) -> set[str]:
    return set(cell["metadata"].get("tags") or [])


def _parameters(test: OtterTest) -> list[str]:
    """Return the names of the notebook that functions with @test_case take."""
    functions = case_functions(ast.parse(test.text))
    return [each.arg for function in functions for each in function.args.args]


def _preamble_of(given: StaffNames, case: Case, place: int) -> Preamble:
    return given.preamble_of(session_code(case.code), cell=place)


def _with_definitions(case: Case, preamble: Preamble) -> Case:
    """Return the case with the code that it needs put before it."""
    if not preamble.source:
        return case
    typed = []
    for node in ast.parse(preamble.source).body:
        first, *rest = ast.unparse(node).split("\n")
        typed += [f">>> {first}", *(f"... {line}".rstrip() for line in rest)]
    indent = case.code[: len(case.code) - len(case.code.lstrip(" "))]
    above = "\n".join(f"{indent}{line}" for line in typed)
    return replace(case, code=f"{above}\n{case.code}")
