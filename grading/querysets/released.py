"""Whether a person's work is still taken, and marks are released to them, in SQL."""

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.models import Case, ExpressionWrapper, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Greatest, TruncSecond
from django.db.models.lookups import (
    GreaterThan,
    IsNull,
    LessThan,
    LessThanOrEqual,
)
from django.utils import timezone

from courses.extra_time import ANSWERED_WITHIN
from courses.querysets.extra_time_columns import own_due_of
from courses.querysets.group_release_columns import group_release_of

if TYPE_CHECKING:
    from accounts.models import User

_MINUTE: Final = Value(dt.timedelta(minutes=1), models.DurationField())


def released_to(user: "User | OuterRef", *, assignment: str) -> Q:
    """Match rows of assignments whose marks are released to this student.

    `user` is a person, or an OuterRef to one. `assignment` is the lookup from the row to its assignment. This is the rule of
    `grading.services.view_times` in SQL. A withheld mark is not released.
    """
    from grading.models import Mark  # noqa: PLC0415  models import this module

    withheld = Mark.objects.withheld().filter(
        assignment=OuterRef(assignment), student=user
    )
    is_told = Q(IsNull(Subquery(withheld.order_by().values("pk")[:1]), rhs=True))
    return out_for(user, assignment=assignment) & is_told


def out_for(user: "User | OuterRef", *, assignment: str) -> Q:
    """Match rows of assignments whose marks are out for this student, or withheld.

    SECURITY: marks are out for a student once the portal no longer takes their own
    work.
    """
    now = timezone.now()
    of_group = group_release_of(user, assignment=assignment)
    is_out = Q(**{f"{assignment}__marks_released_at__lte": now}) | Q(
        LessThanOrEqual(of_group, _moment(now))
    )
    return is_out & no_longer_taken(user, assignment=assignment)


def no_longer_taken(user: "User | OuterRef", *, assignment: str) -> Q:
    """Match rows of assignments for which the portal no longer takes this student's work.

    SECURITY: an attempt that is opened is waited for until it expires, also where its
    author has let its own time pass.
    """
    from courses.models import ExtensionRequest  # noqa: PLC0415  models import this module
    from submissions.models import OpenedAttempt  # noqa: PLC0415  models import this module

    now = timezone.now()
    closes_at = _closes_at(user, assignment)
    of_row = {"assignment": OuterRef(assignment)}
    asked = (
        ExtensionRequest.objects.open()
        .filter(student=user, wished_due_at__gte=now - ANSWERED_WITHIN, **of_row)
        .annotate(asked_second=TruncSecond("made_at", tzinfo=dt.UTC))
        .order_by()
    )
    asked_at = Subquery(asked.values("asked_second")[:1])
    opened = (
        OpenedAttempt.objects.unfinished()
        .filter(author=user, expires_at__gt=now, **of_row)
        .order_by()
    )
    return (
        Q(LessThan(closes_at, _moment(now.replace(microsecond=0))))
        & (Q(IsNull(asked_at, rhs=True)) | Q(GreaterThan(asked_at, closes_at)))
        & Q(IsNull(Subquery(opened.values("pk")[:1]), rhs=True))
    )


def _closes_at(user: "User | OuterRef", assignment: str) -> Case:
    """Return `courses.deadlines.Deadline.closes_at` of the student, in SQL."""
    due = own_due_of(user, assignment=assignment)
    minutes = Cast(f"{assignment}__grace_minutes", models.IntegerField())
    grace = ExpressionWrapper(minutes * _MINUTE, models.DurationField())
    late_after: Any = Case(
        # SQLite calls Python to add a duration, so nothing is added in vain.
        models.When(**{f"{assignment}__grace_minutes": 0}, then=due),
        default=ExpressionWrapper(due + grace, models.DateTimeField()),
    )
    closes_at = Coalesce(F(f"{assignment}__closes_at"), F(f"{assignment}__due_at"))
    has_entered_marks = Q(**{f"{assignment}__marks_out_of__isnull": False})
    return Case(
        models.When(has_entered_marks, then=due),
        default=Greatest(closes_at, late_after),
    )


def _moment(at: dt.datetime) -> Value:
    return Value(at, models.DateTimeField())
