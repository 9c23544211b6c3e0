"""All answers to a question: who marked each, what it got, and in which state it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import models

from accounts.models import User
from courses.models import Assignment, Rubric
from grading.hand_points import needs_agreement
from grading.models import Marking, Stage
from grading.services.given_answers import given_answers
from grading.services.hand_points import finished_markings
from grading.services.marker_scope import MarkerScope
from grading.services.marking_queue import MarkedQuestion, MarkingQueue, WorkItem


class AnswerState(models.TextChoices):
    """How far the marking of an answer is."""

    WAITING = "waiting", "Waiting"
    DRAFT = "draft", "Draft"
    MARKED = "marked", "Marked"
    DIFFERS = "differs", "Two markings differ"
    AGREED = "agreed", "Agreed"
    RUNNING = "running", "Run has not ended"
    EXCUSED = "excused", "Excused"


@dataclass(frozen=True, kw_only=True)
class ListedAnswer:
    """An answer as one person may see it.

    `name` is the student's, empty while names are hidden. `marker` is who marked it, or
    to whom it is given if nobody has; `is_given` says which. `points` are None without a
    finished marking. `second` is the second marker, empty where the person must not know.
    """

    item: WorkItem
    state: AnswerState
    name: str = ""
    login: str = ""
    marker: int | None = None
    is_given: bool = False
    points: Decimal | None = None
    possible: Decimal = Decimal(0)
    second: int | None = None


class _Stored(NamedTuple):
    """A marking of an answer. `points` are None for a draft."""

    marker: int | None
    points: Decimal | None


# By the stage.
_Of = Mapping[str, _Stored]


def load_answers(
    assignment: Assignment, queue: MarkingQueue, scope: MarkerScope, key: str
) -> list[ListedAnswer]:
    """Return all answers to the question that the person may mark, by their codes.

    Students who handed in nothing are in the list once somebody has marked them. Nine
    queries besides those of the queue, whatever the number of answers.

    SECURITY: whoever makes the second marking of an answer sees nothing of the first
    one, and second markers are named only to those who edit the course.
    """
    question = queue.question(key)
    if question is None:
        return []
    rubrics = _rubrics(question)
    stored = _stored(rubrics)
    given = dict(
        zip((Stage.FIRST, Stage.SECOND), given_answers(assignment), strict=True)
    )
    items = [
        each
        for each in queue.of_question(key)
        if each.submission is not None or each.version
    ]
    people = _people(items) if scope.sees_names else {}
    found = []
    for item in items:
        of = stored.get((item.rubric, _work(item)), {})
        person = people.get(item.student)
        marker, is_given = _marker(item, item.stage, of, given)
        second = None
        if scope.may_edit and item.stage == Stage.FIRST:
            second, _ = _marker(item, Stage.SECOND, of, given)
        found.append(
            ListedAnswer(
                item=item,
                state=_state(item, of, scope, assignment.agreed_above),
                name=person.name if person else "",
                login=person.login if person else "",
                marker=marker,
                is_given=is_given,
                points=_points(item, of),
                possible=rubrics[item.rubric].points,
                second=second,
            )
        )
    return found


def _rubrics(question: MarkedQuestion) -> dict[int, Rubric]:
    rows = Rubric.objects.filter(pk__in=set(question.rubrics.values())).order_by()
    return {row.pk: row for row in rows.prefetch_related("groups__items")}


def _stored(rubrics: Mapping[int, Rubric]) -> dict[tuple[int, UUID | int], _Of]:
    """Return the markings by the rubric and the work. Three queries."""
    rules = {pk: row.rules() for pk, row in rubrics.items()}
    points = {each.pk: each.points for each in finished_markings(rules)}
    rows: Any = Marking.objects.filter(rubric__in=rubrics, version__gt=0).order_by()
    names = ("pk", "rubric", "submission", "student", "stage", "marker")
    found: dict[tuple[int, UUID | int], dict[str, _Stored]] = {}
    for pk, rubric, submission, student, stage, marker in rows.values_list(*names):
        work = student if submission is None else submission
        of_work = found.setdefault((rubric, work), {})
        of_work[stage] = _Stored(marker, points.get(pk))
    return dict(found)


def _work(item: WorkItem) -> UUID | int:
    return item.student if item.submission is None else item.submission


def _people(items: Iterable[WorkItem]) -> dict[int, User]:
    wanted = {each.student for each in items}
    rows = User.objects.only("first_name", "last_name", "email", "login")
    return rows.in_bulk(wanted)


def _marker(
    item: WorkItem, stage: Stage, of: _Of, given: Mapping[Stage, Any]
) -> tuple[int | None, bool]:
    """Return who made this marking, or to whom it is given, and which of the two."""
    own = of.get(stage)
    if own is not None and own.marker is not None:
        return own.marker, False
    markers: Sequence[int] = sorted(given[stage].markers(item.key, item.student))
    return (markers[0], True) if markers else (None, False)


def _points(item: WorkItem, of: _Of) -> Decimal | None:
    """Return the points of the marking that the person may see; the agreed one first."""
    agreed = of.get(Stage.AGREED)
    if item.stage == Stage.FIRST and agreed and agreed.points is not None:
        return agreed.points
    own = of.get(item.stage)
    return own.points if own else None


def _state(item: WorkItem, of: _Of, scope: MarkerScope, bound: Decimal) -> AnswerState:
    if item.is_excused:
        return AnswerState.EXCUSED
    first, second, agreed = (
        stored.points if (stored := of.get(stage)) else None
        for stage in (Stage.FIRST, Stage.SECOND, Stage.AGREED)
    )
    markers = {each.marker for each in of.values() if each.marker is not None}
    if scope.may_agree(item.key, item.student, markers):
        if agreed is not None:
            return AnswerState.AGREED
        if needs_agreement(first, second, bound):
            return AnswerState.DIFFERS
    own = of.get(item.stage)
    if item.is_finished:
        return AnswerState.MARKED
    if own is not None and item.version:
        return AnswerState.DRAFT
    return AnswerState.RUNNING if item.is_running else AnswerState.WAITING
