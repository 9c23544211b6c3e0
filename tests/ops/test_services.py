"""Workers and web refuse a store that is not the database's; the command says so."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from grading.worker.service_checks import OWNER_KEY
from storage.models import StoreRecord
from storage.shared_store import check_store
from tests.services.portal import LivePortal
from tests.services.processes import wait_until

pytestmark = [pytest.mark.services, pytest.mark.long]


@pytest.fixture
def other_store(transactional_db: None) -> None:
    """Let the database record a store that is not the one of the processes."""
    check_store()
    StoreRecord.objects.update(marker=uuid.uuid4())


def test_worker_with_another_store_does_not_start(
    other_store: None, live_portal: LivePortal
) -> None:
    with pytest.raises(AssertionError, match="has the marker of another one"):
        live_portal.start_worker()


def test_web_with_another_store_does_not_start(
    other_store: None, live_portal: LivePortal
) -> None:
    with pytest.raises(AssertionError, match="has the marker of another one"):
        live_portal.start_web()


def test_worker_whose_store_does_not_answer_does_not_start(
    make_portal: Callable[..., LivePortal],
) -> None:
    portal = make_portal(
        BLOB_STORE="s3://bucket",
        AWS_ENDPOINT_URL="http://127.0.0.1:1",
        AWS_ACCESS_KEY_ID="key",
        AWS_SECRET_ACCESS_KEY="key",
    )
    with pytest.raises(AssertionError, match="the store does not answer"):
        portal.start_worker()
    # Pages are served nevertheless: they may say what is wrong.
    assert "store_not_checked" in portal.start_web().log()


def test_command_says_that_all_is_well(live_portal: LivePortal) -> None:
    live_portal.start_broker()
    live_portal.start_worker()
    told = live_portal.manage("check_services")
    assert [line.split()[:2] for line in told.splitlines()] == [
        ["ok", "database"],
        ["ok", "store"],
        ["ok", "broker"],
    ]
    # The worker is ready before it listens to the broker.
    wait_until(lambda: "worker1@" in live_portal.manage("check_services"))


def test_command_tells_of_another_store_and_adopts_it(
    other_store: None, live_portal: LivePortal
) -> None:
    live_portal.start_broker()
    with pytest.raises(AssertionError, match=r"FAULT +store"):
        live_portal.manage("check_services")
    assert "ok      store" in live_portal.manage("check_services", "--adopt")


def test_command_tells_of_a_broker_that_is_away(live_portal: LivePortal) -> None:
    with pytest.raises(AssertionError, match=r"FAULT +broker +does not answer"):
        live_portal.manage("check_services")


def test_command_tells_of_the_broker_of_another_portal(
    live_portal: LivePortal,
) -> None:
    broker = live_portal.start_broker()
    client = redis.Redis(unix_socket_path=str(broker.socket))
    client.set(OWNER_KEY, str(uuid.uuid4()))
    client.close()
    with pytest.raises(AssertionError, match="is the broker of another portal"):
        live_portal.manage("check_services")
    # A worker starts nevertheless: it finds runs without wake-ups.
    assert "broker_of_another_portal" in live_portal.start_worker().log()
    assert "ok      broker" in live_portal.manage("check_services", "--adopt")


def test_command_tells_of_a_database_without_tables(
    make_portal: Callable[..., LivePortal], tmp_path: Path
) -> None:
    portal = make_portal(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    with pytest.raises(AssertionError, match=r"Run manage\.py migrate"):
        portal.manage("check_services")
