"""The live fragment has the words of the page, and is 304 while nothing has changed."""

import pytest

from grading.models import GradingRun, WorkerPresence
from grading.states import State
from tests.factories import (
    AssignmentFactory,
    GradingRunFactory,
    MarkFactory,
    hours,
)
from tests.grading.pages import Answer, signed_in, student_of, words

pytestmark = pytest.mark.django_db


def status(run: GradingRun, etag: str = "") -> Answer:
    headers = {"If-None-Match": etag} if etag else {}
    client = signed_in(run.work.author)
    return client.get(f"{run.get_absolute_url()}status/", headers=headers)


def test_fragment_equals_the_part_of_the_page() -> None:
    run = GradingRunFactory.create()
    answer = status(run)
    assert "<html" not in answer.content.decode()
    page = signed_in(run.work.author).get(run.get_absolute_url())
    assert words(answer) in words(page)


@pytest.mark.parametrize("trait", ["queued", "running", "finished"])
def test_unchanged_run_answers_304(trait: str) -> None:
    run = GradingRunFactory.create(**({} if trait == "queued" else {trait: True}))
    again = status(run, status(run)["ETag"])
    assert again.status_code == 304
    assert again.content == b""


def test_time_that_passes_changes_nothing() -> None:
    run = GradingRunFactory.create(running=True)
    etag = status(run)["ETag"]
    GradingRun.objects.filter(pk=run.pk).update(lease_expires_at=hours(2))
    assert status(run, etag).status_code == 304


def test_new_progress_changes_the_fragment() -> None:
    run = GradingRunFactory.create(running=True)
    etag = status(run)["ETag"]
    GradingRun.objects.filter(pk=run.pk).update(progress={"cell": 2, "cells": 3})
    answer = status(run, etag)
    assert answer.status_code == 200
    assert "Cell 2 of 3" in words(answer)


def test_moving_up_in_the_queue_changes_the_fragment() -> None:
    ahead = GradingRunFactory.create(queued_at=hours(-1))
    run = GradingRunFactory.create()
    etag = status(run)["ETag"]
    GradingRun.objects.transition(
        run_id=ahead.pk, source=State.QUEUED, target=State.CANCELLED
    )
    assert status(run, etag).status_code == 200


def test_mark_that_follows_the_run_changes_the_fragment() -> None:
    run = GradingRunFactory.create(finished=True)
    etag = status(run)["ETag"]
    MarkFactory.create(run=run)
    assert status(run, etag).status_code == 200


def test_a_run_far_back_in_the_queue_is_polled_less_often() -> None:
    for _ in range(6):
        GradingRunFactory.create(queued_at=hours(-1))
    html = status(GradingRunFactory.create()).content.decode()
    assert 'data-poll="5" data-poll-most="30"' in html


def test_final_fragment_has_no_trigger_and_updates_the_sidebar() -> None:
    html = status(GradingRunFactory.create(finished=True)).content.decode()
    assert "hx-trigger" not in html
    assert 'hx-swap-oob="true"' in html


def test_live_fragment_does_not_update_the_sidebar() -> None:
    assert "hx-swap-oob" not in status(GradingRunFactory.create()).content.decode()


def test_announced_text_changes_with_the_place_and_the_state() -> None:
    run = GradingRunFactory.create()
    assert 'data-announce="In the queue: place 1."' in status(run).content.decode()
    run = GradingRunFactory.create(running=True)
    assert 'data-announce="Running."' in status(run).content.decode()


def test_fragment_is_private_and_revalidated_each_time() -> None:
    assert status(GradingRunFactory.create())["Cache-Control"] == "private, no-cache"


def test_classmate_gets_404() -> None:
    run = GradingRunFactory.create()
    client = signed_in(student_of(run.work.assignment))
    assert client.get(f"{run.get_absolute_url()}status/").status_code == 404
    outsider = signed_in(student_of(AssignmentFactory.create()))
    assert outsider.get(f"{run.get_absolute_url()}status/").status_code == 404


def test_a_run_that_waits_after_our_fault_says_so_and_when_it_is_tried_again() -> None:
    run = GradingRunFactory.create(put_back_count=1, not_before=hours(1))
    text = words(status(run))
    assert "Something failed on our side" in text
    assert "The portal tries again from" in text
    GradingRun.objects.update(not_before=hours(-1))
    assert "The portal tries again from" not in words(status(run))


def test_a_queued_run_says_that_all_workers_pause() -> None:
    run = GradingRunFactory.create()
    WorkerPresence.objects.create(
        name="host:1", host="host", queues=["cpu"], paused_until=hours(1)
    )
    assert "No worker can run anything now" in words(status(run))
