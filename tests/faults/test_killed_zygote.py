"""A killed zygote is replaced; a run that ends it each time is not tried for ever."""

import pytest

from grading.models import Mark
from grading.states import State
from tests.faults.conftest import (
    kill_zygote_of,
    queued,
    state_of,
    steps,
    wait_for,
    wait_for_first_cell,
    zygote_of,
)
from tests.services.portal import LivePortal

# A process of the runner dies, not one that holds a claim in the database.
pytestmark = [pytest.mark.one_database, pytest.mark.long]


def test_a_run_whose_zygote_was_killed_is_run_again_in_a_new_one(
    portal: LivePortal,
) -> None:
    run = queued(seconds=1)
    worker = portal.start_worker()
    wait_for_first_cell(run)
    first = zygote_of(worker)
    kill_zygote_of(worker)
    wait_for(run, State.FINISHED)
    assert steps(run)[1] == ("queued", "runner_failed")
    assert (run.verdict, run.platform_tries) == ("completed", 1)
    assert zygote_of(worker) != first


def test_a_run_that_ends_its_zygote_every_time_goes_to_staff(
    portal: LivePortal,
) -> None:
    poison, other = queued(seconds=30), queued()
    worker = portal.start_worker()
    for tries in range(3):
        wait_for_first_cell(poison, after_tries=tries)
        kill_zygote_of(worker)
    wait_for(poison, State.NEEDS_STAFF)
    # After its second fault the run was queued behind the others.
    assert state_of(other) == State.FINISHED
    assert (poison.code, poison.platform_tries) == ("runner_failed", 3)
    assert Mark.objects.get().student == other.work.author
