"""Checks before handing in, by the API: ask, follow, hand in."""

from typing import Any

import pytest
from django.core.cache import cache

from accounts.models import User
from accounts.throttles import SelfCheckThrottle
from courses.models import Assignment
from grading.models import SelfCheck
from tests.api.asking import (
    READ,
    ROOT,
    bearer,
    codes,
    content,
    get,
    notebook_file,
    rows,
    session_of,
)
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    QuestionResultFactory,
    SelfCheckFactory,
    SelfCheckRunFactory,
    store_text,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_throttle() -> None:
    cache.clear()


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create(self_check_limit=1)


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


def ask(user: User, assignment: Assignment, **headers: str) -> Any:
    form = {"assignment": assignment.pk, "work.ipynb": notebook_file()}
    return session_of(user).post(f"{ROOT}self-checks/", form, headers=headers)


def test_a_check_is_asked_for_and_followed(
    assignment: Assignment, student: User
) -> None:
    answer = ask(student, assignment)
    assert answer.status_code == 201
    body = answer.json()
    assert answer["Location"] == body["url"]
    assert (body["state"], body["place"]["position"]) == ("queued", 1)
    assert body["message"]["title"] == "In the queue"
    assert (body["rate"]["limit"], body["rate"]["left"]) == (1, 0)
    assert body["rate"]["next_at"] is not None
    assert body["results"] is None
    assert codes(ask(student, assignment)) == {
        ("no_self_check_left", "non_field_errors")
    }
    (row,) = rows(student, "self-checks/", assignment=assignment.pk)
    assert (row["id"], "results" in row) == (body["id"], False)


def test_the_same_key_asks_once(assignment: Assignment, student: User) -> None:
    first, again = (
        ask(student, assignment, **{"Idempotency-Key": "one"}) for _ in range(2)
    )
    assert first.json()["id"] == again.json()["id"]
    assert SelfCheck.objects.count() == 1


def test_a_finished_check_has_results_and_is_handed_in(
    assignment: Assignment, student: User
) -> None:
    check = SelfCheckFactory.create(assignment=assignment, author=student)
    run = SelfCheckRunFactory.create(
        self_check=check, finished=True, executed_sha256=store_text("{}")[0]
    )
    QuestionResultFactory.create(run=run)
    body = get(student, f"self-checks/{check.pk}/")
    assert (body["results"]["earned"], body["results"]["points"]) == ("2.00", "2.00")
    assert body["results"]["hidden"] == []
    client = session_of(student)
    assert content(client.get(body["notebook_url"])) == b"{}"
    address = f"{ROOT}self-checks/{check.pk}/hand-in/"
    json = "application/json"
    assert codes(client.post(address, {}, json)) == {("required", "declaration")}
    answers = [client.post(address, {"declaration": True}, json) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    receipt, again = (answer.json()["submission"] for answer in answers)
    assert receipt["id"] == again["id"]
    assert receipt["files"][0]["sha256"] == body["files"][0]["sha256"]
    body = get(student, f"self-checks/{check.pk}/")
    assert body["submission"] == receipt["id"]


def test_a_token_that_reads_cannot_check(
    assignment: Assignment, student: User, client: Any
) -> None:
    form = {"assignment": assignment.pk, "work.ipynb": notebook_file()}
    address = f"{ROOT}self-checks/"
    answer = client.post(address, form, headers=bearer(student, READ))
    assert (answer.status_code, codes(answer)) == (403, {("scope_missing", None)})


def test_asking_very_often_is_refused(
    assignment: Assignment, student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SelfCheckThrottle, "rate", "1/hour")
    assert ask(student, assignment).status_code == 201
    assert ask(student, assignment).status_code == 429
