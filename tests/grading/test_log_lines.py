"""One log line for each hand-in, run and release, found by the id of the request."""

import logging
from typing import Any

import pytest
import structlog
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.request_ids import request_id_of
from courses.models import Assignment
from grading.models import GradingRun
from grading.services.releasing import release_marks, take_back_release
from grading.worker.execution import execute_next
from tests.factories import AssignmentFactory, GradingRunFactory
from tests.grading.fakes import FakeRunner
from tests.matrix import notebook_form, of_assignment
from tests.world import make_world

pytestmark = pytest.mark.django_db
REQUEST = "proxy-0123456789"


@pytest.fixture(autouse=True)
def all_lines(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("services.submit", "services.releasing", "worker.try_record"):
        caplog.set_level(logging.INFO, logger=f"grading.{name}")


def lines(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    """Return the values of each line about the event."""
    found = [record.msg for record in caplog.records]
    return [line for line in found if isinstance(line, dict) and line["event"] == event]


def test_hand_in_and_its_run_have_the_id_of_the_request(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    world = make_world()
    GradingRun.objects.filter(state="queued").update(
        state="cancelled", finished_at=timezone.now()
    )
    owner = world.people["owner"]
    client.force_login(owner)
    answer = client.post(
        reverse("grading:submit", args=of_assignment(world)),
        notebook_form(world),
        headers={"x-request-id": REQUEST},
    )
    assert answer.headers["X-Request-ID"] == REQUEST
    run = GradingRun.objects.get(state="queued")
    assert run.request_id == REQUEST
    (handed_in,) = lines(caplog, "handed_in")
    assert (handed_in["request"], handed_in["run"]) == (REQUEST, str(run.pk))
    assert handed_in["person"] == owner.pk
    assert owner.email not in str(handed_in)
    execute_next(worker="a:1:x", queues=["cpu"], runner=FakeRunner())
    (ended,) = lines(caplog, "run_ended")
    assert (ended["request"], ended["run"]) == (REQUEST, str(run.pk))


def test_run_has_one_line_with_its_end_and_times(
    caplog: pytest.LogCaptureFixture,
) -> None:
    GradingRunFactory.create()
    execute_next(worker="a:1:x", queues=["cpu"], runner=FakeRunner())
    (line,) = lines(caplog, "run_ended")
    assert (line["outcome"], line["verdict"]) == ("finished", "completed")
    assert {"run_seconds", "wait_seconds"} <= set(line)


def test_release_and_its_end_have_a_line_each(caplog: pytest.LogCaptureFixture) -> None:
    assignment: Assignment = AssignmentFactory.create()
    release_marks(
        actor=SYSTEM, assignment=assignment, at=timezone.now(), despite_problems=True
    )
    take_back_release(actor=SYSTEM, assignment=assignment, reason="x")
    (released,) = lines(caplog, "marks_released")
    (taken_back,) = lines(caplog, "release_taken_back")
    assert released["assignment"] == taken_back["assignment"] == assignment.pk


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "line\nbreak-123", "é" * 10])
def test_other_ids_are_replaced(given: str) -> None:
    assert request_id_of(given) not in {given, ""}


def test_request_keeps_no_id_after_its_end(client: Client) -> None:
    client.get("/")
    assert "request" not in structlog.contextvars.get_contextvars()
