"""The page that starts a regrade shows what would run, and asks why."""

import pytest
from django.test import Client

from courses.models import Assignment
from grading.models import Regrade
from tests.grading.pages import signed_in, words
from tests.grading.test_regrades import graded_assignment, lecturer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return graded_assignment()


@pytest.fixture
def page(assignment: Assignment) -> Client:
    return signed_in(lecturer_of(assignment))


def address(assignment: Assignment) -> str:
    return f"{assignment.get_absolute_url()}staff/regrade/"


def test_known_results_are_counted_and_the_regrade_is_started(
    page: Client, assignment: Assignment
) -> None:
    assert "Results known already 1" in words(page.get(address(assignment)))
    given = {"reason": "x", "again": "on"}
    answer = page.post(address(assignment), given, follow=True)
    assert answer.redirect_chain == [(Regrade.objects.get().get_absolute_url(), 302)]
    assert 'data-poll="3"' in answer.content.decode()


def test_a_regrade_without_a_reason_is_not_started(
    page: Client, assignment: Assignment
) -> None:
    assert page.post(address(assignment), {"reason": " "}).status_code == 422
    assert not Regrade.objects.exists()
