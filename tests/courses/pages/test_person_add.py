"""One person is added to a course by email address."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Course, CourseChange, Enrolment
from formats.choices import Role
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    """Give a course with people who come before and after the new one in the plan."""
    made = CourseFactory.create()
    EnrolmentFactory.create(course=made, user__first_name="Aa", user__email="a@x.org")
    EnrolmentFactory.create(course=made, user__first_name="Zz", user__email="z@x.org")
    return made


@pytest.fixture
def lecturer(course: Course) -> Client:
    client = Client()
    client.force_login(EnrolmentFactory.create(course=course, lecturer=True).user)
    return client


def add(lecturer: Client, course: Course, email: str, **given: str) -> Any:
    form = {"email": email, "role": Role.STUDENT, **given}
    url = reverse("courses:person-add", args=[course.slug])
    return lecturer.post(url, form, follow=True)


def told(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def test_new_person_gets_an_account_and_is_invited(
    lecturer: Client, course: Course
) -> None:
    answer = add(lecturer, course, "New@X.org", first_name="Noor", invite="on")
    assert told(answer)[0] == "Noor is in the course: Student."
    assert Enrolment.objects.get(user__email="new@x.org").course == course
    assert told(answer)[1] == "They get a mail that says how to sign in."


def test_person_already_in_the_course_is_named(
    lecturer: Client, course: Course
) -> None:
    user = UserFactory.create(first_name="Mia", last_name="Stone", email="Mia@x.org")
    EnrolmentFactory.create(course=course, user=user)
    answer = add(lecturer, course, "mia@x.org")
    assert told(answer) == ["Mia Stone is in the course already: Student."]


def test_person_with_an_account_keeps_their_name(
    lecturer: Client, course: Course
) -> None:
    UserFactory.create(first_name="Mia", last_name="Stone", email="mia@x.org")
    add(lecturer, course, "mia@x.org", first_name="Other", last_name="Person")
    assert User.objects.get(email="mia@x.org").name == "Mia Stone"
    change = CourseChange.objects.get(kind=CourseChange.Kind.ROSTER)
    assert change.summary == "mia@x.org (Mia Stone) was added by address: Student."


def test_person_with_another_role_gets_the_new_one(
    lecturer: Client, course: Course
) -> None:
    EnrolmentFactory.create(course=course, user__email="mia@x.org")
    add(lecturer, course, "mia@x.org", role=Role.ASSISTANT)
    assert Enrolment.objects.get(user__email="mia@x.org").role == Role.ASSISTANT


def test_invalid_address_is_refused_in_words(lecturer: Client, course: Course) -> None:
    answer = add(lecturer, course, "nobody")
    assert answer.status_code == 422
    assert "email" in answer.context["form"].errors
    assert Enrolment.objects.filter(course=course).count() == 3


@pytest.mark.parametrize("role", [Role.STUDENT, Role.ASSISTANT])
def test_only_editors_add_a_person(course: Course, role: Role) -> None:
    client = Client()
    client.force_login(EnrolmentFactory.create(course=course, role=role).user)
    assert add(client, course, "new@x.org").status_code == 403
    assert not User.objects.filter(email="new@x.org").exists()
