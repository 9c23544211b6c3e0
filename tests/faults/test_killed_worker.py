"""A worker that dies or freezes costs the student only time."""

import os
import signal

import pytest

from grading.models import Mark
from grading.states import State
from submissions.models import Submission
from tests.faults.conftest import (
    are_gone,
    descendants,
    queued,
    state_of,
    steps,
    wait_for,
    wait_for_first_cell,
)
from tests.services.portal import LivePortal
from tests.services.processes import wait_until

pytestmark = pytest.mark.long


@pytest.mark.parametrize("whole_group", [False, True], ids=["worker", "group"])
def test_a_run_whose_worker_was_killed_is_run_again_once(
    portal: LivePortal, *, whole_group: bool
) -> None:
    run = queued(seconds=5)  # a busy machine may kill it seconds later
    first = portal.start_worker()
    wait_for_first_cell(run)
    left_behind = descendants(first.pid)
    if whole_group:
        first.kill()
    else:
        os.kill(first.pid, signal.SIGKILL)
    assert state_of(run) == State.RUNNING
    portal.start_worker()
    wait_for(run, State.FINISHED)
    assert steps(run) == [
        ("running", ""),
        ("queued", "lease_expired"),
        ("running", ""),
        ("finished", "completed"),
    ]
    assert (run.results.count(), run.platform_tries, run.lease_token) == (1, 1, 2)
    assert Mark.objects.get().final_points == 2
    assert Submission.objects.get().attempt == 1
    wait_until(lambda: are_gone(left_behind), what="no process of the first is left")


def test_a_frozen_workers_result_is_thrown_away(portal: LivePortal) -> None:
    run = queued(seconds=1)
    frozen = portal.start_worker(SWEEP_SECONDS="600")
    wait_for_first_cell(run)
    frozen.send(signal.SIGSTOP)
    second = portal.start_worker()
    wait_for(run, State.FINISHED)
    before = (steps(run), run.worker, run.finished_at, run.executed_sha256)
    assert f":{second.pid}:" in run.worker
    frozen.send(signal.SIGCONT)
    wait_until(lambda: "run_lost" in frozen.log() or "thrown_away" in frozen.log())
    # The worker can be used again.
    second.kill()
    wait_for(queued(), State.FINISHED)
    run.refresh_from_db()
    assert (steps(run), run.worker, run.finished_at, run.executed_sha256) == before
    assert (run.results.count(), run.lease_token) == (1, 2)


def test_a_worker_that_is_stopped_gives_its_run_back_at_once(
    portal: LivePortal,
) -> None:
    run = queued(seconds=60)
    worker = portal.start_worker(LEASE_SECONDS="600")
    wait_for_first_cell(run)
    worker.stop(seconds=30)
    assert state_of(run) == State.QUEUED
    assert steps(run) == [("running", ""), ("queued", "worker_stopped")]
    assert run.platform_tries == 0
