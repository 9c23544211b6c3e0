"""The metrics that stand in the database: the queue, and what workers reported.

SECURITY: their labels are names of queues, workers, devices, verdicts and codes. None
of them names a person, a course or anything that a notebook could choose.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db.models import Count
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from courses.counters import TIME_LIMITS
from courses.models import Enrolment
from grading.models import GradingRun, Incident, WorkerPresence
from grading.services import present_workers, waiting_runs
from grading.states import State

Numbers = Mapping[str, Any]

# What workers count, with the labels of each, beside "worker".
_COUNTS: Final = {
    "runs": ("Runs that ended, by verdict and code.", ("verdict", "code")),
    "tries": ("Tries of runs, by how they ended.", ("outcome", "code")),
    "mails": ("Mails, by whether they were sent.", ("result",)),
}
_TIMES: Final = {
    "wait_seconds": "How long runs waited in the queue.",
    "run_seconds": "How long runs took from the claim to the result.",
}
_GAUGES: Final = {
    "slots": "Runs that the worker can execute at the same time.",
    "slots_used": "Runs that it executes now.",
    "spares": "Processes that it has made ahead.",
}


class DatabaseCollector(Collector):
    """Reads the database at each scrape. Its queries do not grow with what was run."""

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of the queue, then those of the workers."""
        yield from _queue()
        yield _gauge("incidents_open", "Problems that are not over.", _open())
        yield _gauge("invitations_waiting", "Invitations to send.", _invitations())
        workers = list(present_workers().order_by("name"))
        yield _presence(workers)
        yield from _worker_metrics(workers)


def _queue() -> Iterator[Metric]:
    waiting = waiting_runs()
    runs = GaugeMetricFamily(
        "softmark_queue_runs", "Runs that wait, by queue.", labels=["queue"]
    )
    oldest = GaugeMetricFamily(
        "softmark_queue_oldest_seconds", "The longest wait now.", labels=["queue"]
    )
    for queue in sorted({"cpu", "gpu", *waiting}):
        found = waiting.get(queue)
        runs.add_metric([queue], found.count if found else 0)
        oldest.add_metric([queue], found.longest.total_seconds() if found else 0.0)
    yield from (runs, oldest)
    states = GaugeMetricFamily(
        "softmark_runs_now", "Runs that run, or that wait for staff.", labels=["state"]
    )
    for state in (State.RUNNING, State.NEEDS_STAFF):
        states.add_metric([state.value], GradingRun.objects.filter(state=state).count())
    yield states


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"softmark_{name}", words, value=value)


def _open() -> int:
    return Incident.objects.filter(closed_at__isnull=True).count()


def _invitations() -> int:
    due = Enrolment.objects.not_signed_in().exclude(invitation_due_at=None)
    return due.aggregate(count=Count("pk"))["count"] or 0


def _presence(workers: list[WorkerPresence]) -> Metric:
    found = GaugeMetricFamily(
        "softmark_worker_up",
        "1 for each worker or beat that reports; 0 while it has paused.",
        labels=["worker", "role"],
    )
    for row in workers:
        found.add_metric([row.name, row.role], float(row.paused_until is None))
    return found


def _worker_metrics(workers: list[WorkerPresence]) -> Iterator[Metric]:
    numbers = {row.name: row.numbers for row in workers if row.numbers}
    for name, words in _GAUGES.items():
        gauge = GaugeMetricFamily(f"softmark_worker_{name}", words, labels=["worker"])
        for worker, found in numbers.items():
            gauge.add_metric([worker], found.get(name, 0))
        yield gauge
    jails = CounterMetricFamily(
        "softmark_worker_jails_made", "Jails made since the start.", labels=["worker"]
    )
    for worker, found in numbers.items():
        jails.add_metric([worker], found.get("jails_made", 0))
    yield jails
    yield from _gpus(numbers)
    for name, (words, labels) in _COUNTS.items():
        yield _counted(name, words, labels, numbers)
    for name, words in _TIMES.items():
        yield _timed(name, words, numbers)


def _gpus(numbers: Mapping[str, Numbers]) -> Iterator[Metric]:
    labels = ["worker", "gpu"]
    families = {
        key: GaugeMetricFamily(f"softmark_gpu_{name}", words, labels=labels)
        for key, name, words in (
            ("used", "memory_used_bytes", "Memory in use on the device."),
            ("given_out", "memory_given_out_bytes", "Memory promised to jobs."),
            ("total", "memory_bytes", "Memory of the device."),
            ("in_service", "in_service", "1 if the device takes jobs."),
        )
    }
    for worker, found in numbers.items():
        for gpu in found.get("gpus", []):
            for key, family in families.items():
                if gpu[key] >= 0:
                    family.add_metric([worker, gpu["uuid"]], float(gpu[key]))
    yield from families.values()


def _counted(
    name: str, words: str, labels: tuple[str, ...], numbers: Mapping[str, Numbers]
) -> Metric:
    family = CounterMetricFamily(f"softmark_{name}", words, labels=["worker", *labels])
    for worker, found in numbers.items():
        for row in found.get("counts", []):
            if row["name"] == name:
                values = [row["labels"].get(label, "") for label in labels]
                family.add_metric([worker, *values], row["value"])
    return family


def _timed(name: str, words: str, numbers: Mapping[str, Numbers]) -> Metric:
    family = HistogramMetricFamily(
        f"softmark_{name}", words, labels=["worker", "queue"]
    )
    for worker, found in numbers.items():
        for row in found.get("times", []):
            if row["name"] == name:
                family.add_metric(
                    [worker, row["labels"].get("queue", "")],
                    buckets=_cumulative(row["groups"]),
                    sum_value=row["sum"],
                )
    return family


def _cumulative(groups: list[int]) -> list[tuple[str, float]]:
    """Return how many times are at most as long as each limit, as Prometheus wants."""
    limits = [*(f"{limit:g}" for limit in TIME_LIMITS), "+Inf"]
    total, found = 0, []
    for limit, count in zip(limits, groups, strict=True):
        total += count
        found.append((limit, float(total)))
    return found
