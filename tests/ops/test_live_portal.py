"""The fixtures that other tests depend on."""

import pytest

from accounts.models import User
from tests.services.broker import Broker
from tests.services.portal import LivePortal


@pytest.mark.services
def test_broker_keeps_its_data_when_killed(broker: Broker) -> None:
    broker.kill()
    broker.start()
    assert broker.service is not None
    assert broker.service.alive


@pytest.mark.services
def test_processes_see_the_rows_of_the_test(live_portal: LivePortal) -> None:
    User.objects.create_user("ada@example.org")
    told = live_portal.manage(
        "shell",
        "-v0",
        "-c",
        "from accounts.models import User;print(User.objects.get())",
    )
    assert told.strip() == "ada@example.org"


@pytest.mark.services
def test_worker_starts(live_portal: LivePortal) -> None:
    live_portal.start_broker()
    worker = live_portal.start_worker()
    assert worker.alive
