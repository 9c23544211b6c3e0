"""What the coursework page says of late work: the rule, and what it costs now."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import User
from courses.deadlines import Deadline, is_late, late_by
from courses.late_rule_words import cost_words, days_left_words, rule_words
from courses.models import Assignment
from grading.services.lateness import days_left


@dataclass(frozen=True, kw_only=True)
class LateWork:
    """The rule as sentences, and what handing in now would cost, or empty.

    `days_left` says how many late days the person has left, or is empty where they do
    not count.
    """

    rule: tuple[str, ...]
    cost_now: str
    days_left: str


def late_work_of(
    own: Deadline,
    *,
    assignment: Assignment,
    possible: Decimal,
    user: User,
    now: dt.datetime,
) -> LateWork:
    """Return what the person with this deadline reads of late work.

    No query, and two where late days count. Nothing is late within the grace, so
    nothing here tells how long that is until it has passed.
    """
    rule, pass_mark = assignment.late_rule, assignment.pass_percent
    left = days_left([(assignment, user.pk)]).get((assignment.pk, user.pk))
    cost = ""
    if is_late(own, now) and rule.takes_points:
        cost = cost_words(
            rule,
            late_by=late_by(own, now),
            possible=possible,
            pass_mark=pass_mark,
            days_left=left or 0,
        )
    return LateWork(
        rule=rule_words(rule, pass_mark=pass_mark) if rule.takes_points else (),
        cost_now=cost,
        days_left=""
        if left is None
        else days_left_words(left, assignment.course.late_days),
    )
