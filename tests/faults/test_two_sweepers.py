"""Two sweepers at once, each in its own process, have the effect of one."""

from concurrent.futures import ThreadPoolExecutor

from tests.factories import GradingRunFactory, hours
from tests.faults.conftest import steps
from tests.services.portal import LivePortal


def test_two_sweepers_at_once_expire_a_lease_once(portal: LivePortal) -> None:
    runs = [
        GradingRunFactory.create(
            running=True, lease_expires_at=hours(-1), platform_tries=tries
        )
        for tries in (0, 1, 2)
    ]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(portal.manage, ["sweep", "sweep"]))
    assert [steps(run) for run in runs] == [
        [("queued", "lease_expired")],
        [("queued", "lease_expired")],
        [("needs_staff", "lease_expired")],
    ]
