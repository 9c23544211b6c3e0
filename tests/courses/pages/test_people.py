"""The page of people is for staff; only editors can change anything there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from courses.models import Course, Enrolment
from formats.choices import Role
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db
Limit = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(slug="dl")


@pytest.fixture
def lecturer(course: Course) -> User:
    user = UserFactory.create(first_name="Lea", last_name="Turer")
    return EnrolmentFactory.create(course=course, user=user, lecturer=True).user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, **query: Any) -> str:
    answer = client_of(user).get("/courses/dl/people/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def person(course: Course, name: str, **fields: Any) -> Enrolment:
    first, last = name.split()
    user = UserFactory.create(
        first_name=first, last_name=last, email=f"{first}@x.org".lower(), login=last
    )
    return EnrolmentFactory.create(course=course, user=user, **fields)


def change(user: User, row: Enrolment, **form: str) -> Any:
    form = {"enrolment": str(row.pk), **form}
    return client_of(user).post("/courses/dl/people/role/", form)


def test_people_who_left_are_not_listed(course: Course, lecturer: User) -> None:
    person(course, "Una Byrne", module_code="97111")
    person(course, "Gone Away", left=True)
    text = page(lecturer)
    assert "Una Byrne" in text
    assert "una@x.org" in text
    assert "97111" in text
    assert "Gone Away" not in text
    assert "Gone Away" in page(lecturer, show="inactive")


@pytest.mark.parametrize("q", ["una", "BYRNE", "una byrne", "una@x", "byrne una"])
def test_search_is_by_name_address_and_login(
    course: Course, lecturer: User, q: str
) -> None:
    person(course, "Una Byrne")
    person(course, "Sam Okafor")
    text = page(lecturer, q=q)
    assert "Una Byrne" in text
    assert "Okafor" not in text


def test_people_are_filtered_by_role(course: Course, lecturer: User) -> None:
    person(course, "Una Byrne")
    person(course, "Theo Marchetti", assistant=True)
    text = page(lecturer, show="assistant")
    assert "Theo Marchetti" in text
    assert "Una Byrne" not in text
    assert "Students (1)" in text


@pytest.mark.parametrize(
    "query", [{"page": "x"}, {"page": "99"}, {"show": "king"}, {"q": "\0%_'"}]
)
def test_odd_query_is_no_error(
    course: Course, lecturer: User, query: dict[str, str]
) -> None:
    page(lecturer, **query)


def test_many_people_take_few_queries(
    course: Course, lecturer: User, assert_max_queries: Limit
) -> None:
    EnrolmentFactory.create_batch(60, course=course)
    client = client_of(lecturer)
    with assert_max_queries(10):
        answer = client.get("/courses/dl/people/", {"q": "ada", "page": "2"})
    assert "Page 2 of 2" in answer.content.decode()


def test_assistants_see_the_page_without_actions(course: Course) -> None:
    row = person(course, "Theo Marchetti", assistant=True)
    text = page(row.user)
    assert "Theo Marchetti" in text
    assert "/people/role/" not in text
    assert "roster" not in text


def test_editor_changes_a_role_and_comes_back_to_the_list(
    course: Course, lecturer: User
) -> None:
    row = person(course, "Una Byrne")
    client = client_of(lecturer)
    page_of = client.get("/courses/dl/people/", {"q": "una b", "show": "student"})
    assert "/people/role/?q=una+b&amp;show=student&amp;page=1" in str(page_of.content)
    answer = client.post(
        "/courses/dl/people/role/?q=una+b&show=student",
        {"enrolment": row.pk, "role": "assistant"},
    )
    assert answer.headers["Location"] == "/courses/dl/people/?q=una+b&show=student"
    row.refresh_from_db()
    assert row.role == Role.ASSISTANT


def test_editor_makes_somebody_inactive_and_active_again(
    course: Course, lecturer: User
) -> None:
    row = person(course, "Una Byrne")
    for value, is_active in (("0", False), ("1", True)):
        change(lecturer, row, active=value, role="lecturer")
        row.refresh_from_db()
        assert (row.role, row.is_active) == ("student", is_active)


def test_last_lecturer_cannot_be_removed_and_is_told_why(
    course: Course, lecturer: User
) -> None:
    client = client_of(lecturer)
    row = lecturer.enrolments.get()
    form = {"enrolment": row.pk, "active": "0"}
    answer = client.post("/courses/dl/people/role/", form, follow=True)
    assert "A course needs at least one lecturer." in answer.content.decode()


def test_lecturer_who_leaves_is_sent_to_another_page(
    course: Course, lecturer: User
) -> None:
    person(course, "Lin Other", lecturer=True)
    answer = change(lecturer, lecturer.enrolments.get(), active="0")
    assert answer.headers["Location"] == "/"


def test_person_of_another_course_is_not_found(lecturer: User) -> None:
    assert (
        change(lecturer, EnrolmentFactory.create(), role="student").status_code == 404
    )


@pytest.mark.parametrize(
    "form", [{"role": "king"}, {"active": "x"}, {"enrolment": "x"}, {"enrolment": "-1"}]
)
def test_bad_form_changes_nothing(
    course: Course, lecturer: User, form: dict[str, str]
) -> None:
    row = person(course, "Una Byrne")
    answer = client_of(lecturer).post(
        "/courses/dl/people/role/", {"enrolment": row.pk, **form}, follow=True
    )
    assert "Nothing was changed." in answer.content.decode()


# --- Invitations --------------------------------------------------------------


def newcomer(course: Course, name: str) -> Enrolment:
    user = User.objects.create_user(f"{name}@x.org", first_name=name)
    row: Enrolment = EnrolmentFactory.create(course=course, user=user)
    return row


def invite(user: User, **form: Any) -> None:
    answer = client_of(user).post("/courses/dl/people/invite/", form)
    assert answer.status_code == 302


def test_people_who_were_not_invited_are_counted_and_can_be_invited(
    course: Course, lecturer: User
) -> None:
    rows = [newcomer(course, name) for name in ("una", "bo")]
    assert "2 people have never signed in, and got no mail" in page(lecturer)
    invite(lecturer)
    for row in rows:
        row.refresh_from_db()
        assert row.invitation_due_at is not None
    html = page(lecturer)
    assert "have never signed in, and got no mail" not in html
    assert html.count("Invitation will be sent soon") == 2


def test_one_person_can_be_invited_again(course: Course, lecturer: User) -> None:
    row = newcomer(course, "una")
    course.enrolments.filter(pk=row.pk).update(invited_at=timezone.now())
    assert 'aria-label="Invite una again"' in page(lecturer)
    invite(lecturer)
    row.refresh_from_db()
    assert row.invitation_due_at is None
    invite(lecturer, enrolment=row.pk)
    row.refresh_from_db()
    assert row.invitation_due_at is not None


def test_person_who_has_signed_in_is_not_invited(
    course: Course, lecturer: User
) -> None:
    row = person(course, "Una Sam")
    invite(lecturer, enrolment=row.pk)
    row.refresh_from_db()
    assert row.invitation_due_at is None
    assert "Invite Una Sam" not in page(lecturer)


def test_people_who_never_signed_in_can_be_listed(
    course: Course, lecturer: User
) -> None:
    newcomer(course, "una")
    html = page(lecturer, show="new")
    assert "una@x.org" in html
    assert "Lea Turer" not in html.partition("<table")[2]


def test_assistants_see_no_button_to_invite(course: Course) -> None:
    newcomer(course, "una")
    assistant = EnrolmentFactory.create(course=course, assistant=True).user
    assert "people/invite/" not in page(assistant)
