"""Pages of the API's lists: rows, links and a count that stops at a limit."""

from typing import Any

import pytest
from django.test import Client

from accounts import bounded_count
from accounts.models import User
from courses.models import Course
from tests.api.asking import ROOT, get, session_of
from tests.factories import CourseFactory, EnrolmentFactory, WeekFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def student(course: Course) -> User:
    WeekFactory.create_batch(5, course=course)
    return EnrolmentFactory.create(course=course).user


def page(user: User, number: int, size: int = 2) -> Any:
    return get(user, "weeks/", page=number, page_size=size)


def test_pages_follow_each_other_and_leave_nothing_out(student: User) -> None:
    client, address, found = Client(), f"{ROOT}weeks/?page_size=2", []
    client.force_login(student)
    while address:
        answer = client.get(address).json()
        found += [row["number"] for row in answer["results"]]
        address = answer["next"]
    assert len(found) == len(set(found)) == 5


@pytest.mark.parametrize(
    ("number", "before", "after"), [(1, 0, 1), (2, 1, 1), (3, 1, 0)]
)
def test_a_page_links_to_its_neighbours(
    student: User, number: int, before: int, after: int
) -> None:
    found = page(student, number)
    assert [found["previous"] is not None, found["next"] is not None] == [before, after]
    assert found["count"] == 5


def test_a_full_last_page_has_no_next(student: User) -> None:
    assert page(student, 1, size=5)["next"] is None


def test_an_empty_list_has_one_empty_page(course: Course) -> None:
    nobody = EnrolmentFactory.create(course=course).user
    assert get(nobody, "weeks/") == {
        "count": 0,
        "next": None,
        "previous": None,
        "results": [],
    }


def test_a_long_list_is_not_counted(
    student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_count, "MOST_COUNTED", 4)
    found = page(student, 1)
    assert (found["count"], len(found["results"])) == (None, 2)
    assert found["next"].endswith("page=2&page_size=2")
    # The last page says how many rows there are without counting them.
    assert page(student, 3)["count"] == 5


def test_a_page_past_the_end_of_a_long_list_is_not_found(
    student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_count, "MOST_COUNTED", 4)
    answer = session_of(student).get(f"{ROOT}weeks/?page=9&page_size=2")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["detail"] == "There is no page 9."
