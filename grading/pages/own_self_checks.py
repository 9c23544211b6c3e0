"""One student's checks of an assignment: how many are left, and the latest of them."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from accounts.models import User
from courses.models import Assignment
from grading.models import SelfCheck
from grading.pages.badges import Badge, badge_for
from grading.self_check_rate import ChecksLeft
from grading.services import self_check_results, self_checks_left
from grading.states import State
from grading.visible_results import ShownResults

SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class SelfCheckRow:
    """A check with its badge, and its results once it has finished."""

    self_check: SelfCheck
    badge: Badge
    results: ShownResults | None


@dataclass(frozen=True, kw_only=True)
class OwnSelfChecks:
    """How many checks the student has left, and the latest ones."""

    rate: ChecksLeft
    rows: tuple[SelfCheckRow, ...]


def own_self_checks(
    *, user: User, assignment: Assignment, now: dt.datetime
) -> OwnSelfChecks | None:
    """Return the student's checks in a fixed number of queries, or None where it is off.

    Without any check it is two queries.
    """
    if not assignment.self_check_limit or not assignment.runs_notebooks:
        return None
    checks = (
        SelfCheck.objects.visible_to(user)
        .filter(assignment=assignment)
        .select_related("run")
        .prefetch_related("run__results", "run__revision__questions")
        .defer("run__progress", "run__measures", "run__detail", "run__record")
        .order_by("-asked_at", "-pk")
    )
    return OwnSelfChecks(
        rate=self_checks_left(assignment, user, now),
        rows=tuple(_row(check, now) for check in checks[:SHOWN]),
    )


def _row(check: SelfCheck, now: dt.datetime) -> SelfCheckRow:
    is_finished = check.run.state == State.FINISHED
    return SelfCheckRow(
        self_check=check,
        badge=badge_for(check.run),
        results=self_check_results(check.run, now) if is_finished else None,
    )
