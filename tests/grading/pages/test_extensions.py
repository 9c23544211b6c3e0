"""An extension is granted, moved and withdrawn on a page, and its student sees it."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Assignment, Course, CourseChange, Extension
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    UserFactory,
    hours,
)

pytestmark = pytest.mark.django_db
DUE = dt.datetime(2027, 3, 12, 19, tzinfo=dt.UTC)


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(time_zone="America/New_York")


@pytest.fixture
def assignment(course: Course) -> Assignment:
    return AssignmentFactory.create(
        course=course, title="Task 1", due_at=DUE, release_at=hours(-1)
    )


@pytest.fixture
def page(course: Course) -> Client:
    client = Client()
    client.force_login(EnrolmentFactory.create(course=course, lecturer=True).user)
    return client


def address(assignment: Assignment) -> str:
    names = [assignment.course.slug, assignment.slug]
    return reverse("grading:extensions", args=names)


def grant(page: Client, assignment: Assignment, **form: object) -> Any:
    given = {"due_at": "2027-03-15T12:00", "reason": "ill", **form}
    return page.post(address(assignment), given)


def test_the_time_is_in_the_courses_zone(page: Client, assignment: Assignment) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    assert grant(page, assignment, student=student.pk).status_code == 302
    extension = Extension.objects.get()
    assert extension.due_at == dt.datetime(2027, 3, 15, 16, tzinfo=dt.UTC)
    assert "America/New_York" in page.get(address(assignment)).content.decode()


def test_a_second_extension_replaces_the_first(
    page: Client, assignment: Assignment
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    for day in (15, 16):
        grant(page, assignment, student=student.pk, due_at=f"2027-03-{day}T12:00")
    assert Extension.objects.get().due_at.day == 16
    assert CourseChange.objects.count() == 2


@pytest.mark.parametrize(
    ("due_at", "words"),
    [
        ("2027-03-01T12:00", "later than the common deadline"),
        ("2027-03-14T02:30", "has no 02:30 on Sun 14 Mar 2027"),
        ("soon", "valid date"),
    ],
)
def test_an_impossible_time_is_refused_in_words(
    page: Client, assignment: Assignment, due_at: str, words: str
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    answer = grant(page, assignment, student=student.pk, due_at=due_at)
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors["due_at"])
    assert not Extension.objects.exists()


def test_only_students_of_the_course_get_an_extension(
    page: Client, assignment: Assignment
) -> None:
    for other in (UserFactory.create(), EnrolmentFactory.create().user):
        assert grant(page, assignment, student=other.pk).status_code == 422
    assert not Extension.objects.exists()


def test_only_its_student_sees_the_extension_without_the_reason(
    page: Client, assignment: Assignment
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    other = EnrolmentFactory.create(course=assignment.course).user
    grant(page, assignment, student=student.pk, reason="a private matter")
    news = reverse("courses:news", args=[assignment.course.slug])
    read = {}
    for user in (student, other):
        client = Client()
        client.force_login(user)
        pages = [client.get(news), client.get("/"), client.get("/api/v1/changes/")]
        read[user] = " ".join(each.content.decode() for each in pages)
    assert read[student].count("Task 1 is due on Mon 15 Mar 2027, 12:00 EDT") == 3
    assert "Mon 15 Mar" not in read[other]
    assert "a private matter" not in "".join(read.values())


def test_after_withdrawal_the_common_deadline_holds_and_it_is_recorded(
    page: Client, assignment: Assignment
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    extension = ExtensionFactory.create(
        assignment=assignment, student=student, due_at=DUE + dt.timedelta(days=2)
    )
    names = [assignment.course.slug, assignment.slug, extension.pk]
    page.post(reverse("grading:extension-withdraw", args=names))
    assert not Extension.objects.exists()
    assert "Fri 12 Mar" in CourseChange.objects.get().after


def test_extensions_of_the_admin_are_recorded_too(assignment: Assignment) -> None:
    staff = UserFactory.create(site_staff=True)
    client = Client()
    client.force_login(staff)
    student = EnrolmentFactory.create(course=assignment.course).user
    form = {
        "assignment": assignment.pk,
        "student": student.pk,
        "due_at_0": "2027-03-15",
        "due_at_1": "12:00:00",
        "reason": "ill",
    }
    client.post(reverse("admin:courses_extension_add"), form)
    extension = Extension.objects.get()
    assert extension.granted_by == staff
    assert CourseChange.objects.get().student == student
    delete = reverse("admin:courses_extension_delete", args=[extension.pk])
    client.post(delete, {"post": "yes"})
    assert CourseChange.objects.count() == 2
