"""Whether a person may hand in now, and what they may still use."""

import datetime as dt
from dataclasses import dataclass

from courses.deadlines import Deadline, is_late, is_open, is_overdue
from courses.models import Assignment
from grading.services.use import Budget


@dataclass(frozen=True, kw_only=True)
class HandInStatus:
    """Whether this person may hand in now: `blocked` says why not, or is empty.

    The values of `blocked` are keys of templates/grading/_hand_in_status.html.
    """

    deadline: Deadline
    is_extended: bool
    is_overdue: bool
    is_late_now: bool
    blocked: str
    attempts_used: int
    attempts_left: int | None
    budgets: tuple[Budget, ...]


def hand_in_status_of(
    own: Deadline,
    *,
    assignment: Assignment,
    used: int,
    budgets: tuple[Budget, ...],
    may_submit: bool,
    now: dt.datetime,
) -> HandInStatus:
    """Return whether the person with this deadline may hand in, and why not."""
    left = (
        None
        if assignment.max_attempts is None
        else max(assignment.max_attempts - used, 0)
    )
    blocked = ""
    if not may_submit:
        blocked = "staff"
    elif assignment.revision_id is None:
        blocked = "unpublished"
    elif not is_open(own, now):
        blocked = "closed"
    elif left == 0:
        blocked = "used_up"
    elif any(budget.is_used_up for budget in budgets):
        blocked = "budget"
    return HandInStatus(
        deadline=own,
        is_extended=own.due_at > assignment.due_at,
        is_overdue=is_overdue(own, now),
        is_late_now=is_late(own, now),
        blocked=blocked,
        attempts_used=used,
        attempts_left=left,
        budgets=budgets,
    )
