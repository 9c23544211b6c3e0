"""Every place that tells or uses a student's deadline computes the same one."""

import datetime as dt
from io import BytesIO
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.calendar.services import calendar_file
from courses.deadlines import deadline_for
from courses.models import Assignment
from courses.services.extensions import grant_extension
from courses.services.request_mails import mail_due_answers
from courses.wall_clock import moment_words
from grading.models import GradingRun
from grading.pages.staff_rows import student_rows
from grading.services.lateness import run_terms
from submissions.exceptions import SubmissionRefusedError
from submissions.models import Submission
from submissions.services import IncomingFile
from tests.api.asking import get, rows
from tests.factories import (
    AccommodationFactory,
    CourseChangeFactory,
    EnrolmentFactory,
    ExtensionRequestFactory,
    hours,
    small_notebook,
)
from tests.grading.pages import signed_in, words
from tests.grading.test_late_marks import attempt, make_assignment, marked

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def assignment() -> Assignment:
    """Return work that was due an hour ago, after 100 hours, and takes no late work."""
    due = hours(-1).replace(second=0, microsecond=0)
    return make_assignment(due_at=due, closes_at=None, release_at=due - 100 * HOUR)


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


def told_deadlines(assignment: Assignment, student: User) -> dict[str, bool]:
    """Return for each place whether it tells the student's deadline."""
    own = deadline_for(assignment, student).due_at
    course = assignment.course
    said = moment_words(own, course.tz)
    client: Client = signed_in(student)
    CourseChangeFactory.create(
        course=course, kind="deadline", assignment=assignment, after="", is_public=True
    )
    mail.outbox.clear()
    ExtensionRequestFactory.create(
        assignment=assignment,
        student=student,
        state="refused",
        answered_by=student,
        answered_at=timezone.now(),
        mail_due_at=timezone.now(),
    )
    mail_due_answers(now=timezone.now())
    stamp = own.astimezone(course.tz).strftime("%Y%m%dT%H%M%S")
    mine = get(student, f"assignments/{assignment.pk}/")["mine"]["due_at"]
    request = reverse("grading:extension-request", args=[course.slug, assignment.slug])
    pages = {
        "the page of the coursework": assignment.get_absolute_url(),
        "the page of the course": course.get_absolute_url(),
        "the home page": "/",
        "the news": reverse("courses:news", args=[course.slug]),
        "the request": request,
    }
    time = own.astimezone(course.tz).strftime("%H:%M")
    return {
        **{name: time in words(client.get(url)) for name, url in pages.items()},
        "the calendar": stamp in calendar_file(student, timezone.now()).decode(),
        "the API": dt.datetime.fromisoformat(mine) == own,
        "the changes of the API": said in str(rows(student, "changes/")),
        "the mail": said in mail.outbox[0].body,
    }


def lateness(assignment: Assignment, student: User) -> dict[str, bool]:
    """Return for each place whether the student's attempt is late."""
    found = Submission.objects.filter(author=student)
    listed = found.with_extra_time().select_related("assignment").get()
    (row,) = [each for each in student_rows(assignment) if each.email == student.email]
    staff = EnrolmentFactory.create(course=assignment.course, assistant=True).user
    (shown,) = rows(staff, "submissions/")
    terms = run_terms(GradingRun.objects.filter(submission=listed).with_lateness())
    mark = marked(assignment, student)
    hand_in_now = f"assignments/{assignment.pk}/hand-in/"
    return {
        "the attempt": found.get().is_late,
        "lists": listed.is_late,
        "filters": found.late().exists(),
        "the table of staff": bool(row.is_late),
        "the API": shown["is_late"],
        "the API before a hand-in": get(student, hand_in_now)["is_late"],
        "late rules": bool(terms),
        "marks": mark.points.final < 75,
    }


def hand_in(assignment: Assignment, student: User) -> Any:
    from grading.services import submit_work  # noqa: PLC0415  by its own name

    content = small_notebook().encode()
    return submit_work(
        actor=student,
        assignment=assignment,
        files=[
            IncomingFile(
                name="work.ipynb",
                original_name="work.ipynb",
                content=BytesIO(content),
                size=len(content),
            )
        ],
        started_at=timezone.now(),
    )


@pytest.mark.parametrize("kind", ["extension", "accommodation", "both"])
def test_every_place_has_the_students_own_deadline(
    assignment: Assignment, student: User, kind: str
) -> None:
    attempt(assignment, student, "75", 0.5)
    assert set(lateness(assignment, student).values()) == {True}
    with pytest.raises(SubmissionRefusedError):
        hand_in(assignment, student)
    own = assignment.due_at + 25 * HOUR
    if kind != "extension":
        AccommodationFactory.create(
            course=assignment.course, student=student, percent=25
        )
    if kind != "accommodation":
        lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True)
        own = assignment.due_at + (26 if kind == "both" else 30) * HOUR
        grant_extension(
            actor=lecturer.user,
            assignment=assignment,
            student=student,
            due_at=own,
            reason="ill",
        )
    assert deadline_for(assignment, student).due_at == own
    places = lateness(assignment, student)
    assert not {name for name, late in places.items() if late}
    told = told_deadlines(assignment, student)
    assert not {name for name, is_told in told.items() if not is_told}
    hand_in(assignment, student)
