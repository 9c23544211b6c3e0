"""A student who copies a check cell gets a warning."""

from typing import Any

import pytest

from formats.notebook.assignment_context import AssignmentContext
from formats.notebook.repeated_checks import find_repeated_checks
from tests.submissions.builders import code_cell, notebook_bytes


def warned(*cells: Any, keys: tuple[str, ...] = ("q1", "q2")) -> list[str]:
    found = find_repeated_checks(
        notebook_bytes(*cells), name="work.ipynb", context=AssignmentContext(keys=keys)
    )
    assert all(each.code == "check_cell_copied" and each.hint for each in found)
    return [each.message for each in found]


CHECK = code_cell("# softmark: check q1\nassert f")
OURS = code_cell("1", metadata={"softmark": {"question": "q1"}})
OTTER = code_cell('grader.check("q1")')
NBGRADER = code_cell("assert f", metadata={"nbgrader": {"grade_id": "q1"}})


@pytest.mark.parametrize("cell", [CHECK, OURS, OTTER, NBGRADER])
def test_two_check_cells_of_one_question_are_named(cell: Any) -> None:
    text = {"cell_type": "markdown", "metadata": {}, "source": "# 1"}
    words = "Cells 1 and 2 of “work.ipynb” check the same question, “q1”."
    assert warned(cell, text, cell) == [words]
    assert warned(cell, code_cell("f = 1")) == []


def test_cells_that_are_not_check_cells_are_not_named() -> None:
    assert warned(OTTER, CHECK) == []
    assert warned(CHECK, CHECK, keys=("q2",)) == []


def test_many_copies_are_counted() -> None:
    (message,) = warned(*[CHECK] * 500)
    assert message.startswith("Cells 1, 2, 3, 4, 5 and 495 more of")


Q1 = AssignmentContext(keys=("q1",))


def test_a_notebook_that_cannot_be_read_has_no_warnings() -> None:
    assert find_repeated_checks(b"{", name="work.ipynb", context=Q1) == ()


@pytest.mark.parametrize(("cells", "codes"), [([], ["check_cells_gone"]), ([OURS], [])])
def test_a_notebook_without_the_hand_out_s_check_cells_is_warned_of(
    cells: list[Any], codes: list[str]
) -> None:
    context = AssignmentContext(keys=("q1", "q2"), handout=[OURS, CHECK])
    data = notebook_bytes(code_cell("f = 1"), *cells)
    found = find_repeated_checks(data, name="work.ipynb", context=context)
    assert [each.code for each in found] == codes


def test_without_check_cells_in_the_hand_out_none_is_missed() -> None:
    assert find_repeated_checks(notebook_bytes(), name="a.ipynb", context=Q1) == ()


GIVEN = code_cell("import torch\nW = 2")
LATER = code_cell("def given():\n    return 1")
HANDOUT = (GIVEN, CHECK, LATER)


def codes(*cells: Any) -> list[str]:
    context = AssignmentContext(keys=("q1",), handout=list(HANDOUT))
    data = notebook_bytes(*cells)
    found = find_repeated_checks(data, name="work.ipynb", context=context)
    return [each.code for each in found]


def test_a_check_cell_below_a_later_cell_of_the_hand_out_is_named() -> None:
    own = code_cell("f = 1")
    assert codes(GIVEN, own, CHECK, LATER) == []
    assert codes(GIVEN, own, CHECK) == []
    assert codes(GIVEN, LATER, own, CHECK) == ["check_cell_moved"]
    spaced = code_cell("def given():\n\n    return  1\n")
    assert codes(GIVEN, spaced, CHECK) == ["check_cell_moved"]
    assert codes(GIVEN, CHECK, LATER, own, CHECK) == ["check_cell_copied"]


def test_text_that_the_hand_out_has_twice_says_nothing_of_the_order() -> None:
    todo = code_cell("# YOUR CODE")
    context = AssignmentContext(keys=("q1",), handout=[todo, CHECK, todo])
    data = notebook_bytes(todo, CHECK, todo)
    assert find_repeated_checks(data, name="w.ipynb", context=context) == ()
