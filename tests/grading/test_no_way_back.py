"""No measure from testing reaches the author of the work before release.

Tested code chooses how long it takes, what memory it uses and in which order questions
end. If its author could read these numbers, they would reveal the tests' inputs.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from courses.models import Assignment
from grading.models import GradingRun, Mark
from grading.worker.progress import Progress
from runner.protocol.jobs import (
    CellStarted,
    Checking,
    Event,
    OutputAdded,
    QuestionDone,
    Usage,
)
from tests.factories import (
    AssignmentFactory,
    ExtensionFactory,
    GradingRunFactory,
    MarkFactory,
    hours,
)
from tests.grading.fakes import found
from tests.grading.pages import (
    add_question,
    finished_run,
    signed_in,
    staff_of,
    student_of,
    words,
)

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
NOTEBOOK: Mapping[str, Any] = {
    "seconds": 12.5,
    "cpu_seconds": 11.0,
    "peak_memory_bytes": 300 * 1024**2,
    "cells_run": 3,
    "cells_total": 3,
    "level": "L2",
}
CHECKING: Mapping[str, Any] = {
    "checking_seconds": 31.25,
    "checking_cpu_seconds": 29.75,
    "checking_peak_memory_bytes": 777 * 1024**2,
}
# Five seconds apart within one minute, so that only the seconds differ.
ENDED = dt.datetime(2026, 11, 2, 10, 30, 10, 123_456, tzinfo=dt.UTC)
# The time and the signature in the tag of a live run's status: whether there is a
# signature is compared.
_OF_TAGS = re.compile(rb"(?<=[0-9a-f]{32}-)[0-9]+-(?:[0-9a-f]{32})?")
# Tokens of forms, new in each answer.
# The seconds that are left until the deadline pass during the test.
_DIFFER_ANYWAY = re.compile(
    rb'(csrfmiddlewaretoken" value|"X-CSRFToken"|idempotency_key" value|data-due-in)'
    rb'[=:] ?"\w+"'
)


def asked(user: User, run: GradingRun) -> list[bytes]:
    """Return all of the portal's answers about the run, with their relevant headers."""
    assignment, client = run.assignment, signed_in(user)
    page = run.get_absolute_url()
    addresses = [
        page,
        f"{page}status/",
        assignment.get_absolute_url(),
        f"/courses/{assignment.course.slug}/",
        f"/courses/{assignment.course.slug}/marks/",
        "/",
        "/api/v1/runs/",
        f"/api/v1/runs/{run.pk}/",
        f"/api/v1/submissions/{run.work_id}/",
        "/api/v1/marks/",
        f"/api/v1/assignments/{assignment.pk}/",
    ]
    return [answer_of(client, address) for address in addresses]


def answer_of(client: Client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200, address
    headers = [answer.get("ETag", ""), answer.get("Last-Modified", "")]
    body = json.dumps(headers).encode() + _DIFFER_ANYWAY.sub(b"", answer.content)
    return _OF_TAGS.sub(lambda tag: b"signed" if tag[0][-1:] != b"-" else b"", body)


def without_lines_of(told: tuple[str, ...], answer: bytes) -> list[str]:
    """Return the answer without the lines that tell of a release."""
    parts = re.split(r"\\n|\n|,", answer.decode())
    return [part for part in parts if not any(words in part for words in told)]


def running() -> GradingRun:
    run: GradingRun = GradingRunFactory.create(
        running=True,
        started_at=hours(1),  # the time limit has not started
    )
    add_question(run.assignment, "always")
    return run


def after(*events: Event) -> Progress:
    progress = Progress()
    for event in events:
        progress = progress.after(event)
    return progress


def finished(assignment: Assignment | None = None) -> GradingRun:
    made = assignment or AssignmentFactory.create()
    add_question(made, "after_release")
    run = finished_run(
        made,
        student_of(made),
        started_at=ENDED - dt.timedelta(minutes=1),
        finished_at=ENDED,
        measures={**NOTEBOOK, **CHECKING},
    )
    MarkFactory.create(run=run, student=run.work.author, assignment=made)
    Mark.objects.update(updated_at=ENDED)
    return run


def remeasure(run: GradingRun) -> None:
    """Change the run's measures, as if its checks had taken and used more."""
    later = ENDED + dt.timedelta(seconds=5, microseconds=7)
    measures = {**NOTEBOOK, **{name: value * 3 for name, value in CHECKING.items()}}
    GradingRun.objects.filter(pk=run.pk).update(finished_at=later, measures=measures)
    run.results.update(seconds=99)
    Mark.objects.update(updated_at=later)


NOTEBOOK_EVENTS = (
    CellStarted(cell=3, cells=3),
    OutputAdded(cell=3, tail="done"),
    Usage(seconds=12.5, memory_bytes=300 * 1024**2),
    Checking(),
)
FIRST, SECOND = found("answer"), found("secret", check_secret=0.0)


@pytest.mark.parametrize(
    "events",
    [
        [Usage(seconds=40, memory_bytes=2**31)],
        [QuestionDone(question=FIRST)],
        [QuestionDone(question=SECOND), QuestionDone(question=FIRST)],
        [CellStarted(cell=1, cells=9), OutputAdded(cell=1, tail="hidden input: 7")],
        [Checking(), Checking()],
    ],
)
def test_live_answers_do_not_depend_on_the_checking(events: list[Event]) -> None:
    run = running()
    answers = []
    for progress in (after(*NOTEBOOK_EVENTS), after(*NOTEBOOK_EVENTS, *events)):
        GradingRun.objects.filter(pk=run.pk).update(progress=progress.to_json())
        answers.append(asked(run.work.author, run))
    assert answers[0] == answers[1]


def test_questions_done_while_the_notebook_runs_are_not_shown() -> None:
    run = running()
    before = asked(run.work.author, run)
    GradingRun.objects.filter(pk=run.pk).update(
        progress=after(QuestionDone(question=SECOND)).to_json()
    )
    assert asked(run.work.author, run) == before


def test_final_answers_do_not_depend_on_the_checking() -> None:
    run = finished()
    before = asked(run.work.author, run)
    remeasure(run)
    assert asked(run.work.author, run) == before


@pytest.mark.parametrize("trait", ["needs_staff", "cancelled"])
def test_answers_about_a_run_without_a_result_do_not_depend_on_its_end(
    trait: str,
) -> None:
    run = GradingRunFactory.create(needs_staff=True, started_at=ENDED)
    fields = {"finished_at": ENDED, "state": trait}
    GradingRun.objects.filter(pk=run.pk).update(**fields)
    before = asked(run.work.author, run)
    fields = {"finished_at": ENDED + dt.timedelta(seconds=5)}
    GradingRun.objects.filter(pk=run.pk).update(**fields)
    assert asked(run.work.author, run) == before


def test_the_start_of_the_next_run_does_not_reveal_the_end_of_the_last() -> None:
    run = GradingRunFactory.create(finished=True, started_at=ENDED)
    before = asked(run.work.author, run)
    later = ENDED + dt.timedelta(seconds=5)
    GradingRun.objects.filter(pk=run.pk).update(started_at=later)
    assert asked(run.work.author, run) == before


def test_students_see_the_measures_of_their_notebook() -> None:
    run = finished()
    text = words(signed_in(run.work.author).get(run.get_absolute_url()))
    assert "13 s · 300 MB" in text
    assert "11 s of processor time" in text
    assert "777 MB" not in text


def test_staff_see_the_measures_of_checking() -> None:
    run = finished()
    text = words(signed_in(staff_of(run.assignment)).get(run.get_absolute_url()))
    assert "Checks 31 s, 30 s of processor time, 777 MB at the peak" in text


def test_released_results_do_not_depend_on_the_checking_either() -> None:
    run = finished()
    Assignment.objects.update(due_at=hours(-2), marks_released_at=hours(-1))
    before = asked(run.work.author, run)
    remeasure(run)
    assert asked(run.work.author, run) == before


def test_release_changes_nothing_for_students_who_may_still_hand_in() -> None:
    run = finished()
    author, assignment = run.work.author, run.assignment
    Assignment.objects.update(due_at=hours(-2), marks_released_at=None)
    ExtensionFactory.create(assignment=assignment, student=author, due_at=hours(2))
    told = ("Marks are", '"marks_are_released"')
    before = [without_lines_of(told, text) for text in asked(author, run)]
    Assignment.objects.update(marks_released_at=hours(-1))
    assert [without_lines_of(told, text) for text in asked(author, run)] == before


def test_times_are_exact_for_staff_and_to_the_minute_for_students() -> None:
    run = finished()
    shown = {}
    for user in (run.work.author, staff_of(run.assignment)):
        (row,) = signed_in(user).get("/api/v1/runs/").json()["results"]
        one = signed_in(user).get(f"/api/v1/runs/{run.pk}/").json()
        (mark,) = signed_in(user).get("/api/v1/marks/").json()["results"]
        times = [row["finished_at"], one["finished_at"], mark["updated_at"]]
        if user == run.work.author:
            assert times.pop() is None
        shown[user.pk] = {dt.datetime.fromisoformat(time) for time in times}
    minute = ENDED.replace(second=0, microsecond=0)
    assert list(shown.values()) == [{minute}, {ENDED}]
