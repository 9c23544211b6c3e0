"""A cell that a student adds below an answer is a part of the answer."""

import json
from typing import Any

import pytest

from formats.assignment.answer_cells import answer_places
from formats.notebook.cell_changes import added_places
from grading.models import GradingRun
from tests.factories import (
    EnrolmentFactory,
    GradingRunFactory,
    RevisionFileFactory,
    SubmissionFactory,
    store_text,
)
from tests.grading.marking import address, marked_assignment, marker_of
from tests.grading.pages import signed_in, words


def cell(text: str, kind: str = "markdown", **more: Any) -> dict[str, Any]:
    found = {"cell_type": kind, "metadata": {}, "source": text, **more}
    return found | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def answer(text: str = "*Your answer*") -> dict[str, Any]:
    return cell(text, id="answer", metadata={"softmark": {"answer": "words"}})


INTRO, AFTER = cell("# Why?", id="intro"), cell("x = 1", "code", id="after")
GIVEN = [INTRO, answer(), AFTER]


def places(cells: list[dict[str, Any]]) -> list[int]:
    added = added_places(GIVEN, cells)
    return answer_places(cells, ["words"], added=added)["words"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (GIVEN, [1]),
        ([INTRO, answer("Because."), cell("More."), AFTER], [1, 2]),
        ([INTRO, answer(), cell("plot()", "code"), cell("So."), AFTER], [1, 2, 3]),
        # Up to the next cell of the hand-out, and none above.
        ([INTRO, cell("Above"), answer(), cell("More"), AFTER, cell("y")], [2, 3]),
        # An empty cell says nothing.
        ([INTRO, answer(), cell(" "), cell("More"), AFTER], [1, 3]),
        # An answer at the end, behind which the hand-out has nothing.
        ([INTRO, AFTER, answer(), cell("More"), cell("Most")], [2, 3, 4]),
        # A cell of the hand-out that was changed is none that was added.
        ([INTRO, answer(), cell("x = 2", "code", id="after")], [1]),
    ],
)
def test_cells_up_to_the_next_of_the_handout_belong_to_the_answer(
    cells: list[dict[str, Any]], expected: list[int]
) -> None:
    assert places(cells) == expected


def test_without_a_handout_nothing_is_known_to_be_added() -> None:
    cells = [INTRO, answer(), cell("More"), AFTER]
    assert added_places([], cells) == frozenset()
    assert answer_places(cells, ["words"])["words"] == [1]


def test_a_cell_of_another_question_ends_the_answer() -> None:
    other = cell("Mine", metadata={"softmark": {"answer": "else"}})
    cells = [INTRO, answer(), other, cell("More"), AFTER]
    found = answer_places(cells, ["words", "else"], added=added_places(GIVEN, cells))
    assert found == {"words": [1], "else": [2, 3]}


def notebook(cells: list[dict[str, Any]]) -> str:
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    )


def handed_in(assignment: Any, *cells: dict[str, Any]) -> GradingRun:
    text = notebook(list(cells))
    work = SubmissionFactory.create(
        assignment=assignment,
        author=EnrolmentFactory.create(course=assignment.course).user,
        notebook=text,
    )
    run: GradingRun = GradingRunFactory.create(
        submission=work, finished=True, executed_sha256=store_text(text)[0]
    )
    return run


@pytest.mark.django_db
def test_page_diff_like_answers_and_api_show_the_added_cell() -> None:
    assignment = marked_assignment()
    RevisionFileFactory.create(
        revision=assignment.revision,
        part="handout",
        name="work.ipynb",
        text=notebook(GIVEN),
    )
    added = cell("Because the sum of all squares is finite.", id="new")
    other = cell("Because it is finite, as everybody can see.", id="new")
    run = handed_in(assignment, INTRO, answer("See below."), added, AFTER)
    same = handed_in(assignment, INTRO, answer("See below."), added, AFTER)
    handed_in(assignment, INTRO, answer("See below."), other, AFTER)
    client = signed_in(marker_of(assignment))
    page = client.get(address(run)).context["page"]
    assert [row.number for row in page.cells] == [2, 3]
    changes = words(client.get(address(run, name="marking-changes")))
    assert "Added markdown cell, part of the answer" in changes
    like = client.get(address(run, name="marking-like")).context["like"]
    assert [row.item.submission for row in like.rows] == [same.submission_id]
    code = page.desk.item.code
    url = f"/api/v1/assignments/{assignment.pk}/marking/words/{code}/"
    shown = client.get(url).json()["answer"]
    assert [each["cell"] for each in shown] == [2, 3]
