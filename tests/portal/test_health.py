"""The addresses for probes: they answer in time, to anybody, by any host name."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest
from celery import current_app
from django.db import DatabaseError
from django.test import Client

from accounts.actors import SYSTEM
from grading.models import WorkerPresence
from grading.services import note_presence
from portal import health_checks
from portal.health_checks import ANSWER_SECONDS
from portal.timed_checks import HealthProblem, TimedCheck, run_checks
from tests.busy_machine import BUSY_SECONDS
from tests.factories import GradingRunFactory, SubmissionFactory

ANYWHERE: Final = {"host": "10.3.2.1:8000"}


def failing() -> Sequence[HealthProblem]:
    raise DatabaseError


def slow(hanging: threading.Event, name: str = "slow") -> TimedCheck:
    """Return a check that waits for the event and then finds nothing."""

    def find() -> Sequence[HealthProblem]:
        hanging.wait(600)
        return ()

    return TimedCheck(name, find)


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """Give an event for which a check waits."""
    released = threading.Event()
    yield released
    released.set()


def replace_check(monkeypatch: pytest.MonkeyPatch, name: str, find: Any) -> None:
    """Replace the check of this name."""
    new = TimedCheck(name, find)
    for group in ("NEEDED", "OTHERS"):
        checks = [new if c.name == name else c for c in getattr(health_checks, group)]
        monkeypatch.setattr(health_checks, group, tuple(checks))
    if name == "database":
        monkeypatch.setattr(health_checks, "DATABASE", new)


def all_well(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("broker", "queue", "workers", "files", "disk"):
        replace_check(monkeypatch, name, lambda: ())


@pytest.mark.django_db
def test_health_is_ok_without_signing_in(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert "no-store" in answer["Cache-Control"]


def test_without_a_database_health_is_503(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_check(monkeypatch, "database", failing)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (503, b"no database\n")


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_probe_answers_in_time_while_the_database_hangs(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    hanging: threading.Event,
    address: str,
) -> None:
    all_well(monkeypatch)
    replace_check(monkeypatch, "database", lambda: hanging.wait(600) or ())
    begun = time.monotonic()
    assert client.get(address).status_code == 503
    assert ANSWER_SECONDS < 3
    assert time.monotonic() - begun < ANSWER_SECONDS + BUSY_SECONDS


def test_hanging_check_keeps_one_thread_only(hanging: threading.Event) -> None:
    check = slow(hanging)
    for _ in range(5):
        found = run_checks([check], seconds=0.01)
        assert "no answer" in found["slow"][0].words
    threads = [t for t in threading.enumerate() if t.name == "check-slow"]
    assert len(threads) == 1


def test_check_answers_again_once_it_no_longer_hangs(
    hanging: threading.Event,
) -> None:
    check = slow(hanging)
    assert run_checks([check], seconds=0.01)["slow"]
    hanging.set()
    assert run_checks([check], seconds=5) == {"slow": []}


def test_all_hanging_checks_are_waited_for_together(hanging: threading.Event) -> None:
    checks = [slow(hanging, f"{number}") for number in range(100)]
    begun = time.monotonic()
    run_checks(checks, seconds=0.5)
    assert time.monotonic() - begun < 0.5 + BUSY_SECONDS


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
@pytest.mark.django_db
def test_probe_needs_no_host_name_and_no_https(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    all_well(monkeypatch)
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["softmark.example.edu"]
    assert client.get(address, headers=ANYWHERE).status_code == 200
    assert client.get("/", headers=ANYWHERE).status_code != 200


@pytest.mark.django_db
def test_probe_makes_no_session(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_well(monkeypatch)
    assert not client.get("/readyz").cookies


@pytest.mark.django_db
def test_portal_is_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    all_well(monkeypatch)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert set(answer.json()["checks"]) == {
        *("database", "files", "disk", "broker", "queue", "workers"),
    }


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["disk", "broker", "queue", "workers"])
def test_what_delays_grading_only_does_not_take_the_web_away(
    client: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    all_well(monkeypatch)
    replace_check(monkeypatch, name, failing)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["checks"][name] == "failing"
    assert client.get("/readyz?strict").status_code == 503


@pytest.mark.django_db
def test_without_files_the_portal_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_well(monkeypatch)
    replace_check(monkeypatch, "files", failing)
    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_answer_names_no_worker_and_no_fault(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_well(monkeypatch)
    secret = HealthProblem(key="worker:host7", words="The worker host7 has died.")
    replace_check(monkeypatch, "workers", lambda: [secret])
    assert b"host7" not in client.get("/readyz").content


@pytest.mark.django_db(transaction=True)
def test_checks_look_at_the_rows(settings: Any) -> None:
    settings.LOW_DISK_BYTES = 0
    found = health_checks.find_problems()
    assert [problem.key for problem in found["workers"]] == [
        *("unserved:cpu", "unserved:beat"),
    ]
    note_presence(actor=SYSTEM, name="a:1", queues=["cpu"])
    note_presence(actor=SYSTEM, name="a:2", role=WorkerPresence.Role.BEAT)
    WorkerPresence.objects.update(started_at="2026-01-01T00:00Z")
    GradingRunFactory.create(queued_at="2026-01-01T00:00Z")
    found = health_checks.find_problems()
    assert (found["workers"], found["disk"]) == ([], [])
    assert [problem.key for problem in found["queue"]] == ["queue:cpu"]


@pytest.mark.django_db(transaction=True)
def test_missing_store_is_a_problem_once_there_is_work(
    settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_checks, "blob_store_answers", lambda: False)
    assert health_checks.find_problems()["files"] == []
    SubmissionFactory.create()
    assert len(health_checks.find_problems()["files"]) == 1


def test_full_disk_is_a_problem(settings: Any) -> None:
    settings.LOW_DISK_BYTES = 10**18
    check = next(c for c in health_checks.OTHERS if c.name == "disk")
    found = run_checks([check], seconds=5)
    assert "left" in found["disk"][0].words


@pytest.mark.parametrize("hangs", ["hangs", ""])
def test_broker_that_is_down_or_hangs_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, hangs: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not hangs:
            server.close()
        address = f"redis://127.0.0.1:{port}/0"
        monkeypatch.setattr(current_app.conf, "broker_url", address)
        monkeypatch.setattr(current_app.conf, "broker_write_url", address)
        check = next(c for c in health_checks.OTHERS if c.name == "broker")
        begun = time.monotonic()
        assert run_checks([check], seconds=2)["broker"]
        assert time.monotonic() - begun < 2 + BUSY_SECONDS


def test_failing_probe_writes_no_line_to_the_log(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Probes come every few seconds; the watch logs one line for each incident."""
    replace_check(monkeypatch, "database", failing)
    assert client.get("/healthz").status_code == 503
    assert caplog.records == []
