"""An accommodation is previewed, stored, told to its student alone, and withdrawn."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Accommodation, Assignment, Course, CourseChange
from grading.models import Mark
from tests.factories import (
    AccommodationFactory,
    EnrolmentFactory,
    UserFactory,
    hours,
)
from tests.grading.pages import signed_in, words
from tests.grading.test_late_marks import attempt, make_assignment, marked

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    """Return coursework that was released 100 hours before its deadline."""
    return make_assignment(release_at=hours(-148))


@pytest.fixture
def lecturer(assignment: Assignment) -> Client:
    row = EnrolmentFactory.create(course=assignment.course, lecturer=True)
    return signed_in(row.user)


def url_of(course: Course) -> str:
    return reverse("grading:accommodations", args=[course.slug])


def test_marks_that_would_change_are_shown_before_it_is_given_and_withdrawn(
    assignment: Assignment, lecturer: Client
) -> None:
    url, student = (
        url_of(assignment.course),
        EnrolmentFactory.create(course=assignment.course).user,
    )
    attempt(assignment, student, "75", 20)
    marked(assignment, student)
    assert Mark.objects.get().final_points == 40
    form = {"student": student.pk, "percent": 25, "reason": "a private matter"}
    answer = lecturer.post(url, form)
    assert "1 late attempt would be on time" in words(answer)
    assert not Accommodation.objects.exists()
    seen = answer.context["plan"].digest
    assert lecturer.post(url, {**form, "seen": seen}).status_code == 302
    mark = Mark.objects.get()
    assert mark.final_points == 75
    assert mark.changes.latest("pk").reason == "An accommodation was granted."
    withdraw = f"{url}{Accommodation.objects.get().pk}/withdraw/"
    answer = lecturer.post(withdraw)
    assert "1 attempt would become late" in words(answer)
    lecturer.post(withdraw, {"seen": answer.context["plan"].digest})
    assert Mark.objects.get().final_points == 40


def test_it_holds_for_later_coursework_and_only_its_student_reads_of_it(
    assignment: Assignment, lecturer: Client
) -> None:
    course = assignment.course
    student, other = (EnrolmentFactory.create(course=course).user for _ in range(2))
    form = {"student": student.pk, "hours": 5, "reason": "a private matter"}
    lecturer.post(url_of(course), form)
    later = make_assignment(course=course, due_at=hours(48), title="Later")
    page = words(signed_in(student).get(later.get_absolute_url()))
    assert "You have an accommodation in this course: 5 hours more" in page
    news = reverse("courses:news", args=[course.slug])
    read = {user: words(signed_in(user).get(news)) for user in (student, other)}
    assert "5 hours more for every deadline" in read[student]
    assert "5 hours more" not in read[other]
    assert "a private matter" not in "".join(read.values())
    assert CourseChange.objects.get().student == student


def test_the_list_takes_few_queries(
    assignment: Assignment,
    lecturer: Client,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    AccommodationFactory.create_batch(4, course=assignment.course)
    make_assignment(course=assignment.course)
    with assert_max_queries(9):
        answer = lecturer.get(url_of(assignment.course))
    assert [len(row.deadlines) for row in answer.context["rows"]] == [2, 2, 2, 2]


def test_what_the_admin_stores_and_deletes_is_recorded(assignment: Assignment) -> None:
    site_staff = signed_in(UserFactory.create(site_staff=True))
    student = EnrolmentFactory.create(course=assignment.course).user
    form = {"student": student.pk, "hours": 0, "percent": 25, "reason": "ill"}
    url = reverse("admin:courses_accommodation_add")
    site_staff.post(url, {**form, "course": assignment.course.pk})
    row = Accommodation.objects.get()
    delete = reverse("admin:courses_accommodation_delete", args=[row.pk])
    site_staff.post(delete, {"post": "yes"})
    assert CourseChange.objects.filter(student=student).count() == 2


@pytest.mark.parametrize(
    "wrong",
    [{}, {"hours": 1, "percent": 1}, {"percent": 301}, {"hours": 721}],
)
def test_one_of_hours_and_percent_is_needed(
    assignment: Assignment, lecturer: Client, wrong: dict[str, int]
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    form = {"student": student.pk, "reason": "x", **wrong}
    answer = lecturer.post(url_of(assignment.course), form)
    assert answer.status_code == 422
    assert not Accommodation.objects.exists()
