"""What the operations page shows: the portal's parts, workers, queue, faults and mail."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import User
from courses.models import Announcement, Enrolment
from grading.messages import describe
from grading.models import GradingRun, Incident, RunnerEnvironment, WorkerPresence
from grading.services import present_workers, waiting_runs
from grading.states import State
from portal.health_checks import find_problems
from portal.timed_checks import HealthProblem

# At most so many rows of a list are shown; its count is always the whole.
SHOWN: Final = 20
RECENT: Final = dt.timedelta(days=7)
_QUEUES: Final = ("cpu", "gpu")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the portal with its problems; it is in order if there are none."""

    name: str
    problems: Sequence[HealthProblem]


@dataclass(frozen=True, kw_only=True)
class WorkerRow:
    """A worker or beat, and what it reported last.

    One that is not present was replaced by another, unless it `is_missed`.
    """

    record: WorkerPresence
    is_present: bool
    is_missed: bool

    @property
    def slots(self) -> str:
        """How many of its slots are used, such as "1 of 2"."""
        numbers = self.record.numbers
        if "slots" not in numbers:
            return ""
        return f"{numbers.get('slots_used', 0)} of {numbers['slots']}"

    @property
    def level(self) -> str:
        """The isolation level of its jobs."""
        return str(self.record.numbers.get("level", ""))

    @property
    def gpus(self) -> list[dict[str, Any]]:
        """Its GPUs, each with its name, its memory in bytes, and whether it serves."""
        found = self.record.numbers.get("gpus", [])
        return [gpu for gpu in found if isinstance(gpu, dict)]


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    """A queue: how many runs wait, for how many seconds the oldest, how many run."""

    name: str
    waiting: int
    oldest_seconds: float
    running: int


@dataclass(frozen=True, kw_only=True)
class FailedRun:
    """A run that waits for staff, and why."""

    run: GradingRun
    reason: str


@dataclass(frozen=True, kw_only=True)
class OperationsPage:
    """The whole page. `put_back` runs wait after a fault of ours, and are tried again."""

    parts: Sequence[Part]
    incidents: Sequence[Incident]
    past_incidents: Sequence[Incident]
    workers: Sequence[WorkerRow]
    environments: Sequence[RunnerEnvironment]
    queues: Sequence[QueueRow]
    failed: Sequence[FailedRun]
    failed_count: int
    put_back: int
    invitations: int
    announcements: int
    without_factor: Sequence[User]
    without_factor_count: int
    asks_second_factor: bool

    @property
    def problem_count(self) -> int:
        """How many problems there are now."""
        return sum(len(part.problems) for part in self.parts)


def operations_page(now: dt.datetime) -> OperationsPage:
    """Return the page. The number of queries does not grow with the rows."""
    failed = GradingRun.objects.filter(state=State.NEEDS_STAFF)
    lacking = people_without_second_factor()
    queued = GradingRun.objects.filter(state=State.QUEUED)
    problems = find_problems()
    keys = {problem.key for found in problems.values() for problem in found}
    return OperationsPage(
        parts=[Part(name=name, problems=found) for name, found in problems.items()],
        incidents=list(Incident.objects.filter(closed_at__isnull=True)),
        past_incidents=list(
            Incident.objects.filter(
                closed_at__isnull=False, opened_at__gt=now - RECENT
            )[:SHOWN]
        ),
        workers=list(_workers(keys)),
        environments=list(RunnerEnvironment.objects.all()),
        queues=list(_queues()),
        failed=list(_failed(failed)),
        failed_count=failed.count(),
        put_back=queued.filter(put_back_count__gt=0).count(),
        invitations=Enrolment.objects.not_signed_in()
        .exclude(invitation_due_at=None)
        .count(),
        announcements=Announcement.objects.due_for_mailing(now).count(),
        without_factor=list(lacking.order_by("last_name", "first_name", "pk")[:SHOWN]),
        without_factor_count=lacking.count(),
        asks_second_factor=settings.STAFF_SECOND_FACTOR,
    )


def people_without_second_factor() -> QuerySet[User]:
    """Return the people who must have a second factor and have none."""
    if not settings.STAFF_SECOND_FACTOR:
        return User.objects.none()
    must = Q(is_staff=True) | Q(is_superuser=True)
    if settings.COURSE_STAFF_SECOND_FACTOR:
        must |= Q(Exists(Enrolment.objects.staff().filter(user=OuterRef("pk"))))
    factors = Authenticator.objects.filter(user=OuterRef("pk"))
    return User.objects.filter(must, ~Exists(factors), is_active=True)


def _workers(problems: Collection[str]) -> Iterator[WorkerRow]:
    present = set(present_workers().values_list("pk", flat=True))
    for record in WorkerPresence.objects.order_by("-role", "name"):
        yield WorkerRow(
            record=record,
            is_present=record.pk in present,
            is_missed=f"{record.role}:{record.name}" in problems,
        )


def _queues() -> Iterator[QueueRow]:
    waiting = waiting_runs()
    running: Mapping[str, int] = _running()
    for name in sorted({*_QUEUES, *waiting, *running}):
        found = waiting.get(name)
        yield QueueRow(
            name=name,
            waiting=found.count if found else 0,
            oldest_seconds=found.longest.total_seconds() if found else 0.0,
            running=running.get(name, 0),
        )


def _running() -> Mapping[str, int]:
    found: dict[str, int] = {}
    runs = GradingRun.objects.filter(state=State.RUNNING)
    for queue in runs.values_list("queue", flat=True):
        found[queue] = found.get(queue, 0) + 1
    return found


def _failed(failed: QuerySet[GradingRun]) -> Iterator[FailedRun]:
    rows = failed.select_related(
        "submission__assignment__course",
        "submission__author",
        "revision__assignment__course",
    ).order_by(F("finished_at").desc(), "pk")
    for run in rows[:SHOWN]:
        yield FailedRun(run=run, reason=describe(run, is_own=False).text)
