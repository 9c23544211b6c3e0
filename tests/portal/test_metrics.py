"""The metrics: who may read them, what they say, and what they never name."""

import datetime as dt
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from prometheus_client.parser import text_string_to_metric_families

from accounts.actors import SYSTEM
from courses.counters import COUNTERS, Counters
from grading.models import GradingRun, WorkerPresence
from grading.services import Claim, note_pause, note_presence
from grading.worker.try_record import record_try
from portal.health_checks import ANSWER_SECONDS
from portal.timed_checks import TimedCall
from portal.views import metrics as metrics_view
from tests.busy_machine import BUSY_SECONDS
from tests.factories import GradingRunFactory
from tests.matrix import notebook_form, of_assignment
from tests.world import make_world

TOKEN = "a-token-of-32-characters-or-more!"


def values(client: Client) -> dict[tuple[str, ...], float]:
    """Return each sample by its name and the values of its labels, sorted by label."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (
            sample.name,
            *(value for _, value in sorted(sample.labels.items())),
        ): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


# --- Who may read them ------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_token_is_enough_from_anywhere_by_any_host_name(
    client: Client, settings: Any
) -> None:
    settings.METRICS_TOKEN = TOKEN
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get(
        "/metrics",
        headers={"authorization": f"Bearer {TOKEN}", "host": "10.1.2.3"},
        REMOTE_ADDR="10.9.9.9",
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("sent", ["", "Bearer", f"Bearer {TOKEN}x", TOKEN])
def test_wrong_token_is_refused_also_on_this_machine(
    client: Client, settings: Any, sent: str
) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"authorization": sent})
    assert answer.status_code == 403
    assert b"softmark_" not in answer.content


@pytest.mark.parametrize(
    "request_of",
    [
        {"REMOTE_ADDR": "10.9.9.9"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "10.9.9.9"},
        {"HTTP_FORWARDED": "for=10.9.9.9"},
    ],
)
def test_without_a_token_only_this_machine_may_read(
    client: Client, request_of: dict[str, str]
) -> None:
    assert client.get("/metrics", **request_of).status_code == 403  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["BEHIND_PROXY", "SITE_IS_LOCAL"])
def test_portal_for_others_needs_a_token(
    client: Client, settings: Any, name: str
) -> None:
    setattr(settings, name, name == "BEHIND_PROXY")
    assert client.get("/metrics").status_code == 403


# --- What they say ----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_queue_is_counted(client: Client) -> None:
    GradingRunFactory.create()
    GradingRunFactory.create(running=True)
    GradingRunFactory.create(needs_staff=True)
    found = values(client)
    assert found["softmark_queue_runs", "cpu"] == 1
    assert found["softmark_queue_runs", "gpu"] == 0
    assert found["softmark_queue_oldest_seconds", "cpu"] >= 0
    assert found["softmark_runs_now", "running"] == 1
    assert found["softmark_runs_now", "needs_staff"] == 1
    assert found["softmark_database_up",] == 1


@pytest.mark.django_db(transaction=True)
def test_numbers_of_workers_are_shown_as_they_reported_them(client: Client) -> None:
    counters = Counters()
    counters.count("runs", verdict="scored", code="")
    counters.count("tries", outcome="finished", code="")
    counters.count("mails", result="sent")
    for seconds in (0.5, 15, 99_999):
        counters.observe("run_seconds", seconds, queue="cpu")
    numbers = {
        "slots": 2,
        "slots_used": 1,
        "spares": 3,
        "jails_made": 7,
        "gpus": [
            {
                "uuid": "GPU-1",
                "name": "H200",
                "in_service": True,
                "used": 5,
                "given_out": 4,
                "total": 9,
            }
        ],
        **counters.to_json(),
    }
    note_presence(actor=SYSTEM, name="a:1", queues=["cpu"], numbers=numbers)
    found = values(client)
    assert found["softmark_worker_slots_used", "a:1"] == 1
    assert found["softmark_worker_spares", "a:1"] == 3
    assert found["softmark_worker_jails_made_total", "a:1"] == 7
    assert found["softmark_gpu_memory_used_bytes", "GPU-1", "a:1"] == 5
    assert found["softmark_gpu_in_service", "GPU-1", "a:1"] == 1
    assert found["softmark_runs_total", "", "scored", "a:1"] == 1
    assert found["softmark_tries_total", "", "finished", "a:1"] == 1
    assert found["softmark_mails_total", "sent", "a:1"] == 1
    times = {
        limit: found["softmark_run_seconds_bucket", limit, "cpu", "a:1"]
        for limit in ("1", "20", "3600", "+Inf")
    }
    assert list(times.values()) == [1, 2, 2, 3]
    assert found["softmark_run_seconds_count", "cpu", "a:1"] == 3


@pytest.mark.django_db(transaction=True)
def test_paused_worker_is_not_up_and_a_dead_one_is_gone(client: Client) -> None:
    note_presence(actor=SYSTEM, name="a:1", queues=["cpu"])
    note_pause(actor=SYSTEM, name="a:1", faults=3, seconds=60, code="gpu_fault")
    assert values(client)["softmark_worker_up", "worker", "a:1"] == 0
    WorkerPresence.objects.update(
        seen_at=WorkerPresence.objects.get().seen_at - dt.timedelta(minutes=2)
    )
    assert ("softmark_worker_up", "worker", "a:1") not in values(client)


@pytest.mark.django_db(transaction=True)
def test_requests_are_timed_by_view(client: Client) -> None:
    key = ("softmark_http_request_seconds_count", "GET", "2xx", "account_login")
    before = values(client).get(key, 0)
    client.get("/accounts/login/")
    assert values(client)[key] == before + 1


@pytest.mark.django_db(transaction=True)
def test_uploads_are_counted_with_their_bytes(client: Client) -> None:
    world = make_world()
    client.force_login(world.people["owner"])
    before = values(client)
    address = reverse("grading:submit", args=of_assignment(world))
    client.post(address, notebook_form(world))
    after = values(client)
    key = ("softmark_uploads_total", "3xx")
    assert after[key] == before.get(key, 0) + 1
    size = ("softmark_upload_bytes_total",)
    assert after[size] > before[size]


def test_without_a_database_the_rest_is_shown_in_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    hanging = TimedCall("metrics", lambda: released.wait(600) and b"")
    monkeypatch.setattr(metrics_view, "_DATABASE", hanging)
    begun = time.monotonic()
    found = values(client)
    taken = time.monotonic() - begun
    released.set()
    assert ANSWER_SECONDS < 3
    assert taken < ANSWER_SECONDS + BUSY_SECONDS
    assert found["softmark_database_up",] == 0
    assert ("softmark_queue_runs", "cpu") not in found


# --- What they never name ---------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_no_person_and_no_content_is_named(client: Client) -> None:
    """Everything that people wrote in this world is absent, also from labels."""
    world = make_world()
    GradingRun.objects.filter(pk=world.run.pk).update(code="my secret")
    run = GradingRun.objects.get(pk=world.run.pk)
    record_try(Claim(run_id=run.pk, token=run.lease_token, worker="a:1"))
    note_presence(actor=SYSTEM, name="a:1", queues=["cpu"], numbers=COUNTERS.to_json())
    client.force_login(world.people["owner"])
    for address in ("/", world.course.get_absolute_url(), "/no/such/page/"):
        client.get(address)
    text = client.get("/metrics").content.decode().lower()
    assert 'code="other"' in text
    names = [
        *(
            value
            for person in world.people.values()
            for value in (person.email, person.first_name, person.last_name)
        ),
        *(world.course.slug, world.course.title),
        *(world.assignment.slug, world.assignment.title, str(world.run.pk)),
        *(world.material.title, world.announcement.title, "my secret", "/no/such"),
    ]
    assert [name for name in names if name and name.lower() in text] == []


@pytest.mark.django_db(transaction=True)
def test_processes_share_their_numbers(
    client: Client, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With gunicorn, all its processes write to one folder, and any of them answers."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    command = (
        "from portal.http_times import UPLOADS; UPLOADS.labels(status='2xx').inc()"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", command], check=True)
    text = client.get("/metrics").content.decode()
    assert 'softmark_uploads_total{status="2xx"} 2.0' in text
    assert text.count("\nsoftmark_database_up") == 1
