"""The watch in beat notices what no worker could report, and reports it once."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from accounts.actors import SYSTEM
from grading.models import Incident, WorkerPresence
from grading.services import note_presence
from portal import watch
from portal.health_checks import find_problems
from portal.timed_checks import HealthProblem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def only_workers_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:

    def find() -> Any:
        return {"workers": find_problems()["workers"]}

    monkeypatch.setattr(watch, "find_problems", find)
    monkeypatch.setattr(watch, "START_SECONDS", 0)


def test_frozen_worker_becomes_an_incident_until_it_reports_again() -> None:
    note_presence(actor=SYSTEM, name="a:1", queues=["cpu"])
    look = watch.Watch().look
    look()
    assert not Incident.objects.exists()
    long_ago = timezone.now() - dt.timedelta(minutes=2)
    WorkerPresence.objects.filter(name="a:1").update(seen_at=long_ago)
    look()
    assert set(Incident.objects.values_list("key", flat=True)) == {
        *("worker:a:1", "unserved:cpu"),
    }
    note_presence(actor=SYSTEM, name="a:1", queues=["cpu"])
    look()
    assert not Incident.objects.filter(closed_at=None).exists()


def test_beat_says_that_it_is_there() -> None:
    watch.Watch().look()
    assert WorkerPresence.objects.get().role == "beat"


def test_at_its_start_beat_reports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "START_SECONDS", 60)
    problem = HealthProblem(key="disk", words="The disk is full.")
    monkeypatch.setattr(watch, "find_problems", lambda: {"disk": [problem]})
    watch.Watch().look()
    assert not Incident.objects.exists()
