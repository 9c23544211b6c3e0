"""A file store that goes away and comes back costs no run more than time."""

from pathlib import Path

import pytest
from django.conf import settings

from grading.models import GradingRun
from grading.states import State
from tests.faults.conftest import queued
from tests.services.portal import LivePortal
from tests.services.processes import wait_until

pytestmark = pytest.mark.long


def counted(state: State) -> int:
    return GradingRun.objects.filter(state=state).count()


def test_no_run_goes_to_staff_while_the_store_is_away(portal: LivePortal) -> None:
    runs = [queued() for _ in range(20)]
    store = Path(settings.STORAGES["blobs"]["OPTIONS"]["location"])
    away = store.with_name("blobs-away")
    worker = portal.start_worker(RETRY_SECONDS="0.5")
    wait_until(lambda: counted(State.FINISHED) >= 2, seconds=60, what="runs end")
    store.rename(away)
    try:
        wait_until(lambda: "worker_paused" in worker.log(), seconds=60, what="a pause")
        assert counted(State.NEEDS_STAFF) == 0
    finally:
        away.rename(store)
    wait_until(lambda: counted(State.FINISHED) == len(runs), seconds=120, what="ends")
    assert "worker_goes_on" in worker.log()
    assert worker.log().count("[error    ] store_away") == 1
    for run in GradingRun.objects.all():
        assert (run.platform_tries, run.results.count()) == (0, 1)
