"""The secret of a run is for staff: no page, hash or log shows it to students."""

import json
from typing import Any

import pytest
from django.urls import reverse

from courses.models import Assignment
from grading.models import GradingRun, RunEvent
from grading.pages.run_tag import RunTag
from grading.worker.execution import execute_next
from grading.worker.input_record import InputRecord
from tests.factories import hours
from tests.grading.fakes import FakeRunner
from tests.grading.pages import signed_in, staff_of, words
from tests.matrix import ROWS
from tests.run_secrets import OF_RUNS, secrets_in, set_secrets
from tests.world import World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def world() -> World:
    """Give a world in which every run and every revision has a known secret."""
    made = make_world()
    set_secrets()
    return made


def test_owner_reads_no_secret_when_everything_is_released(world: World) -> None:
    """Before the release, the walk of the permission matrix looks for everybody."""
    Assignment.objects.update(marks_released_at=hours(-1))
    client = world.client("owner")
    for row in ROWS:
        if row.method != "get" or row.note:
            continue
        path = reverse(row.name, args=row.args(world))
        answer: Any = client.get(path, row.form(world))
        body = b"".join(
            answer.streaming_content if answer.streaming else [answer.content]
        )
        text = f"{answer.headers}{body.decode(errors='replace')}"
        assert not secrets_in(text), row


def test_no_hash_that_students_are_sent_depends_on_it(world: World) -> None:
    tags = []
    for secret in (1, 2):
        record = InputRecord(revision=1, grading_seed=secret)
        GradingRun.objects.filter(pk=world.run.pk).update(
            grading_seed=secret, record=record.to_json(), input_sha256=str(secret)
        )
        address = f"{world.run.get_absolute_url()}status/"
        tag = RunTag.parsed(world.client("owner").get(address)["ETag"].strip('"'))
        assert tag is not None
        tags.append(tag.shown)
    assert tags[0] == tags[1]


def test_staff_find_the_secret_on_the_runs_page_and_in_the_api(world: World) -> None:
    client = signed_in(staff_of(world.assignment))
    page = words(client.get(world.run.get_absolute_url()))
    assert f"Secret seed of the tests {OF_RUNS}" in page
    answer = client.get(f"/api/v1/runs/{world.run.pk}/").json()
    assert answer["record"]["grading_seed"] == str(OF_RUNS)


def test_neither_logs_nor_the_history_show_the_secret(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    runner = FakeRunner(error=RuntimeError("the runner is unwell"))
    while execute_next(worker="w", queues=["cpu"], runner=runner):
        pass
    assert runner.jobs[0].grading_seed == OF_RUNS
    told = [json.dumps(event.detail) for event in RunEvent.objects.all()]
    told.append(caplog.text)
    assert str(OF_RUNS) not in "".join(told)
