"""After an outage, all deadlines within it move in one action, as previewed."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Announcement, Assignment, Course, CourseChange, Extension
from grading.models import Mark
from tests.factories import (
    AccommodationFactory,
    EnrolmentFactory,
    ExtensionFactory,
    hours,
)
from tests.grading.pages import signed_in, student_of, words
from tests.grading.test_late_marks import attempt, make_assignment, marked

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
DUE = dt.datetime(2027, 3, 8, 18, tzinfo=dt.UTC)
WINDOW: dict[str, str | int] = {
    "starts_at": "2027-03-08T12:00",
    "ends_at": "2027-03-09T12:00",
    "hours": 30,
}


@pytest.fixture
def course() -> Course:
    return make_assignment(
        due_at=DUE, closes_at=DUE + 100 * HOUR, release_at=hours(-1), title="In"
    ).course


@pytest.fixture
def lecturer(course: Course) -> Client:
    return signed_in(EnrolmentFactory.create(course=course, lecturer=True).user)


def move(lecturer: Client, course: Course, **changed: Any) -> Any:
    url = reverse("grading:outage", args=[course.slug])
    answer = lecturer.get(url, WINDOW)
    plan, marks = answer.context["plan"], answer.context["marks"]
    form = {"digest": plan.digest, "marks": marks.digest, "reason": "No power."}
    return lecturer.post(url, {**WINDOW, **form, **changed})


def test_deadlines_within_the_window_move_and_marks_follow(
    course: Course, lecturer: Client
) -> None:
    inside = course.assignments.get()
    student = student_of(inside)
    attempt(inside, student, "75", 20)
    marked(inside, student)
    make_assignment(
        course=course, due_at=DUE - 20 * HOUR, closes_at=None, title="Before"
    )
    hidden = make_assignment(
        course=course, due_at=DUE, closes_at=None, title="Secret", hidden=True
    )
    assert move(lecturer, course).status_code == 302
    due = dict(course.assignments.values_list("title", "due_at"))
    assert due == {
        "In": DUE + 30 * HOUR,
        "Before": DUE - 20 * HOUR,
        "Secret": DUE + 30 * HOUR,
    }
    inside.refresh_from_db()
    assert inside.closes_at == DUE + 130 * HOUR
    assert Mark.objects.get().final_points == 75
    notice = Announcement.objects.get()
    assert notice.is_mailed
    assert notice.body.startswith("No power.")
    assert "In: Wed 10 Mar 2027, 00:00 GMT" in notice.body
    assert hidden.title not in notice.body


def test_no_own_deadline_stays_within_the_window(
    course: Course, lecturer: Client
) -> None:
    before: Assignment = make_assignment(
        course=course,
        due_at=DUE - 20 * HOUR,
        closes_at=None,
        release_at=DUE - 120 * HOUR,
        title="Before",
    )
    extended, accommodated = student_of(before), student_of(before)
    ExtensionFactory.create(assignment=before, student=extended, due_at=DUE)
    AccommodationFactory.create(course=course, student=accommodated, percent=25)
    answer = move(lecturer, course)
    assert answer.status_code == 302
    due = dict(Extension.objects.values_list("student", "due_at"))
    assert due == {extended.pk: DUE + 30 * HOUR, accommodated.pk: DUE + 35 * HOUR}
    told = CourseChange.objects.filter(kind="extension")
    assert {change.student for change in told} == {extended, accommodated}


def test_what_has_changed_since_the_preview_is_refused(
    course: Course, lecturer: Client
) -> None:
    for changed, part in (
        ({"digest": "x"}, "has changed since you saw this page"),
        ({"marks": "x"}, "is no longer what you saw"),
        ({"reason": " "}, "Give a reason"),
        ({"hours": 0}, "greater than or equal to 1"),
        ({"ends_at": "2027-03-08T11:00"}, "later than the start"),
        ({"starts_at": "2027-03-09T11:00"}, "No deadline"),
    ):
        answer = move(lecturer, course, **changed)
        assert answer.status_code == 422
        assert part in words(answer)
    assert course.assignments.get().due_at == DUE
    assert not Announcement.objects.exists()
