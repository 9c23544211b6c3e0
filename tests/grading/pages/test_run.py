"""The run page: the run's state, how it ended, and the results that may be shown."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from accounts.models import User
from grading.models import GradingRun
from grading.states import Verdict
from runner.protocol.check_pictures import Picture
from runner.protocol.check_reports import CheckReport, Difference, Metric
from tests.api.asking import session_of
from tests.factories import (
    AssignmentFactory,
    GradingRunFactory,
    MarkFactory,
    RunEventFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.pages import (
    Answer,
    add_question,
    finished_run,
    signed_in,
    staff_of,
    student_of,
    words,
)

pytestmark = pytest.mark.django_db
PROGRESS: dict[str, Any] = {
    "cell": 4,
    "cells": 9,
    "tail": "loss <b>0.5</b>",
    "questions": [
        {
            "key": "answer",
            "outcome": "failed",
            "seconds": 0.1,
            "checks": [
                {"name": "check_answer", "score": 0.0, "message": "returned False"}
            ],
        }
    ],
    "seconds": 3,
    "memory_bytes": 300 * 1024**2,
}


def page(run: GradingRun, user: User | None = None) -> Answer:
    return signed_in(user or run.work.author).get(run.get_absolute_url())


def test_queued_run_shows_its_place_and_polls() -> None:
    first = GradingRunFactory.create(queued_at=hours(-1))
    second = GradingRunFactory.create()
    assert "Place in the queue Next" in words(page(first))
    assert "Place in the queue 2" in words(page(second))
    assert 'data-poll="2"' in page(first).content.decode()


def test_expected_wait_is_shown_once_a_run_has_finished() -> None:
    run = GradingRunFactory.create()
    assert "Expected to start Unknown" in words(page(run))
    assignment = run.work.assignment
    finished_run(assignment, student_of(assignment), measures={"seconds": 40})
    GradingRunFactory.create(
        submission=SubmissionFactory.create(assignment=assignment), queued_at=hours(-1)
    )
    assert "Expected to start in" in words(page(run))


def test_running_run_shows_cell_memory_and_output() -> None:
    answer = page(GradingRunFactory.create(running=True, progress=PROGRESS))
    text = words(answer)
    assert "Cell 4 of 9" in text
    assert "300 MB of at most 2 GB" in text
    assert 'data-poll="1"' in answer.content.decode()


def test_output_is_escaped() -> None:
    answer = page(GradingRunFactory.create(running=True, progress=PROGRESS))
    assert "loss &lt;b&gt;0.5&lt;/b&gt;" in answer.content.decode()


def test_results_appear_to_staff_as_they_come() -> None:
    run = GradingRunFactory.create(running=True, progress=PROGRESS)
    add_question(run.work.assignment, "always")
    staff = staff_of(run.work.assignment)
    text = words(page(run, staff)).split("Results so far")[1]
    assert "The answer Not passed 0 / 2" in text
    assert "The harder one Waiting" in text


def test_results_appear_to_students_all_at_once() -> None:
    run = GradingRunFactory.create(running=True, progress=PROGRESS)
    text = words(page(run))
    assert "The answer Waiting" in text
    assert "All results are shown together" in text


def test_while_questions_are_checked_the_page_shows_no_more() -> None:
    progress = {**PROGRESS, "is_checking": True}
    text = words(page(GradingRunFactory.create(running=True, progress=progress)))
    assert "Checking your questions… Your notebook took 3 s" in text
    assert "Memory" not in text
    assert "of at most" not in text


def test_terminal_run_no_longer_polls() -> None:
    html = page(GradingRunFactory.create(finished=True)).content.decode()
    assert "hx-trigger" not in html
    assert "run.js" not in html


def test_verdict_has_the_message_of_the_catalogue() -> None:
    run = GradingRunFactory.create(
        finished=True,
        verdict=Verdict.LIMIT,
        code="cell_time",
        detail={"cell": 9, "seconds": 60},
    )
    assert "Cell 9 was stopped at its limit of 1 minute." in words(page(run))


def test_checks_show_their_words_points_and_message() -> None:
    assignment = AssignmentFactory.create()
    add_question(assignment, "always")
    text = words(page(finished_run(assignment, student_of(assignment))))
    assert "Passed: The answer is 42. 2 / 2" in text
    assert "Not passed: Works on unseen images. returned False 0 / 3" in text


def test_a_check_shows_what_its_author_says_and_what_it_found() -> None:
    assignment = AssignmentFactory.create()
    question = add_question(assignment, "always")
    question.checks[0]["failure"] = "Look at <b>padding</b>."
    question.save()
    run = finished_run(assignment, student_of(assignment))
    report = CheckReport(
        expected="array of shape (2,), int64",
        found="'</td><script>'",
        differences=(Difference(place="[1]", expected="4", found="<i>"),),
        differing=1,
        compared=2,
        metrics=(Metric(name="accuracy", value="61", unit="%", bound="at least 90 %"),),
        pictures=(
            Picture(caption='A "net"', width=28, height=28, png="iVBORw0KGgoAAAA="),
            Picture(caption="<i>net", fault="its dtype is <i>"),
        ),
    )
    result = run.results.get(question=question)
    result.checks[0]["report"] = report.to_json()
    result.save()
    answer = page(run)
    html, text = answer.content.decode(), words(answer)
    assert (
        "Works on unseen images. Look at <b>padding</b>. accuracy: 61 % (at least 90 %) "
        "Expected and found: Works on unseen images. Expected array of shape (2,), int64 "
        "Found '</td><script>' 1 of 2 values differs: Place Expected Found [1] 4 <i> "
        'A "net" <i>net No picture: its dtype is <i>.'
    ) in text
    assert (
        '<img class="check-picture__image check-picture__image--small" '
        'src="data:image/png;base64,iVBORw0KGgoAAAA=" width="28" height="28" '
        'alt="A &quot;net&quot;">'
    ) in html
    assert "img-src 'self' data:" in answer.headers["Content-Security-Policy"]
    assert "<script>'" not in html
    assert "<b>padding" not in html
    assert "<i>" not in html
    data = session_of(run.work.author).get(f"/api/v1/runs/{run.pk}/").json()
    (check,) = data["results"]["questions"][1]["checks"]
    assert check["message"] == "Look at <b>padding</b>."
    assert check["report"] == {
        **report.to_json(),
        "pictures": [vars(picture) for picture in report.pictures],
    }


@pytest.mark.parametrize("secret", [0.0, 1.0])
def test_a_hidden_check_shows_only_that_it_is_hidden(secret: float) -> None:
    assignment = AssignmentFactory.create()
    add_question(assignment, "after_release")
    text = words(page(finished_run(assignment, student_of(assignment), secret=secret)))
    assert "2 of 5 points, 3 hidden" in text
    assert "3 points are shown when marks are released" in text
    assert "The harder one Not shown yet" in text
    assert "unseen images" not in text


def test_staff_see_hidden_checks_and_the_history() -> None:
    assignment = AssignmentFactory.create()
    add_question(assignment, "never")
    run = finished_run(assignment, student_of(assignment), secret=1)
    RunEventFactory.create(run=run, source="queued", target="running")
    text = words(page(run, staff_of(assignment)))
    assert "Works on unseen images. 3 / 3" in text
    assert "Taken by a worker" in text


def test_student_sees_no_history() -> None:
    run = GradingRunFactory.create(finished=True)
    RunEventFactory.create(run=run, source="queued", target="running")
    assert "Taken by a worker" not in words(page(run))


def test_measures_name_and_explain_the_isolation_level() -> None:
    run = GradingRunFactory.create(
        finished=True, measures={"seconds": 3, "versions": {"torch": "2.13.0"}}
    )
    text = words(page(run))
    assert "torch 2.13.0" in text
    assert "L0 No jail" in text


def test_the_run_that_counts_says_so() -> None:
    run = GradingRunFactory.create(finished=True)
    assert "Counts for the mark" not in words(page(run))
    MarkFactory.create(run=run)
    assert "Counts for the mark" in words(page(run))


def test_run_that_failed_by_our_fault_says_so() -> None:
    text = words(page(GradingRunFactory.create(needs_staff=True)))
    assert "Our fault: waiting for staff" in text
    assert "Run again" not in text


def test_warnings_of_the_receipt_are_repeated() -> None:
    warning = {
        "code": "opens_missing",
        "message": "Cell 9 opens “vae.pth”.",
        "file": "work.ipynb",
        "line": None,
        "hint": "",
    }
    submission = SubmissionFactory.create(warnings=[warning])
    run = GradingRunFactory.create(submission=submission)
    assert "Cell 9 opens “vae.pth”." in words(page(run))


def test_warnings_stand_between_the_status_and_the_results() -> None:
    assignment = AssignmentFactory.create()
    run = finished_run(assignment, student_of(assignment))
    run.work.warnings = [{"code": "x", "message": "A warning.", "file": "work.ipynb"}]
    run.work.save()
    said = words(page(run))
    assert said.index("Ran to the end") < said.index("A warning.")
    assert said.index("A warning.") < said.index("Results")


def test_words_for_the_author_are_not_shown_to_others() -> None:
    run = GradingRunFactory.create(finished=True)
    assert "Every cell of your notebook ran" in words(page(run))
    others = words(page(run, staff_of(run.assignment)))
    assert "Every cell of the notebook ran" in others
    assert "your notebook" not in others


def test_other_runs_of_the_attempt_are_linked() -> None:
    first = GradingRunFactory.create(finished=True)
    second = GradingRunFactory.create(submission=first.submission)
    html = page(second).content.decode()
    assert f'href="{first.get_absolute_url()}"' in html
    assert "Attempt 1, run 2" in words(page(second))


def test_classmate_and_outsider_get_404() -> None:
    run = GradingRunFactory.create(finished=True)
    assert page(run, student_of(run.work.assignment)).status_code == 404
    outsider = student_of(AssignmentFactory.create())
    assert page(run, outsider).status_code == 404


def test_the_browser_s_back_button_asks_the_server_again() -> None:
    assert "no-store" in page(GradingRunFactory.create())["Cache-Control"]


@pytest.mark.parametrize("questions", [1, 10])
def test_queries_do_not_grow_with_questions(
    questions: int, assert_max_queries: Callable[[int], AbstractContextManager[None]]
) -> None:
    assignment = AssignmentFactory.create()
    for number in range(questions):
        question = add_question(assignment, "always")
        question.key = f"q{number}"
        question.save()
    run = finished_run(assignment, student_of(assignment))
    client = signed_in(run.work.author)
    with assert_max_queries(16):
        client.get(run.get_absolute_url())
