"""Stopping a run, running it again, and downloading the executed notebook."""

import pytest
from django.utils import timezone

from accounts.models import User
from grading.models import GradingRun
from grading.states import State
from tests.factories import (
    GradingRunFactory,
    RegradeFactory,
    SubmissionFactory,
    store_text,
)
from tests.grading.pages import (
    Answer,
    downloaded,
    signed_in,
    staff_of,
    student_of,
    words,
)

pytestmark = pytest.mark.django_db


def post(run: GradingRun, action: str, user: User | None = None) -> Answer:
    client = signed_in(user or run.work.author)
    return client.post(f"{run.get_absolute_url()}{action}/")


def test_owner_stops_a_queued_run() -> None:
    run = GradingRunFactory.create()
    answer = post(run, "cancel")
    run.refresh_from_db()
    assert (answer.status_code, run.state) == (302, State.CANCELLED)
    assert answer["Location"] == run.get_absolute_url()


def test_stopping_a_running_run_asks_its_worker() -> None:
    run = GradingRunFactory.create(running=True)
    post(run, "cancel")
    run.refresh_from_db()
    assert run.state == State.RUNNING
    assert run.cancel_requested_at is not None
    page = signed_in(run.work.author).get(run.get_absolute_url())
    assert "The run will stop" in words(page)
    assert "Stop this run" not in words(page)


def test_staff_stop_a_run_too() -> None:
    run = GradingRunFactory.create()
    post(run, "cancel", staff_of(run.work.assignment))
    run.refresh_from_db()
    assert run.state == State.CANCELLED


def test_stopping_an_ended_run_says_that_it_had_ended() -> None:
    run = GradingRunFactory.create(finished=True)
    client = signed_in(run.work.author)
    answer = client.post(f"{run.get_absolute_url()}cancel/", follow=True)
    assert "had already ended" in words(answer)
    run.refresh_from_db()
    assert run.state == State.FINISHED


def test_classmate_cannot_stop_a_run() -> None:
    run = GradingRunFactory.create()
    classmate = student_of(run.work.assignment)
    assert post(run, "cancel", classmate).status_code == 404
    run.refresh_from_db()
    assert run.state == State.QUEUED


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_student_does_not_stop_the_rerun_that_staff_started(state: str) -> None:
    first = GradingRunFactory.create(finished=True)
    running = {"running": True} if state == "running" else {}
    again = GradingRunFactory.create(submission=first.work, **running)
    assert post(again, "cancel").status_code == 403
    again.refresh_from_db()
    assert (again.state, again.cancel_requested_at) == (state, None)
    page = signed_in(again.work.author).get(again.get_absolute_url())
    assert "Stop this run" not in words(page)


def test_a_student_does_not_stop_the_run_of_a_regrade() -> None:
    regrade = RegradeFactory.create(confirmed_at=timezone.now())
    work = SubmissionFactory.create(assignment=regrade.assignment)
    run = GradingRunFactory.create(submission=work, regrade=regrade)
    assert post(run, "cancel").status_code == 403
    run.refresh_from_db()
    assert run.state == State.QUEUED


def test_staff_stop_the_rerun_that_they_started() -> None:
    again = GradingRunFactory.create(number=2)
    staff = staff_of(again.work.assignment)
    page = signed_in(staff).get(again.get_absolute_url())
    assert "Stop this run" in words(page)
    post(again, "cancel", staff)
    again.refresh_from_db()
    assert again.state == State.CANCELLED


def test_staff_run_a_submission_again_as_a_new_run() -> None:
    run = GradingRunFactory.create(needs_staff=True)
    answer = post(run, "again", staff_of(run.work.assignment))
    new = GradingRun.objects.get(state=State.QUEUED)
    assert answer["Location"] == new.get_absolute_url()
    assert (new.submission, new.number) == (run.submission, 2)


def test_student_may_not_run_again() -> None:
    run = GradingRunFactory.create(needs_staff=True)
    assert post(run, "again").status_code == 403
    assert GradingRun.objects.count() == 1


@pytest.mark.parametrize("action", ["cancel", "again"])
def test_get_changes_nothing(action: str) -> None:
    run = GradingRunFactory.create()
    client = signed_in(staff_of(run.work.assignment))
    assert client.get(f"{run.get_absolute_url()}{action}/").status_code == 405


def test_executed_notebook_is_a_download() -> None:
    run = GradingRunFactory.create(finished=True, executed_sha256=store_text("{}")[0])
    answer = signed_in(run.work.author).get(f"{run.get_absolute_url()}notebook/")
    assert downloaded(answer) == b"{}"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == (
        'attachment; filename="work-attempt1-run1.ipynb"'
    )


def test_staff_download_says_whose_it_is() -> None:
    run = GradingRunFactory.create(finished=True, executed_sha256=store_text("{}")[0])
    client = signed_in(staff_of(run.work.assignment))
    answer = client.get(f"{run.get_absolute_url()}notebook/")
    downloaded(answer)
    login = run.work.author.login
    assert (
        f'filename="{login}-work-attempt1-run1.ipynb"' in answer["Content-Disposition"]
    )


def test_run_without_a_notebook_has_no_download() -> None:
    run = GradingRunFactory.create()
    client = signed_in(run.work.author)
    assert client.get(f"{run.get_absolute_url()}notebook/").status_code == 404
    page = words(client.get(run.get_absolute_url())).lower()
    assert "executed notebook" not in page
