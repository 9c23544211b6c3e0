"""The secret of a run is for staff: no page, hash or log shows it to students."""

import json
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.urls import reverse

from courses.models import Assignment, AssignmentRevision
from grading.models import GradingRun, RunEvent
from grading.pages.run_tag import RunTag
from grading.worker.execution import execute_next
from grading.worker.input_record import InputRecord
from tests.factories import hours
from tests.grading.fakes import FakeRunner
from tests.grading.pages import signed_in, staff_of, words
from tests.matrix import ROWS
from tests.world import VIEWERS, World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
OF_RUNS, OF_REVISIONS = 6_170_391_284_510_777, 618_033_988_749
DIGESTS = ("ab" * 32, "cd" * 32)
STAFF = ("assistant", "lecturer", "superuser")
EVERYBODY_ELSE = tuple(viewer for viewer in VIEWERS if viewer not in STAFF)


@pytest.fixture
def world() -> World:
    """Give a world in which every run and every revision has a known secret."""
    made = make_world()
    record = InputRecord(
        revision=1, grading_seed=OF_RUNS, bundle_sha256=DIGESTS[0], files={"a": "b"}
    )
    GradingRun.objects.update(grading_seed=OF_RUNS, record=record.to_json())
    # The run of a self-check has no such hash: the database refuses it.
    with_hash = GradingRun.objects.filter(self_check=None)
    with_hash.update(input_sha256=DIGESTS[1])
    GradingRun.objects.filter(state="finished").update(measures={"seconds": 1})
    AssignmentRevision.objects.update(
        grading_seed=OF_REVISIONS, bundle_sha256=DIGESTS[0]
    )
    return made


def answers(world: World, viewer: str) -> Iterator[tuple[str, str]]:
    """Return all of the portal's answers to this person, each request rolled back."""
    client = world.client(viewer)
    for row in ROWS:
        path = reverse(row.name, args=row.args(world))
        with transaction.atomic():
            answer = getattr(client, row.method)(path, row.form(world))
            body = b"".join(
                answer.streaming_content if answer.streaming else [answer.content]
            )
            transaction.set_rollback(True)
        yield str(row), f"{answer.headers}{body.decode(errors='replace')}"


@pytest.mark.parametrize("viewer", EVERYBODY_ELSE)
def test_no_address_shows_students_the_secret(world: World, viewer: str) -> None:
    # Nor when everything else may be seen.
    Assignment.objects.update(marks_released_at=hours(-1))
    for row, answer in answers(world, viewer):
        for secret in (OF_RUNS, OF_REVISIONS, f"{OF_RUNS:x}", *DIGESTS):
            assert str(secret) not in answer, row


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
