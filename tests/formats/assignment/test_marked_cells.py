"""In copies of foreign hand-outs, check cells are found and locked cells restored."""

from typing import Any

import pytest

from formats.assignment import mark_cells
from formats.assignment.notebook_cells import check_key


def code(source: str, **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": metadata}


def graded(source: str, name: str) -> dict[str, Any]:
    return code(source, nbgrader={"grade_id": name, "grade": True})


def marked(*cells: dict[str, Any], keys: str = "q1 q2", **locked: str) -> list[Any]:
    """Return the key of each cell once the notebook's check cells are marked."""
    notebook = {"cells": list(cells)}
    mark_cells(notebook, keys.split(), locked)
    return [check_key(cell) for cell in notebook["cells"]]


def test_marks_of_nbgrader_and_otter_count_as_ours() -> None:
    assert marked(graded("assert x", "q1"), code('grader.check("q2")')) == ["q1", "q2"]


def test_our_own_mark_comes_first() -> None:
    cells = (code('grader.check("q1")'), code("# softmark: check q1"))
    assert marked(*cells) == [None, "q1"]


def test_every_copy_is_marked() -> None:
    assert marked(graded("1", "q1"), graded("2", "q1")) == ["q1", "q1"]
    twice = (code('grader.check("q1")'), code("x"), code('grader.check("q1")'))
    assert marked(*twice) == ["q1", None, "q1"]


def test_a_mark_of_an_unknown_question_is_ignored() -> None:
    assert marked(graded("1", "setup"), code('grader.check("q9")')) == [None, None]


def test_a_student_s_code_that_mentions_a_check_is_left_alone() -> None:
    assert marked(code('x = 1\ngrader.check("q1")')) == [None]


def test_locked_cells_get_the_staff_s_source_once() -> None:
    cells = [
        graded("changed", "setup"),
        graded("again", "setup"),
        code("mine", softmark={"locked": "more"}),
    ]
    marked(*cells, setup="import os", more="import sys")
    assert [cell["source"] for cell in cells] == ["import os", "again", "import sys"]


@pytest.mark.parametrize("about", [None, 3, {"grade_id": 5}, {"grade_id": ""}])
def test_metadata_of_the_wrong_kind_is_ignored(about: object) -> None:
    assert marked(code("1", nbgrader=about)) == [None]
