"""The points that people gave for attempts, loaded for many of them at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import F

from courses.models import Question, Rubric
from formats.assignment.rubric import RubricRules
from grading.hand_points import (
    NO_HAND_POINTS,
    HandPoints,
    counting_points,
    hand_points,
)
from grading.models import GradingRun, Marking, Stage

# An attempt by its submission, or a student who handed in nothing by their id.
Work = UUID | int


@dataclass(frozen=True, kw_only=True)
class MarkedByHand:
    """What people gave for attempts, and the rubrics of revisions.

    `assignments` are those that people mark, and `owners` has the assignment of each
    rubric. A student who handed in nothing is one key of `earned` for all assignments.
    """

    rubrics: Mapping[int, tuple[tuple[int, RubricRules], ...]]
    assignments: frozenset[int]
    earned: Mapping[Work, Mapping[int, Decimal]]
    owners: Mapping[int, int] = field(default_factory=dict)

    def is_marked_without_work(self, student: int, assignment: int) -> bool:
        """Return whether people marked the student, who handed in nothing, here."""
        given = self.earned.get(student, {})
        return any(self.owners.get(rubric) == assignment for rubric in given)

    def of(self, work: Work | None, revision: int | None) -> HandPoints:
        """Return the points of an attempt whose questions are those of the revision."""
        rubrics = self.rubrics.get(revision, ()) if revision is not None else ()
        if not rubrics or work is None:
            return NO_HAND_POINTS
        return hand_points(rubrics, self.earned.get(work, {}))

    def of_run(self, run: GradingRun) -> HandPoints:
        """Return the points of the run's attempt, by the run's own revision."""
        return self.of(run.submission_id, run.revision_id)


NOTHING_BY_HAND: Final = MarkedByHand(rubrics={}, assignments=frozenset(), earned={})


def load_hand_points(
    assignments: Iterable[int],
    *,
    students: Iterable[int] | None = None,
    assumed: Mapping[int, RubricRules] | None = None,
    assumed_bounds: Mapping[int, Decimal] | None = None,
) -> MarkedByHand:
    """Return what people gave in these assignments: to these students, or to all.

    `assumed` are rubrics, by their ids, as they would be after a change, and
    `assumed_bounds` what `agreed_above` of assignments would be.

    One query where tests mark everything, and five otherwise.
    """
    by_revision: dict[int, list[int]] = defaultdict(list)
    by_hand = set()
    questions = Question.objects.filter(
        revision__assignment__in=set(assignments), rubric__isnull=False
    )
    for assignment, revision, rubric in questions.order_by(
        "position", "pk"
    ).values_list("revision__assignment", "revision", "rubric"):
        by_revision[revision].append(rubric)
        by_hand.add(assignment)
    if not by_hand:
        return NOTHING_BY_HAND
    keys = {key for found in by_revision.values() for key in found}
    stored = (
        Rubric.objects.filter(pk__in=keys)
        .annotate(bound=F("assignment__agreed_above"))
        .prefetch_related("groups__items")
    )
    rows = list(stored.order_by())
    rules = {row.pk: row.rules() for row in rows} | dict(assumed or {})
    bounds = assumed_bounds or {}
    return MarkedByHand(
        rubrics={
            revision: tuple((key, rules[key]) for key in found)
            for revision, found in by_revision.items()
        },
        assignments=frozenset(by_hand),
        earned=_earned(
            rules,
            {row.pk: bounds.get(row.assignment_id, row.bound) for row in rows},
            students,
        ),
        owners={row.pk: row.assignment_id for row in rows},
    )


def _earned(
    rules: Mapping[int, RubricRules],
    bounds: Mapping[int, Decimal],
    students: Iterable[int] | None,
) -> dict[Work, dict[int, Decimal]]:
    """Return the points that count, by the work and the rubric."""
    found: dict[Work, dict[int, dict[str, Decimal]]] = defaultdict(dict)
    for each in finished_markings(rules, students=students):
        found[each.work].setdefault(each.rubric, {})[each.stage] = each.points
    return {
        work: {
            rubric: given
            for rubric, by_stage in of_work.items()
            if (given := _counting(by_stage, bounds[rubric])) is not None
        }
        for work, of_work in found.items()
    }


class FinishedMarking(NamedTuple):
    """A finished marking with its points. Tuples keep large pages quick."""

    pk: int
    rubric: int
    submission: UUID | None
    student: int
    stage: str
    marker: int | None
    points: Decimal

    @property
    def work(self) -> Work:
        """The attempt, or the student who handed in nothing."""
        return self.student if self.submission is None else self.submission


def finished_markings(
    rules: Mapping[int, RubricRules], *, students: Iterable[int] | None = None
) -> Iterator[FinishedMarking]:
    """Yield the finished markings by these rubrics, of all stages. Two queries."""
    markings = Marking.objects.filter(rubric__in=rules, is_finished=True).order_by()
    if students is not None:
        markings = markings.filter(student__in=set(students))
    chosen: dict[int, set[int]] = defaultdict(set)
    through = Marking.items.through.objects.filter(marking__in=markings.values("pk"))
    for marking, item in through.values_list("marking", "rubricitem"):
        chosen[marking].add(item)
    rows: Any = markings.values_list(
        "pk", "rubric", "submission", "student", "stage", "marker", "adjustment"
    )
    for pk, rubric, submission, student, stage, marker, adjustment in rows:
        points = rules[rubric].earned(chosen[pk], adjustment)
        yield FinishedMarking(pk, rubric, submission, student, stage, marker, points)


def _counting(by_stage: Mapping[str, Decimal], bound: Decimal) -> Decimal | None:
    return counting_points(
        first=by_stage.get(Stage.FIRST),
        second=by_stage.get(Stage.SECOND),
        agreed=by_stage.get(Stage.AGREED),
        bound=bound,
    )
