"""What each marker has given in an assignment, and how often a request changed it."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from courses.models import Assignment, Rubric
from grading.models import Mark, MarkingChange, RegradeRequest, Stage
from grading.services.hand_points import finished_markings


class MarkerRecord(NamedTuple):
    """A finished first or second marking. Tuples keep large pages quick."""

    marking: int
    key: str
    marker: int
    student: int
    submission: UUID | None
    stage: str
    points: Decimal
    possible: Decimal


def marker_records(assignment: Assignment) -> list[MarkerRecord]:
    """Return the finished first and second markings of people. Six queries.

    Agreed markings are nobody's own. Those of students who are excused are left out.
    """
    rows = Rubric.objects.filter(assignment=assignment).prefetch_related(
        "groups__items"
    )
    rubrics = {row.pk: row for row in rows.order_by()}
    rules = {pk: row.rules() for pk, row in rubrics.items()}
    excused = Mark.objects.excused_students(assignment.pk)
    return [
        MarkerRecord(
            marking=each.pk,
            key=rubrics[each.rubric].key,
            marker=each.marker,
            student=each.student,
            submission=each.submission,
            stage=each.stage,
            points=each.points,
            possible=rubrics[each.rubric].points,
        )
        for each in finished_markings(rules)
        if each.marker is not None
        and each.stage != Stage.AGREED
        and each.student not in excused
    ]


def changed_by_requests(
    assignment: Assignment, *, without: Collection[tuple[int, str]] = ()
) -> Counter[int]:
    """Return how many markings of each marker a regrade request changed. Two queries.

    The marking is that of the person who had changed it last before the request.
    Answers in `without`, by the student's id and the question's key, are not counted.
    """
    requests = RegradeRequest.objects.filter(
        submission__assignment=assignment, state=RegradeRequest.State.CHANGED
    ).order_by()
    asked = [
        (submission, key, made_at)
        for submission, student, key, made_at in requests.values_list(
            "submission", "submission__author", "key", "made_at"
        )
        if (student, key) not in without
    ]
    if not asked:
        return Counter()
    rows = MarkingChange.objects.filter(
        marking__submission__in={submission for submission, _, _ in asked}
    ).order_by("at", "pk")
    history: dict[tuple[UUID, str], list[tuple[dt.datetime, int | None]]] = defaultdict(
        list
    )
    for submission, key, at, actor in rows.values_list(
        "marking__submission", "marking__rubric__key", "at", "actor"
    ):
        history[submission, key].append((at, actor))
    found: Counter[int] = Counter()
    for submission, key, made_at in asked:
        before = [actor for at, actor in history[submission, key] if at <= made_at]
        if before and before[-1] is not None:
            found[before[-1]] += 1
    return found
