"""The points that people gave for attempts, loaded for many of them at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import DecimalField, F, Value

from courses.models import Question, Rubric
from formats.assignment.rubric import RubricRules
from grading.hand_points import (
    NO_HAND_POINTS,
    HandPoints,
    counting_points,
    hand_points,
)
from grading.models import GradingRun, Mark, Marking, Stage
from grading.services.lateness import Owner

_ZERO: Final = Decimal(0)
# An attempt by its submission, or a student who handed in nothing by their id.
Work = UUID | int


class EnteredPoints(NamedTuple):
    """A mark that people enter: its points, or None if none are entered."""

    points: Decimal | None
    out_of: Decimal

    @property
    def hand(self) -> HandPoints:
        """The points in the place of those that people give with a rubric."""
        if self.points is None:
            return NO_HAND_POINTS
        return HandPoints.entered(self.points, self.out_of)


class UnsentWork(NamedTuple):
    """What people gave a student who handed in nothing, out of `possible` points."""

    hand: HandPoints
    possible: Decimal
    is_entered: bool = False

    @property
    def is_marked(self) -> bool:
        """Whether there is a mark, if only of 0 points."""
        return self.hand.possible > 0


@dataclass(frozen=True, kw_only=True)
class MarkedByHand:
    """What people gave for attempts, and the rubrics of revisions.

    `assignments` are those that people mark, and `owners` has the assignment of each
    rubric. A student who handed in nothing is one key of `earned` for all assignments.
    `entered` are the marks that people enter, by assignment and student, also those
    that are not entered yet.
    """

    rubrics: Mapping[int, tuple[tuple[int, RubricRules], ...]]
    assignments: frozenset[int]
    earned: Mapping[Work, Mapping[int, Decimal]]
    owners: Mapping[int, int] = field(default_factory=dict)
    entered: Mapping[Owner, EnteredPoints] = field(default_factory=dict)

    def without_work(
        self,
        owner: Owner,
        *,
        revision: int | None,
        possible: Mapping[int, Decimal],
    ) -> UnsentWork | None:
        """Return what people gave a student who handed in nothing, or None for nothing.

        `revision` is the published one, and `possible` has the points of revisions. A
        mark that people enter takes the place of the points by a rubric.
        """
        assignment, student = owner
        entered = self.entered.get(owner)
        if entered is not None:
            return UnsentWork(entered.hand, entered.out_of, is_entered=True)
        given = self.earned.get(student, {})
        if not any(self.owners.get(rubric) == assignment for rubric in given):
            return None
        hand = self.of(student, revision)
        return UnsentWork(hand, possible.get(revision or 0, _ZERO))

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

    One query where tests mark everything or people enter the marks, and five otherwise.
    """
    students = None if students is None else set(students)
    by_revision: dict[int, list[int]] = defaultdict(list)
    by_hand = set()
    entered: dict[Owner, EnteredPoints] = {}
    for row in _rubrics_and_entered(set(assignments), students):
        if row.out_of is not None:
            owner = row.assignment, row.key
            entered[owner] = EnteredPoints(row.entered, row.out_of)
        else:
            by_revision[row.revision].append(row.key)
            by_hand.add(row.assignment)
    if not by_hand:
        return replace(NOTHING_BY_HAND, entered=entered)
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
        entered=entered,
    )


class _Row(NamedTuple):
    """A question that people mark, by its rubric, or an entered mark, by its student."""

    assignment: int
    revision: int
    key: int
    entered: Decimal | None
    out_of: Decimal | None


def _rubrics_and_entered(
    assignments: Collection[int], students: Iterable[int] | None
) -> list[_Row]:
    """Return the rubrics in the order of their questions, and the entered marks.

    One query for both, since most pages ask for them.
    """
    none = Value(None, DecimalField())
    questions: Any = Question.objects.filter(
        revision__assignment__in=assignments, rubric__isnull=False
    ).order_by()
    marks: Any = Mark.objects.filter(
        assignment__in=assignments, assignment__marks_out_of__isnull=False
    ).order_by()
    if students is not None:
        marks = marks.filter(student__in=set(students))
    rows = questions.values_list(
        "position", "pk", "revision__assignment", "revision", "rubric", none, none
    ).union(
        marks.values_list(
            Value(0),
            Value(0),
            "assignment",
            Value(0),
            "student",
            "entered_points",
            "assignment__marks_out_of",
        ),
        all=True,
    )
    return [_Row(*row[2:]) for row in sorted(rows, key=itemgetter(0, 1))]


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
