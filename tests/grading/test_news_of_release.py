"""Students read that marks are released once these are released to them."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment, CourseChange
from courses.pages.viewer import viewer_of
from grading.services.marks import recompute_mark
from grading.services.releasing import release_marks
from grading.services.visibility import student_mark
from portal.pages.home import news_of
from tests.api.asking import rows
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    ExtensionFactory,
    hours,
)
from tests.grading.pages import finished_run, signed_in, words

pytestmark = pytest.mark.django_db
NEWS = "are released"


@pytest.fixture
def assignment() -> Assignment:
    """Return coursework that has closed, whose marks are released now."""
    found: Assignment = AssignmentFactory.create(
        due_at=hours(-5), closes_at=hours(-5), release_at=hours(-50)
    )
    return found


def student_of(assignment: Assignment) -> User:
    student: User = EnrolmentFactory.create(course=assignment.course).user
    finished_run(assignment, student)
    recompute_mark(actor=student, assignment=assignment, student=student, reason="run")
    return student


def release(assignment: Assignment, at: dt.datetime | None = None) -> User:
    lecturer: User = EnrolmentFactory.create(
        course=assignment.course, lecturer=True
    ).user
    release_marks(
        actor=lecturer,
        assignment=assignment,
        at=at or timezone.now(),
        despite_problems=True,
    )
    return lecturer


def told(reader: User, assignment: Assignment) -> set[bool]:
    """Return whether each page and list tells the reader of the release."""
    course = assignment.course
    viewer = viewer_of(reader, course.slug, timezone.now())
    home = news_of({course.pk: viewer.course}, reader, timezone.now())
    news = signed_in(reader).get(reverse("courses:news", args=[course.slug]))
    return {
        any(NEWS in entry.title for entry in home),
        NEWS in words(news),
        any(NEWS in row["summary"] for row in rows(reader, "changes/")),
    }


def test_who_may_still_hand_in_is_not_told(assignment: Assignment) -> None:
    done, extended = student_of(assignment), student_of(assignment)
    ExtensionFactory.create(assignment=assignment, student=extended, due_at=hours(20))
    lecturer = release(assignment)
    assert told(done, assignment) == {True}
    assert told(extended, assignment) == {False}
    assert told(lecturer, assignment) == {True}
    for student, sees in ((done, True), (extended, False)):
        mark = student_mark(Assignment.objects.get(), student, timezone.now())
        assert mark is not None
        assert mark.is_provisional is not sees


def test_the_news_comes_when_the_marks_do(assignment: Assignment) -> None:
    """It was recorded a month before, and is new to this student."""
    student = student_of(assignment)
    own = ExtensionFactory.create(
        assignment=assignment, student=student, due_at=hours(20)
    )
    release(assignment, hours(-1))
    CourseChange.objects.filter(kind="release").update(made_at=hours(-24 * 30))
    course = assignment.course

    def entries() -> list[dt.datetime]:
        viewer = viewer_of(student, course.slug, timezone.now())
        found = news_of({course.pk: viewer.course}, student, timezone.now())
        return [entry.at for entry in found if NEWS in entry.title]

    assert entries() == []
    own.due_at = hours(-2)
    own.save()
    assert entries() == [own.due_at]


def test_a_late_period_for_all_keeps_it_back_from_all(assignment: Assignment) -> None:
    student = student_of(assignment)
    Assignment.objects.update(closes_at=hours(3))
    release(assignment)
    assert told(student, assignment) == {False}
    Assignment.objects.update(closes_at=hours(-1))
    assert told(student, assignment) == {True}
