"""The portal waits for a database that closes all connections."""

import pytest
from django.db import connection

from grading.states import State
from tests.faults.conftest import queued, steps, wait_for, wait_for_first_cell
from tests.services.portal import LivePortal
from tests.services.processes import wait_until


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no server to lose"
)
def test_a_run_outlives_its_database_connections(portal: LivePortal) -> None:
    run = queued(seconds=3)
    # On a busy machine each new connection takes seconds, so no heartbeat succeeds.
    portal.start_worker(LEASE_SECONDS="120")
    wait_for_first_cell(run)
    for _ in range(10):
        wait_until(throw_out_others, seconds=20, what="somebody is connected again")
    wait_for(run, State.FINISHED)
    assert steps(run) == [("running", ""), ("finished", "completed")]
    assert run.results.count() == 1


def throw_out_others() -> bool:
    """Close every connection but this one; return False if there was none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])
