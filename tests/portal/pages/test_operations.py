"""The operations page tells site staff how the portal is, and nobody else."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.models import User
from grading.models import Incident, RunnerEnvironment, WorkerPresence
from grading.services import note_pause, note_presence, record_incidents
from portal.pages import operations
from portal.pages.operations import operations_page, people_without_second_factor
from portal.timed_checks import HealthProblem
from tests.factories import EnrolmentFactory, GradingRunFactory, UserFactory, hours

pytestmark = pytest.mark.django_db
Budget = Callable[[int], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def checks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Sequence[HealthProblem]]:
    """Give what the checks find, none of them by default."""
    found: dict[str, Sequence[HealthProblem]] = {"database": [], "workers": []}
    monkeypatch.setattr(operations, "find_problems", lambda: found)
    return found


@pytest.fixture
def shown(client: Client) -> Callable[[], str]:
    client.force_login(UserFactory.create(is_superuser=True, is_staff=True))

    def show() -> str:
        return client.get(reverse("operations")).content.decode()

    return show


def test_staff_of_a_course_may_not_see_it(client: Client) -> None:
    client.force_login(UserFactory.create(is_staff=True))
    assert client.get(reverse("operations")).status_code == 403


def test_problems_stand_at_the_top(
    shown: Callable[[], str], checks: dict[str, Any]
) -> None:
    assert "Everything works" in shown()
    checks["workers"] = [HealthProblem(key="x", words="The worker a:1 has died.")]
    assert "Something is wrong" in shown()
    assert "The worker a:1 has died." in shown()


def test_workers_are_listed_with_what_they_reported(
    shown: Callable[[], str], checks: dict[str, Any]
) -> None:
    gpu = {"name": "H200", "used": 2**30, "total": 2**31, "in_service": False}
    numbers: dict[str, Any] = {
        "slots": 2,
        "slots_used": 1,
        "level": "L2",
        "gpus": [gpu],
    }
    note_presence(actor=SYSTEM, name="gpu7:1", queues=["cpu", "gpu"], numbers=numbers)
    note_presence(actor=SYSTEM, name="old:1", queues=["cpu"])
    WorkerPresence.objects.filter(name="old:1").update(seen_at=hours(-1))
    note_presence(actor=SYSTEM, name="bad:1", queues=["cpu"])
    note_pause(actor=SYSTEM, name="bad:1", faults=3, seconds=60, code="gpu_fault")
    page = shown()
    for words in ("gpu7:1", "1 of 2", "L2", "out of service", "Replaced", "Paused"):
        assert words in page
    assert "No report" not in page
    checks["workers"] = [HealthProblem(key="worker:old:1", words="It has died.")]
    assert "No report" in shown()


def test_queue_and_failures_are_counted() -> None:
    GradingRunFactory.create(put_back_count=1)
    GradingRunFactory.create(running=True)
    failed = GradingRunFactory.create(needs_staff=True)
    page = operations_page(timezone.now())
    cpu = next(queue for queue in page.queues if queue.name == "cpu")
    assert (cpu.waiting, cpu.running) == (1, 1)
    assert [row.run for row in page.failed] == [failed]
    assert (page.failed_count, page.put_back) == (1, 1)


def test_environments_and_incidents_are_listed(shown: Callable[[], str]) -> None:
    RunnerEnvironment.objects.create(name="torch-cpu", python="3.11.9", level="L2")
    record_incidents(actor=SYSTEM, problems={"disk": "The disk is full."})
    assert "torch-cpu" in shown()
    assert "The disk is full." in shown()
    record_incidents(actor=SYSTEM, problems={})
    assert "The disk is full." in shown()
    Incident.objects.update(opened_at=hours(-24 * 8))
    assert "The disk is full." not in shown()


def test_people_who_lack_a_second_factor_are_named(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    lecturer = EnrolmentFactory.create(lecturer=True).user
    EnrolmentFactory.create()
    has_one = UserFactory.create(is_staff=True)
    Authenticator.objects.create(user=has_one, type="totp", data={})
    UserFactory.create(is_staff=True, is_active=False)
    operator = UserFactory.create(is_superuser=True)
    assert set(people_without_second_factor()) == {lecturer, operator}
    settings.COURSE_STAFF_SECOND_FACTOR = False
    assert set(people_without_second_factor()) == {operator}
    settings.STAFF_SECOND_FACTOR = False
    assert not people_without_second_factor().exists()


def test_queries_do_not_grow_with_the_rows(
    shown: Callable[[], str], assert_max_queries: Budget
) -> None:
    for number in range(5):
        GradingRunFactory.create(needs_staff=True)
        note_presence(actor=SYSTEM, name=f"a:{number}", queues=["cpu"])
        User.objects.filter(is_staff=False).update(is_staff=True)
    with assert_max_queries(20):
        shown()
