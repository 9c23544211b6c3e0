"""Regrade requests in the API: asking, answering, and what each person is shown."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiToken
from courses.models import Assignment
from grading.models import Mark, RegradeRequest
from tests.api.asking import READ, ROOT, SUBMIT, bearer, codes, rows, session_of
from tests.grading.feedback_world import KEY, FeedbackWorld, feedback_world

pytestmark = pytest.mark.django_db
URL = f"{ROOT}regrade-requests/"
MARK = ApiToken.Scope.MARK


@pytest.fixture
def world() -> FeedbackWorld:
    world = feedback_world()
    world.mark(world.run, "Clear", "Wrong sign", cell_comments={1: "Here."})
    world.release()
    return world


def ask(world: FeedbackWorld, key: str = KEY) -> Any:
    return session_of(world.student).post(
        URL,
        {"assignment": world.assignment.pk, "question": key, "reason": "Look."},
        content_type="application/json",
    )


def test_a_student_asks_and_a_marker_marks_again(world: FeedbackWorld) -> None:
    asked = ask(world)
    assert asked.status_code == 201
    row = asked.json()
    assert (row["question"], row["points_before"]) == (KEY, "3.00")
    assert row["student"] == world.student.pk
    assert codes(ask(world)) == {("request_refused", None)}
    client = session_of(world.marker)
    body: dict[str, Any] = {
        "answer": "You are right.",
        "marking": {"items": [world.items["Clear"].pk], "version": 9},
    }
    where = f"{URL}{row['id']}/answer/"
    stale = client.post(where, body, content_type="application/json")
    assert stale.status_code == 409
    body["marking"]["version"] = 1
    done = client.post(where, body, content_type="application/json")
    assert done.status_code == 200
    assert done.json()["answered_by"] == world.marker.name
    assert world.rubric.markings.get().cell_comments.get().text == "Here."
    assert client.post(where, body, content_type="application/json").status_code == 409
    (seen,) = rows(world.student, "regrade-requests/", state="changed")
    assert (seen["points_after"], seen["answer"]) == ("4.00", "You are right.")
    # Students are not told who marks.
    assert seen["answered_by"] is None


def test_points_are_added_and_tokens_need_their_scope(world: FeedbackWorld) -> None:
    where = f"{URL}{ask(world, 'answer').json()['id']}/answer/"
    for scopes, status in (((READ, SUBMIT), 403), ((READ, MARK), 200)):
        answer = Client(headers=bearer(world.marker, *scopes)).post(
            where,
            {"answer": "Too much.", "points": "-0.5"},
            content_type="application/json",
        )
        assert answer.status_code == status
    assert Mark.objects.get().adjustment == Decimal("-0.5")


def test_an_anonymous_request_does_not_tell_whose_it_is(world: FeedbackWorld) -> None:
    ask(world)
    reason = f"Look. Regards, {world.student.name}"
    RegradeRequest.objects.update(reason=reason)
    Assignment.objects.update(marking_is_anonymous=True)
    (own,) = rows(world.student, "regrade-requests/")
    assert own["reason"] == reason
    assert own["student"] == world.student.pk
    for person in (world.marker, world.lecturer):
        (row,) = rows(person, "regrade-requests/", assignment=world.assignment.pk)
        assert (row["student"], row["submission"]) == (None, None)
        assert row["reason"] == "Look. Regards, [name]"
        assert row["student_code"] == own["student_code"]
        assert len(row["student_code"]) == 6
