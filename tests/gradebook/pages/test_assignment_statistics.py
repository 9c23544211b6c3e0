"""The statistics of an assignment: a broken check stands out."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment, Question
from grading.models import GradingRun, QuestionResult
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    MarkFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.pages import Answer, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    """Return coursework of two questions: the second has a check that refuses all."""
    made: Assignment = AssignmentFactory.create(due_at=hours(-24))
    assert made.revision is not None
    Question.objects.filter(revision=made.revision).delete()
    for position, key in enumerate(("first", "second")):
        Question.objects.create(
            revision=made.revision,
            key=key,
            title=f"The {key} question",
            position=position,
            points=4,
            checks=[
                {"name": name, "points": "2", "visibility": "always"}
                for name in ("fair", "broken" if key == "second" else "hard")
            ],
        )
    return made


@pytest.fixture
def lecturer(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course, lecturer=True).user


def hand_in(assignment: Assignment, fair: int, hard: int) -> GradingRun:
    """Store a marked attempt with these scores: nobody passes the broken check."""
    student = EnrolmentFactory.create(course=assignment.course).user
    work = SubmissionFactory.create(
        assignment=assignment,
        author=student,
        started_at=hours(-32),
        received_at=hours(-32),
    )
    points = 2 * fair + 2 * hard + 2 * fair
    run = GradingRunFactory.create(
        submission=work, finished=True, automatic_points=points
    )
    for question in Question.objects.filter(revision=assignment.revision):
        second = "broken" if question.key == "second" else "hard"
        scores = {"fair": fair, second: hard if second == "hard" else 0}
        QuestionResult.objects.create(
            run=run,
            question=question,
            outcome="partial",
            points=2 * sum(scores.values()),
            checks=[
                {"name": name, "score": score, "points": str(2 * score)}
                for name, score in scores.items()
            ],
        )
    MarkFactory.create(run=run)
    return run


def ask(user: User, assignment: Assignment) -> Answer:
    args = [assignment.course.slug, assignment.slug]
    return signed_in(user).get(reverse("gradebook:assignment-statistics", args=args))


def test_broken_check_stands_out(assignment: Assignment, lecturer: User) -> None:
    for fair, hard in ((1, 1), (1, 1), (1, 0), (0, 0), (1, 1), (0, 0)):
        hand_in(assignment, fair, hard)
    answer = ask(lecturer, assignment)
    page = answer.context["page"]
    found = [each.what for each in page.suspicions]
    assert "The second question: broken" in found
    assert "The first question: hard" not in found
    first, second = page.questions
    fair, hard = first.checks
    assert hard.numbers.failed == 0.5
    assert fair.numbers.discrimination > 0.5
    assert second.checks[1].numbers.failed == 1
    assert "Look at these first" in words(answer)


def test_attempts_and_waits_are_counted(assignment: Assignment, lecturer: User) -> None:
    run = hand_in(assignment, 1, 1)
    GradingRun.objects.filter(pk=run.pk).update(
        queued_at=hours(-30), started_at=hours(-29.99)
    )
    page = ask(lecturer, assignment).context["page"]
    assert {each.words: each.count for each in page.attempts if each.count} == {
        "6 to 24 hours": 1
    }
    assert {each.words: each.count for each in page.waits if each.count} == {
        "up to 1 min": 1
    }


def test_closed_while_work_is_marked_apart(assignment: Assignment) -> None:
    hand_in(assignment, 1, 1)
    Assignment.objects.update(marking_is_anonymous=True)
    assistant = EnrolmentFactory.create(course=assignment.course, assistant=True).user
    assert ask(assistant, assignment).status_code == 403
    examiner = EnrolmentFactory.create(course=assignment.course, examiner=True).user
    assert ask(examiner, assignment).status_code == 200


def test_nothing_to_show_yet(assignment: Assignment, lecturer: User) -> None:
    text = words(ask(lecturer, assignment))
    assert "There is no complete mark yet." in text
    assert "Nobody has handed in yet." in text


def test_number_of_queries_does_not_grow(
    assignment: Assignment,
    lecturer: User,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    for _ in range(5):
        hand_in(assignment, 1, 1)
    client = signed_in(lecturer)
    page = reverse(
        "gradebook:assignment-statistics",
        args=[assignment.course.slug, assignment.slug],
    )
    client.get(page)
    with assert_max_queries(18):
        client.get(page)
