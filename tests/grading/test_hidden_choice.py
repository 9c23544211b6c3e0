"""Which attempt counts reveals nothing about hidden checks before marks are released.

The first attempt was graded by an earlier revision without hidden checks. The second
one has hidden points, which alone decide which of the two is better.
"""

import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment, Question
from formats.choices import Counting
from grading.models import GradingRun, Mark
from grading.services import recompute_mark
from grading.services.choosing import choose_attempt
from submissions.models import Submission
from tests.factories import AssignmentFactory, GradingRunFactory, RevisionFactory, hours
from tests.grading.pages import (
    add_question,
    finished_run,
    signed_in,
    staff_of,
    student_of,
    words,
)

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

_API = ("marks/", "runs/", "submissions/")


def two_attempts() -> tuple[GradingRun, GradingRun]:
    """Give 4 points without hidden ones, and 2 points beside 3 hidden ones."""
    assignment = AssignmentFactory.create(counting=Counting.BEST)
    student = student_of(assignment)
    check = {"name": "check_answer", "points": "4", "visibility": "always"}
    Question.objects.update(points=Decimal(4), checks=[check])
    open_run = finished_run(assignment, student)
    GradingRun.objects.update(automatic_points=Decimal(4))
    assignment.revision = RevisionFactory.create(assignment=assignment)
    assignment.save()
    add_question(assignment, "after_release")
    return open_run, finished_run(assignment, student)


def find(run: GradingRun, hidden: int) -> None:
    """Set the points of the run's hidden check, and recompute the mark."""
    run.results.filter(question__key="secret").update(points=hidden)
    GradingRun.objects.filter(pk=run.pk).update(automatic_points=2 + hidden)
    work = run.work
    recompute_mark(
        actor=SYSTEM, assignment=work.assignment, student=work.author, reason="test"
    )


def seen_by(user: User, assignment: Assignment) -> dict[str, str]:
    """Return the text of each page and API list, without times of the mark."""
    client = signed_in(user)
    course = reverse("gradebook:marks", args=[assignment.course.slug])
    runs = GradingRun.objects.filter(submission__author=user)
    pages = [course, assignment.get_absolute_url()]
    pages += [run.get_absolute_url() for run in runs]
    api = [f"/api/v1/{name}" for name in _API]
    return {path: words(client.get(path)) for path in pages} | {
        path: re.sub(r'"updated_at":"[^"]*"', "", client.get(path).content.decode())
        for path in api
    }


@pytest.mark.parametrize("is_run_again", [False, True])
def test_nothing_reveals_whether_hidden_points_made_an_attempt_the_best(
    is_run_again: bool,  # noqa: FBT001  parametrised
) -> None:
    open_run, hiding = two_attempts()
    if is_run_again:
        GradingRunFactory.create(submission=hiding.work)
    student, assignment = hiding.work.author, hiding.work.assignment
    seen = []
    for hidden, best in ((0, open_run), (3, hiding)):
        find(hiding, hidden)
        assert Mark.objects.get().run == best
        seen.append(seen_by(student, assignment))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("chosen", [None, 1, 2])
def test_choosing_an_attempt_tells_nothing_of_its_hidden_points(
    chosen: int | None,
) -> None:
    _, hiding = two_attempts()
    student, assignment = hiding.work.author, hiding.work.assignment
    Assignment.objects.update(counting=Counting.CHOICE)
    seen = []
    for hidden in (0, 3):
        find(hiding, hidden)
        submission = Submission.objects.filter(
            author=student, attempt=chosen or 0
        ).first()
        choose_attempt(
            actor=student,
            assignment=assignment,
            submission=submission,
            now=timezone.now(),
        )
        seen.append(seen_by(student, assignment))
    assert seen[0] == seen[1]
    number = chosen or 2
    text = seen[0][assignment.get_absolute_url()]
    assert re.search(rf"{number} Counts your", text)


def test_the_mark_is_the_best_of_the_shown_points_without_naming_an_attempt() -> None:
    open_run, hiding = two_attempts()
    find(hiding, 3)
    seen = seen_by(hiding.work.author, hiding.work.assignment)
    marks = seen[reverse("gradebook:marks", args=[hiding.work.assignment.course.slug])]
    assert "4 / 4" in marks
    assert "Points of another attempt are not shown yet" in marks
    assert "Automatic" not in marks
    assert "counts" not in seen[open_run.get_absolute_url()].lower()
    assert '"run":null' in seen["/api/v1/marks/"]


def test_once_marks_are_released_the_best_attempt_is_named() -> None:
    _, hiding = two_attempts()
    find(hiding, 3)
    Assignment.objects.update(due_at=hours(-2), marks_released_at=hours(-1))
    seen = seen_by(hiding.work.author, hiding.work.assignment)
    assert "Counts for the mark" in seen[hiding.get_absolute_url()]
    assert f'"run":"{hiding.pk}"' in seen["/api/v1/marks/"]


def test_staff_see_which_attempt_counts_at_any_time() -> None:
    _, hiding = two_attempts()
    find(hiding, 3)
    client = signed_in(staff_of(hiding.work.assignment))
    assert "Counts for the mark" in words(client.get(hiding.get_absolute_url()))
