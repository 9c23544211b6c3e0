"""Checking work by the form, the page of the check, and handing in from there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from courses.models import Assignment
from formats.choices import Counting
from grading.models import GradingRun, SelfCheck
from submissions.models import Submission
from tests.factories import (
    AssignmentFactory,
    QuestionResultFactory,
    SelfCheckFactory,
    SelfCheckRunFactory,
    hours,
    store_text,
)
from tests.grading.pages import (
    add_question,
    downloaded,
    finished_run,
    form,
    signed_in,
    staff_of,
    student_of,
    words,
)

pytestmark = pytest.mark.django_db
SCRIPTED = {"X-Requested-With": "XMLHttpRequest"}


@pytest.fixture(autouse=True)
def no_throttle() -> None:
    cache.clear()


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create(self_check_limit=2)


@pytest.fixture
def student(assignment: Assignment) -> User:
    return student_of(assignment)


@pytest.fixture
def client(student: User) -> Client:
    return signed_in(student)


def finished_check(assignment: Assignment, student: User, **fields: Any) -> SelfCheck:
    check: SelfCheck = SelfCheckFactory.create(assignment=assignment, author=student)
    run = SelfCheckRunFactory.create(
        self_check=check,
        finished=True,
        measures={"seconds": 4, "checking_seconds": 99},
        **fields,
    )
    answer = run.revision.questions.get(key="answer")
    QuestionResultFactory.create(run=run, question=answer)
    return check


def test_the_form_says_how_many_are_left_and_checks(
    assignment: Assignment, client: Client
) -> None:
    page = assignment.get_absolute_url()
    assert "Check my work 2 of 2 left." in words(client.get(page))
    sent = form(declaration=None)
    answer = client.post(f"{page}check/", sent)
    check = SelfCheck.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, check.get_absolute_url())
    assert "Place in the queue Next" in words(client.get(check.get_absolute_url()))
    text = words(client.get(page))
    assert "1 of 2 left, one more at" in text
    assert "Your checks" in text
    assert not Submission.objects.exists()


def test_a_refused_check_says_that_nothing_was_handed_in(
    assignment: Assignment, client: Client
) -> None:
    address = f"{assignment.get_absolute_url()}check/"
    answer = client.post(address, form(**{"file:work.ipynb": None}), headers=SCRIPTED)
    assert answer.status_code == 422
    assert "Not checked Correct one problem first. Nothing was handed in." in words(
        answer
    )
    Assignment.objects.update(self_check_limit=1)
    for key, status in (("a" * 32, 200), ("b" * 32, 422)):
        sent = form(idempotency_key=key)
        answer = client.post(address, sent, headers=SCRIPTED)
        assert answer.status_code == status
    assert "You have no check of this coursework left for now." in words(answer)
    assert 'aria-describedby="checks-left" disabled' in answer.content.decode()


def test_where_it_is_off_nothing_is_offered(
    assignment: Assignment, client: Client
) -> None:
    Assignment.objects.update(self_check_limit=0)
    page = assignment.get_absolute_url()
    assert "Check my work" not in words(client.get(page))
    answer = client.post(f"{page}check/", form())
    assert "This coursework has no checks before handing in." in words(answer)


def test_the_page_shows_only_what_is_shown_at_once(
    assignment: Assignment, student: User, client: Client
) -> None:
    add_question(assignment, "after_release")
    check = finished_check(assignment, student)
    answer = client.get(check.get_absolute_url())
    text = words(answer)
    assert "2 of 2 points" in text
    assert "The answer is 42." in text
    assert "The harder one" not in text
    assert "hidden" not in text
    assert "99 s" not in text
    status = f"{check.get_absolute_url()}status/"
    first = client.get(status)
    assert "run-side" in first.content.decode()
    again = client.get(status, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    listed = words(client.get(assignment.get_absolute_url()))
    assert "Ran to the end 2 / 2" in listed


def test_our_fault_is_told_and_the_check_is_back(
    assignment: Assignment, student: User, client: Client
) -> None:
    check = SelfCheckFactory.create(assignment=assignment, author=student)
    SelfCheckRunFactory.create(self_check=check, failed=True)
    text = words(client.get(check.get_absolute_url()))
    assert "Our fault: not checked" in text
    assert "You have this check back." in text


def test_the_files_are_handed_in_from_the_page(
    assignment: Assignment, student: User, client: Client
) -> None:
    finished_run(assignment, student)
    Assignment.objects.update(max_attempts=2, due_at=hours(-1), closes_at=hours(1))
    check = finished_check(assignment, student)
    page = check.get_absolute_url()
    text = words(client.get(page))
    assert "1 of 2 attempts left" in text
    assert "The deadline has passed" in text
    assert "This will replace your" in text
    answer = client.post(f"{page}hand-in/")
    assert answer.status_code == 422
    assert "Confirm that this is your own, unaided work." in words(answer)
    answer = client.post(f"{page}hand-in/", {"declaration": "yes"})
    run = GradingRun.objects.get(submission__attempt=2)
    assert answer["Location"] == run.get_absolute_url()
    text = words(client.get(page))
    assert "Handed in as attempt 2" in text
    assert "Hand this in" not in text


def test_a_check_can_be_stopped_and_its_notebook_downloaded(
    assignment: Assignment, student: User, client: Client
) -> None:
    waiting = SelfCheckFactory.create(assignment=assignment, author=student)
    SelfCheckRunFactory.create(self_check=waiting)
    page = waiting.get_absolute_url()
    assert client.get(f"{page}notebook/").status_code == 404
    assert client.post(f"{page}cancel/")["Location"] == page
    assert "Stopped" in words(client.get(page))
    done = finished_check(assignment, student, executed_sha256=store_text("{}")[0])
    answer = client.get(f"{done.get_absolute_url()}notebook/")
    assert downloaded(answer) == b"{}"
    assert 'filename="work-check.ipynb"' in answer["Content-Disposition"]


def test_staff_see_how_many_and_what_they_used(
    assignment: Assignment, student: User
) -> None:
    finished_check(assignment, student, cpu_seconds=90)
    use = f"/courses/{assignment.course.slug}/manage/use"
    staff = signed_in(staff_of(assignment))
    text = words(staff.get(f"{use}/"))
    assert "CPU time of checks 1 min 30 s in 1 check" in text
    table = staff.get(f"{use}.csv").content.decode("utf-8-sig").splitlines()
    assert table[1].endswith(",1,90.0,0.0,checks")


def test_checks_cost_the_page_few_queries(
    assignment: Assignment,
    student: User,
    client: Client,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    Assignment.objects.update(counting=Counting.BEST)
    for _ in range(6):
        check = finished_check(assignment, student)
    with assert_max_queries(30):
        client.get(assignment.get_absolute_url())
    with assert_max_queries(12):
        client.get(f"{check.get_absolute_url()}status/")
