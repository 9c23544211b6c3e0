"""Runs: their state, and the part of their results that the reader may see."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from courses.models import Assignment, Question
from grading.models import GradingRun
from tests.api.asking import content, get, rows, session_of
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    QuestionFactory,
    QuestionResultFactory,
    SubmissionFactory,
    hours,
    store_text,
)

pytestmark = pytest.mark.django_db


def checks(visibility: str) -> list[dict[str, str]]:
    hidden = {"name": "hidden_check", "points": "3", "visibility": visibility}
    return [{**hidden, "description": "The hidden description."}]


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create()


@pytest.fixture
def run(assignment: Assignment) -> GradingRun:
    """Return a finished run: 2 points shown, and 3 of a check that is still hidden."""
    question = QuestionFactory.create(
        revision=assignment.revision,
        key="hidden",
        points=Decimal(3),
        checks=checks("after_release"),
        position=1,
    )
    run = GradingRunFactory.create(
        submission__assignment=assignment, finished=True, automatic_points=Decimal(5)
    )
    shown = question.revision.questions.get(key="answer")
    QuestionResultFactory.create(run=run, question=shown)
    passed = {"name": "hidden_check", "score": 1.0, "points": "3", "message": "passed"}
    QuestionResultFactory.create(
        run=run, question=question, points=Decimal(3), checks=[passed]
    )
    return run


def author_of(run: GradingRun) -> User:
    return run.work.author


def read(user: User, run: GradingRun) -> dict[str, Any]:
    return dict(get(user, f"runs/{run.pk}/"))


def test_author_reads_the_points_that_are_shown(run: GradingRun) -> None:
    results = read(author_of(run), run)["results"]
    assert (results["earned"], results["shown_points"]) == ("2.00", "2.00")
    assert results["points"] == "5.00"
    assert results["hidden"] == [
        {"visibility": "after_release", "points": "3.00", "checks": 1}
    ]


def test_hidden_check_is_nowhere_in_the_authors_answer(run: GradingRun) -> None:
    answer = session_of(author_of(run)).get(f"/api/v1/runs/{run.pk}/")
    assert b"hidden_check" not in answer.content
    assert b"hidden description" not in answer.content
    hidden = answer.json()["results"]["questions"][1]
    assert (hidden["outcome"], hidden["earned"]) == ("hidden", "0.00")


def test_total_that_would_tell_the_hidden_points_is_left_out(run: GradingRun) -> None:
    answer = read(author_of(run), run)
    assert "automatic_points" not in answer
    assert answer["results"]["earned"] == "2.00"


def test_staff_read_everything(run: GradingRun, assignment: Assignment) -> None:
    assistant = EnrolmentFactory.create(course=assignment.course, assistant=True).user
    results = read(assistant, run)["results"]
    assert results["earned"] == "5.00"
    assert results["questions"][1]["checks"][0]["name"] == "hidden_check"


def test_author_reads_the_hidden_check_once_marks_are_released(
    run: GradingRun, assignment: Assignment
) -> None:
    assignment.due_at = hours(-2)
    assignment.marks_released_at = hours(-1)
    assignment.save()
    assert read(author_of(run), run)["results"]["earned"] == "5.00"


def test_check_that_is_never_shown_stays_hidden(
    run: GradingRun, assignment: Assignment
) -> None:
    Question.objects.filter(key="hidden").update(checks=checks("never"))
    assignment.due_at = hours(-2)
    assignment.marks_released_at = hours(-1)
    assignment.save()
    assert "hidden_check" not in str(read(author_of(run), run))


def test_a_run_that_failed_through_our_fault_says_when_it_is_tried_again(
    assignment: Assignment,
) -> None:
    run = GradingRunFactory.create(
        submission__assignment=assignment, put_back_count=1, not_before=hours(1)
    )
    answer = read(author_of(run), run)
    assert answer["place"]["tries_again_at"] is not None
    assert answer["place"]["is_paused"] is False
    assert "tries again by itself" in answer["message"]["text"]


def test_an_unchanged_run_is_not_sent_again(assignment: Assignment) -> None:
    run = GradingRunFactory.create(submission__assignment=assignment)
    client, path = session_of(author_of(run)), f"/api/v1/runs/{run.pk}/"
    first = client.get(path)
    assert first.json()["poll_seconds"] == 2
    headers = {"If-None-Match": first["ETag"]}
    again = client.get(path, headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    GradingRun.objects.update(state="cancelled", finished_at=hours(0))
    changed = client.get(path, headers=headers)
    assert changed.status_code == 200
    assert changed.json()["poll_seconds"] is None


def test_queued_run_has_its_place_in_the_queue(assignment: Assignment) -> None:
    first = GradingRunFactory.create(submission__assignment=assignment)
    second = GradingRunFactory.create(submission__assignment=assignment)
    places = [read(author_of(run), run)["place"]["position"] for run in (first, second)]
    assert places == [1, 2]


def test_running_run_shows_its_progress_but_no_check_results() -> None:
    shown = {
        "cell": 3,
        "cells": 9,
        "tail": "epoch 1",
        "seconds": 1.5,
        "memory_bytes": 1000,
        "is_checking": False,
    }
    found = {"key": "answer", "outcome": "passed", "checks": [], "seconds": 1}
    run = GradingRunFactory.create(
        running=True, progress={**shown, "questions": [found]}
    )
    answer = read(author_of(run), run)
    assert answer["progress"] == shown
    assert answer["place"] is None


def test_finished_run_says_how_it_ended_in_words(run: GradingRun) -> None:
    answer = read(author_of(run), run)
    assert (answer["state"], answer["verdict"]) == ("finished", "completed")
    assert answer["message"]["title"] == "Ran to the end"
    assert answer["progress"] is None


def test_run_that_failed_by_our_fault_says_so() -> None:
    run = GradingRunFactory.create(needs_staff=True)
    message = read(author_of(run), run)["message"]
    assert "Our fault" in message["title"]


def test_worker_lease_and_raw_columns_are_not_shown(run: GradingRun) -> None:
    course = run.work.assignment.course
    assistant = EnrolmentFactory.create(course=course, assistant=True).user
    for user in (author_of(run), assistant):
        answer = read(user, run)
        assert not {"worker", "lease_token", "detail", "executed_sha256"} & set(answer)


def test_executed_notebook_is_downloaded(run: GradingRun) -> None:
    run.executed_sha256 = store_text('{"cells": []}')[0]
    run.save()
    url = read(author_of(run), run)["notebook_url"]
    answer = session_of(author_of(run)).get(url)
    assert content(answer) == b'{"cells": []}'


def test_run_without_an_executed_notebook_has_none(run: GradingRun) -> None:
    assert read(author_of(run), run)["notebook_url"] is None
    path = f"/api/v1/runs/{run.pk}/notebook/"
    assert session_of(author_of(run)).get(path).status_code == 404


def test_list_has_no_results(run: GradingRun) -> None:
    (row,) = rows(author_of(run), "runs/")
    assert row["id"] == str(run.pk)
    assert not {"results", "progress", "message"} & set(row)


def test_runs_are_filtered_by_assignment_and_submission(run: GradingRun) -> None:
    submission = run.work
    user = submission.author
    other = AssignmentFactory.create()
    EnrolmentFactory.create(course=other.course, user=user)
    GradingRunFactory.create(
        submission=SubmissionFactory.create(assignment=other, author=user)
    )
    queries: list[dict[str, object]] = [
        {"submission": submission.pk},
        {"assignment": submission.assignment_id},
        {"course": submission.assignment.course.slug},
        {"state": "finished", "verdict": "completed"},
    ]
    assert len(rows(user, "runs/")) == 2
    for query in queries:
        assert [row["id"] for row in rows(user, "runs/", **query)] == [str(run.pk)]


@pytest.mark.parametrize("query", [{"state": "asleep"}, {"submission": "7"}])
def test_invalid_filter_is_an_error(run: GradingRun, query: dict[str, str]) -> None:
    answer = session_of(author_of(run)).get("/api/v1/runs/", query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] in query
