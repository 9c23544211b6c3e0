"""A heartbeat extends the lease of the worker that holds the run, and no other."""

import pytest

from accounts.actors import SYSTEM
from grading.services import Claim, cancel_run, heartbeat
from grading.worker.progress import Progress
from runner.protocol.jobs import CellStarted, OutputAdded, QuestionDone, Usage
from tests.factories import GradingRunFactory, hours
from tests.grading.fakes import claim_of, found

pytestmark = pytest.mark.django_db

HALF_WAY = (
    Progress()
    .after(CellStarted(cell=2, cells=4))
    .after(OutputAdded(cell=2, tail="epoch 1"))
    .after(QuestionDone(question=found()))
    .after(Usage(seconds=2.5, memory_bytes=1000))
)


def test_a_heartbeat_extends_the_lease_and_stores_the_progress() -> None:
    run = GradingRunFactory.create(running=True, lease_expires_at=hours(-0.001))
    answer = heartbeat(claim=claim_of(run), progress=HALF_WAY)
    assert (answer.held, answer.cancel_requested) == (True, False)
    run.refresh_from_db()
    assert run.lease_expires_at is not None
    assert run.lease_expires_at > hours(0)
    assert (run.progress["cell"], run.progress["tail"]) == (2, "epoch 1")
    assert Progress.from_json(run.progress) == HALF_WAY


def test_an_old_token_is_told_that_the_run_is_lost() -> None:
    run = GradingRunFactory.create(running=True, lease_token=2)
    old = Claim(run_id=run.pk, token=1, worker="frozen")
    assert not heartbeat(claim=old, progress=HALF_WAY).held
    run.refresh_from_db()
    assert run.progress == {}


@pytest.mark.parametrize("state", ["queued", "finished", "needs_staff"])
def test_a_run_that_is_not_running_has_no_holder(state: str) -> None:
    traits = {} if state == "queued" else {state: True}
    run = GradingRunFactory.create(lease_token=1, **traits)
    assert not heartbeat(claim=claim_of(run), progress=Progress()).held


def test_the_answer_says_that_the_run_should_stop() -> None:
    run = GradingRunFactory.create(running=True)
    cancel_run(actor=SYSTEM, run=run)
    assert heartbeat(claim=claim_of(run), progress=Progress()).cancel_requested


def test_a_new_cell_starts_without_output() -> None:
    assert HALF_WAY.after(CellStarted(cell=3, cells=4)).tail == ""


def test_output_that_no_database_accepts_is_cleaned() -> None:
    run = GradingRunFactory.create(running=True)
    hostile = Progress(tail="\x00 \ud800 end")
    heartbeat(claim=claim_of(run), progress=hostile)
    run.refresh_from_db()
    assert run.progress["tail"].endswith(" end")
