"""The page of a regrade follows its runs, and lets the result count."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from accounts.actors import SYSTEM
from courses.models import Assignment
from grading.services import enqueue_run
from tests.factories import SubmissionFactory
from tests.grading.pages import signed_in, words
from tests.grading.test_regrades import (
    graded_assignment,
    lecturer_of,
    start,
    work_off,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return graded_assignment()


def test_page_follows_the_runs_and_then_confirms_the_rerun(
    assignment: Assignment,
) -> None:
    address = start(assignment).get_absolute_url()
    client = signed_in(lecturer_of(assignment))
    assert 'data-poll="3"' in client.get(address).content.decode()
    work_off(1.0)
    page = client.get(address)
    assert "Confirm the new results" in words(page)
    digest = page.context["page"].digest
    done = client.post(f"{address}confirm/", {"digest": digest})
    assert "1 mark changed." in words(client.get(done["Location"]))


def test_queries_do_not_grow_with_students(
    assignment: Assignment,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    for _ in range(4):
        submission = SubmissionFactory.create(assignment=assignment)
        enqueue_run(actor=SYSTEM, submission=submission)
    work_off()
    regrade = start(assignment)
    client = signed_in(lecturer_of(assignment))
    with assert_max_queries(13):
        page = client.get(regrade.get_absolute_url())
    assert len(page.context["page"].lines) == 5
