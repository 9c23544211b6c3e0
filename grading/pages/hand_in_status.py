"""Whether a person may hand in now, and what they may still use."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from courses.deadlines import Deadline, is_late, is_open, is_overdue
from courses.extra_time import ExtraTime
from courses.extra_time_words import extra_time_words
from courses.models import Assignment
from grading.services.use import Budget
from submissions.services import end_of_wait


@dataclass(frozen=True, kw_only=True)
class HandInStatus:
    """Whether this person may hand in now: `blocked` says why not, or is empty.

    `extra_time` has sentences on why the deadline is a later one. The values of
    `blocked` are keys of templates/grading/_hand_in_status.html. `again_at` is the end
    of the wait after the last attempt, if it is in the future.
    """

    deadline: Deadline
    is_extended: bool
    extra_time: Sequence[str]
    is_overdue: bool
    is_late_now: bool
    blocked: str
    attempts_used: int
    attempts_left: int | None
    budgets: tuple[Budget, ...]
    again_at: dt.datetime | None


def hand_in_status_of(
    own: Deadline,
    *,
    extra_time: ExtraTime,
    assignment: Assignment,
    used: int,
    last_at: dt.datetime | None,
    budgets: tuple[Budget, ...],
    may_submit: bool,
    now: dt.datetime,
) -> HandInStatus:
    """Return whether the person with this deadline may hand in, and why not.

    `used` are their attempts so far. `last_at` is when the wait after them begins.
    """
    left = (
        None
        if assignment.max_attempts is None
        else max(assignment.max_attempts - used, 0)
    )
    again_at = None
    if last_at is not None and assignment.cooldown_minutes:
        ends = end_of_wait(last_at, assignment.cooldown_minutes)
        again_at = ends if now < ends else None
    blocked = ""
    if not may_submit:
        blocked = "staff"
    elif assignment.revision_id is None:
        blocked = "entered" if assignment.has_entered_marks else "unpublished"
    elif not is_open(own, now):
        blocked = "closed"
    elif left == 0:
        blocked = "used_up"
    elif any(budget.is_used_up for budget in budgets):
        blocked = "budget"
    elif again_at is not None:
        blocked = "cooldown"
    return HandInStatus(
        deadline=own,
        is_extended=own.due_at > assignment.due_at,
        extra_time=extra_time_words(assignment, extra_time),
        is_overdue=is_overdue(own, now),
        is_late_now=is_late(own, now),
        blocked=blocked,
        attempts_used=used,
        attempts_left=left,
        budgets=budgets,
        again_at=again_at,
    )
