"""Nothing hidden is shown while a student can still change which attempt counts."""

import datetime as dt
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment, ExtensionRequest
from courses.services.extension_requests import (
    ask_for_extension,
    grant_request,
    refuse_request,
    withdraw_request,
)
from grading.models import GradingRun
from grading.services import recompute_mark
from grading.services.visibility import student_mark
from tests.api.asking import session_of
from tests.api.opening import ATTEMPTS, NOTEBOOK, open_attempt, patch
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    QuestionResultFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.pages import add_question, signed_in, words

pytestmark = pytest.mark.django_db
HIDDEN = "The harder one Not shown"
SHOWN = "The harder one Passed"


@pytest.fixture
def assignment() -> Assignment:
    made: Assignment = AssignmentFactory.create(due_at=hours(1))
    add_question(made, "after_deadline")
    return made


@pytest.fixture
def student(assignment: Assignment) -> User:
    user: User = EnrolmentFactory.create(course=assignment.course).user
    return user


@pytest.fixture
def graded(assignment: Assignment, student: User) -> GradingRun:
    submission = SubmissionFactory.create(assignment=assignment, author=student)
    run: GradingRun = GradingRunFactory.create(submission=submission, finished=True)
    for question in run.revision.questions.all():
        found = {"name": question.checks[0]["name"], "score": 1, "points": "1"}
        QuestionResultFactory.create(run=run, question=question, checks=[found])
    recompute_mark(
        actor=student, assignment=assignment, student=student, reason="graded"
    )
    return run


def shown(client: Client, run: GradingRun) -> str:
    return words(client.get(run.get_absolute_url()))


@pytest.mark.parametrize("end", ["finished", "dropped", "expired"])
def test_an_attempt_that_was_opened_in_time_keeps_results_hidden(
    end: str,
    assignment: Assignment,
    student: User,
    graded: GradingRun,
    time_machine: Any,
) -> None:
    client = session_of(student)
    opened = open_attempt(client, assignment).json()
    patch(client, opened["files"][0]["url"], NOTEBOOK)
    time_machine.move_to(assignment.due_at + dt.timedelta(hours=2), tick=False)
    page = signed_in(student)
    assert HIDDEN in shown(page, graded)
    if end == "finished":
        done = client.post(f"{ATTEMPTS}{opened['id']}/finish/")
        assert done.status_code == 201
    elif end == "dropped":
        assert client.delete(f"{ATTEMPTS}{opened['id']}/").status_code == 204
    else:
        time_machine.move_to(assignment.due_at + dt.timedelta(days=2), tick=False)
    assert SHOWN in shown(signed_in(student), graded)


def test_an_attempt_without_all_bytes_keeps_results_hidden_for_its_allowance(
    assignment: Assignment, student: User, graded: GradingRun, time_machine: Any
) -> None:
    time_machine.move_to(assignment.due_at - dt.timedelta(minutes=1), tick=False)
    open_attempt(session_of(student), assignment)
    time_machine.shift(dt.timedelta(minutes=20))
    assert HIDDEN in shown(signed_in(student), graded)
    time_machine.shift(dt.timedelta(minutes=20))
    assert SHOWN in shown(signed_in(student), graded)


def test_a_student_cannot_cancel_once_results_are_shown(
    assignment: Assignment, student: User, graded: GradingRun, time_machine: Any
) -> None:
    submission = SubmissionFactory.create(
        assignment=assignment, author=student, attempt=2
    )
    run: GradingRun = GradingRunFactory.create(submission=submission)
    time_machine.move_to(assignment.due_at + dt.timedelta(minutes=1), tick=False)
    client = signed_in(student)
    assert SHOWN in shown(client, graded)
    assert client.post(f"{run.get_absolute_url()}cancel/").status_code == 403
    assert "Cancel" not in shown(client, run)


# --- An open request for an extension ----------------------------------------------


def ask(student: User, assignment: Assignment) -> ExtensionRequest:
    return ask_for_extension(
        actor=student,
        assignment=assignment,
        wished_due_at=assignment.due_at + dt.timedelta(days=2),
        reason="Ill.",
    )


def answer_page(request: ExtensionRequest) -> str:
    course = request.assignment.course
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    url = reverse("grading:extension-answer", args=[course.slug, request.pk])
    return words(signed_in(lecturer).get(url))


@pytest.mark.parametrize("end", ["granted", "refused", "withdrawn", "forgotten"])
def test_a_request_that_was_made_in_time_keeps_results_hidden(
    end: str,
    assignment: Assignment,
    student: User,
    graded: GradingRun,
    time_machine: Any,
) -> None:
    """Otherwise the student reads them, is granted the extension, and hands in again."""
    request = ask(student, assignment)
    assert "hidden checks" not in answer_page(request)
    Assignment.objects.update(marks_released_at=assignment.due_at)
    time_machine.move_to(assignment.due_at + dt.timedelta(hours=1), tick=False)
    mark = student_mark(assignment, student, timezone.now())
    assert mark is not None
    assert mark.is_provisional
    assert HIDDEN in shown(signed_in(student), graded)
    assert "stay hidden from this student until you answer" in answer_page(request)
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    if end == "granted":
        due_at = assignment.due_at + dt.timedelta(days=1)
        grant_request(actor=lecturer, request=request, due_at=due_at)
        assert HIDDEN in shown(signed_in(student), graded)
        time_machine.move_to(due_at + dt.timedelta(hours=1), tick=False)
    elif end == "refused":
        refuse_request(actor=lecturer, request=request, answer="No.")
    elif end == "withdrawn":
        withdraw_request(actor=student, request=request)
    else:
        time_machine.move_to(assignment.due_at + dt.timedelta(days=8.9), tick=False)
        assert HIDDEN in shown(signed_in(student), graded)
        time_machine.shift(dt.timedelta(hours=4))
        assert "can already see what hidden checks found" in answer_page(request)
    assert SHOWN in shown(signed_in(student), graded)


def test_a_request_after_the_close_hides_nothing_and_the_lecturer_is_told(
    assignment: Assignment, student: User, graded: GradingRun, time_machine: Any
) -> None:
    time_machine.move_to(assignment.due_at + dt.timedelta(hours=1), tick=False)
    assert SHOWN in shown(signed_in(student), graded)
    request = ask(student, assignment)
    assert SHOWN in shown(signed_in(student), graded)
    assert "can already see what hidden checks found" in answer_page(request)


def test_every_place_that_shows_results_waits_for_the_answer() -> None:
    """`closes_at` of a deadline is for hand-ins: results wait for more."""
    for folder in ("api", "pages", "services", "views"):
        for path in (settings.BASE_DIR / "grading" / folder).glob("*.py"):
            assert "closes_at=own.closes_at" not in path.read_text(), path
