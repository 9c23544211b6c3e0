"""The attempts of one student that a marker can look at, and earlier markings of them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from courses.models import Assignment
from grading.models import GradingRun, Marking, Stage
from grading.services.marking_queue import MarkedQuestion, WorkItem
from grading.states import TERMINAL
from submissions.models import Submission


@dataclass(frozen=True, kw_only=True)
class MarkableAttempt:
    """An attempt of a student. `counts` says whether it is the one that counts now."""

    number: int
    submission: UUID
    received_at: dt.datetime
    counts: bool


def markable_attempts(
    assignment: Assignment, item: WorkItem
) -> Sequence[MarkableAttempt]:
    """Return the student's attempts, the latest first. One query."""
    rows: Any = Submission.objects.filter(assignment=assignment, author=item.student)
    return [
        MarkableAttempt(
            number=attempt,
            submission=submission,
            received_at=received_at,
            counts=submission == item.submission,
        )
        for submission, attempt, received_at in rows.order_by("-attempt").values_list(
            "pk", "attempt", "received_at"
        )
    ]


def item_of_attempt(
    question: MarkedQuestion, item: WorkItem, attempt: MarkableAttempt
) -> WorkItem | None:
    """Return the item of another attempt of the student. Two queries.

    None if people do not mark the question in that attempt.
    """
    runs = GradingRun.objects.filter(submission=attempt.submission).that_may_count()
    run = runs.that_stand_for_attempts().first() or runs.order_by("-number").first()
    if run is None:
        revision = Submission.objects.values_list("revision", flat=True).get(
            pk=attempt.submission
        )
    else:
        revision = run.revision_id
    rubric = question.rubrics.get(revision)
    if rubric is None:
        return None
    marking = Marking.objects.filter(
        submission=attempt.submission, rubric=rubric, stage=item.stage
    ).first()
    return item._replace(
        submission=attempt.submission,
        run=run.pk if run else None,
        attempt=attempt.number,
        revision=revision,
        rubric=rubric,
        version=marking.version if marking else 0,
        is_finished=marking.is_finished if marking else False,
        is_running=run is not None and run.state not in TERMINAL,
    )


def markings_of(item: WorkItem, question: MarkedQuestion) -> list[Marking]:
    """Return all markings of the question for this student, of any attempt and rubric.

    The latest come first, with their rubrics, items and comments. Six queries.

    SECURITY: a second marker gets second markings alone, and a first one no second one.
    """
    stages = (
        [Stage.SECOND] if item.stage == Stage.SECOND else [Stage.FIRST, Stage.AGREED]
    )
    rows = Marking.objects.filter(
        rubric__in=set(question.rubrics.values()),
        student=item.student,
        stage__in=stages,
    )
    return list(
        rows.select_related("rubric", "marker", "submission")
        .prefetch_related("items", "cell_comments", "rubric__groups__items")
        .order_by("-updated_at", "-pk")
    )
