"""The cells that belong to questions marked by people are found in any hand-out."""

import json
from pathlib import Path
from typing import Any

from formats.assignment.answer_cells import answer_places, otter_blocks
from formats.importing import notes_on
from tests.formats.assignment.bundles import (
    ESSAY,
    HANDOUT_CELLS,
    STAFF_CELLS,
    faults_of,
    notebook_of,
    write_bundle,
)
from tests.formats.importing.foreign import converted

Cell = dict[str, Any]


def text(source: str, **metadata: Any) -> Cell:
    return {"cell_type": "markdown", "source": source, "metadata": metadata}


def code(source: str, **metadata: Any) -> Cell:
    return {"cell_type": "code", "source": source, "metadata": metadata}


def places(*cells: Any, key: str = "essay") -> list[int]:
    return answer_places(cells, [key])[key]


def test_our_marks_stand_in_the_first_line_or_in_the_metadata() -> None:
    assert places(
        text("Write here."),
        text("<!-- softmark: answer essay -->\n*Your answer*"),
        code("# softmark: answer other\nx = 1"),
        code("# softmark: answer essay\nx = 1"),
        code("y = 2", softmark={"answer": "essay"}),
        code("<!-- softmark: answer essay -->"),
        text("# softmark: answer essay"),
    ) == [1, 3, 4]


def test_cells_between_two_of_a_question_belong_to_it_unless_they_have_a_mark() -> None:
    mine = {"answer": "essay"}
    assert places(
        text("Above"),
        text("", softmark=mine),
        text("Inserted"),
        text("", softmark=mine),
        code("assert x", softmark={"question": "tested"}),
        text("", softmark=mine),
        text("Below"),
    ) == [1, 2, 3, 5]


def test_foreign_cells_are_found_where_no_mark_of_ours_is() -> None:
    answer = {"grade_id": "essay", "grade": True, "solution": True}
    task = {"grade_id": "essay", "task": True, "points": 2}
    test = {"grade_id": "q2", "grade": True}
    assert places(text("Mine", nbgrader=answer), text("Below")) == [0]
    task_cells = (
        text("Draw a map.", nbgrader=task),
        code("draw()"),
        text("It shows the way."),
        code("assert x", nbgrader=test),
        code("later"),
    )
    assert places(*task_cells) == [0, 1, 2]
    assert places(text("Ours", softmark={"answer": "essay"}), *task_cells) == [0]


def test_otter_s_blocks_get_keys_from_their_names_or_titles() -> None:
    blocks = otter_blocks(
        [
            text("Introduction"),
            text("<!-- BEGIN QUESTION -->\n\n### Q2.1: Decisions \n\nSay why."),
            text("**Answer:** none"),
            text("---"),
            text("<!-- END QUESTION -->\n\n<!-- BEGIN QUESTION -->\n### Q2.2"),
            code("plot()"),
            text("Mine.\n<!-- END QUESTION -->"),
            text("Part 3"),
            text(
                "<!-- BEGIN QUESTION -->\n\nWhat is odd?\n\n<!--\nBEGIN QUESTION\n"
                "name: q1e\nmanual: True\npoints: 1\n-->"
            ),
            text(""),
        ]
    )
    assert [
        (block.key, block.title, block.points, block.places) for block in blocks
    ] == [
        ("Q2-1-Decisions", "### Q2.1: Decisions", "", [1, 2]),
        ("Q2-2", "### Q2.2", "", [4, 5, 6]),
        ("q1e", "What is odd?", "1", [8, 9]),
    ]


def test_two_blocks_with_one_title_get_different_keys() -> None:
    cells = [text("<!-- begin question -->\nWhy?"), text("<!-- END QUESTION -->")]
    assert [block.key for block in otter_blocks(cells * 3)] == ["Why", "Why-2", "Why-3"]
    assert answer_places(cells * 3, ["Why-2", "else"]) == {"Why-2": [2], "else": []}


def test_cells_of_any_shape_are_read() -> None:
    odd: list[Any] = [
        {},
        {"cell_type": "markdown", "source": None, "metadata": None},
        {"cell_type": "code", "source": ["# softmark: answer ", "essay\n", "x"]},
        {"cell_type": "raw", "source": "", "metadata": {"softmark": 3, "nbgrader": []}},
    ]
    assert places(*odd) == [2]


def test_a_mark_names_a_question_that_people_mark(tmp_path: Path) -> None:
    marked = json.dumps(notebook_of(*STAFF_CELLS, "# softmark: answer add"))
    (fault,) = faults_of(write_bundle(tmp_path, staff=marked))
    assert (fault.file, fault.cell) == ("staff.ipynb", 3)
    assert fault.message.startswith("This cell is marked as an answer to “add”")
    assert not faults_of(write_bundle(tmp_path))


def test_an_answer_without_a_cell_is_noted(tmp_path: Path) -> None:
    handout = json.dumps(
        notebook_of(HANDOUT_CELLS[0].removeprefix(ESSAY), HANDOUT_CELLS[1])
    )
    folder = write_bundle(tmp_path / "own", handout=handout)
    (note,) = notes_on(*converted(folder, tmp_path / "out"))
    assert note.file == "handout.ipynb"
    assert note.message.startswith("No cell is marked as the answer to “essay”.")
