"""Comments stand at cells that are there, and stay where the cell is gone."""

from typing import Any

import pytest

from grading.models import CellComment, Stage
from grading.pages.marked_question import marked_question
from grading.services.marking import GivenMarking, MarkingTarget, save_marking
from grading.services.marking_refused import MarkingRefusedError
from tests.factories import EnrolmentFactory, MarkingFactory
from tests.grading.marking import (
    address,
    answered,
    marked_assignment,
    marker_of,
    marking_of,
)
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


def target_of(run: Any) -> MarkingTarget:
    return MarkingTarget(
        rubric=run.revision.questions.get(key="words").rubric,
        student=run.work.author,
        submission=run.work,
    )


def test_a_cell_that_is_not_there_is_refused_in_words_and_nothing_is_stored() -> None:
    run = answered(marked_assignment())
    client = signed_in(marker_of(run.work.assignment))
    sent = {"attempt": "1", "version": "0", "adjustment": "1", "comment": "Kept"}
    for cell in ("cell-3", "cell-99999"):
        answer = client.post(address(run), {**sent, cell: "Nowhere"})
        assert answer.status_code == 422
        text = words(answer)
        assert "Attempt 1 has 2 cells" in text
        assert "Nowhere" in answer.content.decode()
        assert "(not in this notebook)" in text
    assert marking_of(run) is None
    assert client.post(address(run), {**sent, "cell-2": "There"}).status_code == 302


def test_a_stored_comment_stays_though_the_notebook_has_no_such_cell() -> None:
    run = answered(marked_assignment())
    marking = MarkingFactory.create(run=run, adjustment=2)
    CellComment.objects.create(marking=marking, cell=9, text="Of old")
    client = signed_in(marker_of(run.work.assignment))
    page = words(client.get(address(run)))
    assert "Comment at cell 9 of attempt 1 (not in this notebook)" in page
    sent = {"attempt": "1", "version": "1", "adjustment": "3", "cell-9": "Of old"}
    assert client.post(address(run), sent).status_code == 302
    assert CellComment.objects.get().text == "Of old"


def test_comments_of_another_attempt_name_its_cell_and_attempt() -> None:
    assignment = marked_assignment()
    first = answered(assignment)
    marking = MarkingFactory.create(run=first, adjustment=2)
    CellComment.objects.create(marking=marking, cell=2, text="Look here")
    again = answered(assignment, "Otherwise", student=first.work.author)
    page = words(signed_in(marker_of(assignment)).get(address(again)))
    assert "At cell 2 of attempt 1: Look here" in page


def test_the_student_reads_of_which_attempt_a_lost_cell_is() -> None:
    run = answered(marked_assignment())
    marking = MarkingFactory.create(run=run, adjustment=2)
    for cell in (1, 2, 9):
        CellComment.objects.create(marking=marking, cell=cell, text="Here")
    shown = marked_question(marking, title="Words", numbers=[1, 0], attempt=1)
    labels = [(each.label, each.is_missing) for each in shown.cells]
    assert labels == [
        ("Cell 1", False),
        ("A text cell", False),
        ("Cell 9 of attempt 1", True),
    ]


def test_without_work_there_is_no_cell() -> None:
    assignment = marked_assignment()
    student = EnrolmentFactory.create(course=assignment.course).user
    target = MarkingTarget(rubric=assignment.rubrics.get(), student=student)
    with pytest.raises(MarkingRefusedError, match="Nothing was handed in") as refused:
        save_marking(
            actor=marker_of(assignment),
            target=target,
            given=GivenMarking(cell_comments={1: "Here"}),
            version=0,
        )
    assert "page" not in refused.value.for_programs
    # Empty words are no comment.
    given = GivenMarking(cell_comments={1: " "})
    save_marking(actor=marker_of(assignment), target=target, given=given, version=0)


def test_a_notebook_that_cannot_be_read_takes_no_new_comments() -> None:
    run = answered(marked_assignment())
    run.work.files.all().delete()
    marker, target = marker_of(run.work.assignment), target_of(run)
    given = GivenMarking(cell_comments={1: "Here"})
    with pytest.raises(MarkingRefusedError, match="cannot be read now"):
        save_marking(actor=marker, target=target, given=given, version=0)
    second = MarkingFactory.create(run=run, stage=Stage.SECOND)
    CellComment.objects.create(marking=second, cell=1, text="Here")
    save_marking(actor=marker, target=target, given=given, version=0)
