"""First and second markings that differ, and agreeing on one."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from courses.models import Assignment, Rubric
from grading.hand_points import needs_agreement
from grading.models import Mark, Marking, Stage
from grading.services.blind_marking import hidden_answers
from grading.services.hand_points import (
    FinishedMarking,
    Work,
    finished_markings,
)
from grading.services.marker_scope import MarkerScope, marker_scope
from grading.services.marking import (
    GivenMarking,
    MarkingTarget,
    remove_marking,
    save_marking,
)


class AgreementRefusedError(Exception):
    """The agreed marking cannot be stored. The message says why."""


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """An answer whose two finished markings differ, or on which people agreed.

    `agreed` is the agreed marking, perhaps a draft, or None. While it is finished it
    counts, also if the two no longer differ or are drafts again.
    """

    first: Marking
    second: Marking
    agreed: Marking | None

    @property
    def rubric(self) -> Rubric:
        return self.first.rubric

    @property
    def student(self) -> User:
        return self.first.student

    @property
    def difference(self) -> Decimal:
        """How far the points of the two are apart."""
        return abs(self.first.points - self.second.points)

    @property
    def is_agreed(self) -> bool:
        return self.agreed is not None and self.agreed.is_finished

    @property
    def target(self) -> MarkingTarget:
        """What the agreed marking is stored for."""
        return MarkingTarget(
            rubric=self.rubric,
            student=self.student,
            submission=self.first.submission,
            stage=Stage.AGREED,
        )

    @property
    def seen(self) -> str:
        """The versions of the markings, to tell whether they are what somebody saw."""
        rows = (self.first, self.second, self.agreed)
        return "-".join(str(row.version if row else 0) for row in rows)


@dataclass(frozen=True, kw_only=True)
class AgreedChoice:
    """Which marking is taken, and what is given instead of its points and comment.

    Items and comments at cells are those of the marking that is taken.
    """

    taken: Stage
    points: Decimal | None = None
    comment: str = ""


class DifferingAnswer(NamedTuple):
    """An answer whose two finished markings differ, or on which people agreed."""

    rubric: int
    key: str
    student: int
    work: Work
    markers: frozenset[int]
    is_agreed: bool


def agreed_marking_of(target: MarkingTarget) -> Marking | None:
    """Return the finished agreed marking of this work, which counts before all others.

    Four queries at most, and one where nobody has agreed.
    """
    rows = replace(target, stage=Stage.AGREED).stored().filter(is_finished=True)
    found: Marking | None = (
        rows.select_related("rubric")
        .prefetch_related("items", "rubric__groups__items")
        .first()
    )
    return found


def differing_answers(assignment: Assignment) -> list[DifferingAnswer]:
    """Return the answers whose markings differ or are agreed, in no certain order.

    Those of students who are excused are left out. One query where nobody has marked a
    second time, and seven otherwise.
    """
    seconds = Marking.objects.filter(
        rubric__assignment=assignment,
        stage__in=[Stage.SECOND, Stage.AGREED],
        is_finished=True,
    )
    if not seconds.exists():
        return []
    stored = Rubric.objects.filter(assignment=assignment)
    rubrics = {row.pk: row for row in stored.prefetch_related("groups__items")}
    rules = {pk: row.rules() for pk, row in rubrics.items()}
    found: dict[tuple[int, Work], dict[str, FinishedMarking]] = defaultdict(dict)
    excused = Mark.objects.excused_students(assignment.pk)
    for each in finished_markings(rules):
        if each.student not in excused:
            found[each.rubric, each.work][each.stage] = each
    return [
        DifferingAnswer(
            rubric=rubric,
            key=rubrics[rubric].key,
            student=next(iter(by_stage.values())).student,
            work=work,
            markers=frozenset(
                each.marker
                for stage, each in by_stage.items()
                if stage != Stage.AGREED and each.marker is not None
            ),
            is_agreed=Stage.AGREED in by_stage,
        )
        for (rubric, work), by_stage in found.items()
        if Stage.AGREED in by_stage or _differ(by_stage, assignment.agreed_above)
    ]


def _differ(by_stage: Mapping[str, FinishedMarking], bound: Decimal) -> bool:
    first, second = by_stage.get(Stage.FIRST), by_stage.get(Stage.SECOND)
    return needs_agreement(
        first.points if first else None, second.points if second else None, bound
    )


def disagreements(
    assignment: Assignment, scope: MarkerScope | None = None
) -> list[Disagreement]:
    """Return these answers with their markings, by question and student.

    With a scope, only those that this person may agree on. The number of queries does
    not grow with the answers.

    SECURITY: an answer on which people agreed is left out for a second marker who has
    made their marking a draft again.
    """
    found = [
        each
        for each in differing_answers(assignment)
        if scope is None or scope.may_agree(each.key, each.student, each.markers)
    ]
    if found and scope is not None and scope.person is not None:
        hidden = hidden_answers(User(pk=scope.person), [assignment.pk])
        found = [
            each
            for each in found
            if (assignment.pk, each.student, each.key) not in hidden
        ]
    if not found:
        return []
    rows: dict[tuple[int, Work, str], Marking] = {
        (row.rubric_id, _work(row), row.stage): row
        for row in _loaded(assignment).filter(
            student__in={each.student for each in found}
        )
    }
    return [
        Disagreement(
            first=rows[each.rubric, each.work, Stage.FIRST],
            second=rows[each.rubric, each.work, Stage.SECOND],
            agreed=rows.get((each.rubric, each.work, Stage.AGREED)),
        )
        for each in sorted(found, key=lambda each: (each.key, each.student))
        if (each.rubric, each.work, Stage.FIRST) in rows
        and (each.rubric, each.work, Stage.SECOND) in rows
    ]


@transaction.atomic
def agree_marking(
    *, actor: User, found: Disagreement, choice: AgreedChoice, seen: str
) -> Marking:
    """Store the agreed marking, with which the question counts again.

    `seen` are the versions that the actor looked at. Raises PermissionDenied if the
    actor is neither one of the two markers nor edits the course,
    AgreementRefusedError if a marking has changed since or is a draft or the points are
    impossible, and what `save_marking` raises.
    """
    _check(actor, found, seen)
    if not (found.first.is_finished and found.second.is_finished):
        raise AgreementRefusedError("One of the two markings is a draft again.")
    source = found.second if choice.taken == Stage.SECOND else found.first
    return save_marking(
        actor=actor,
        target=found.target,
        given=_given(source, choice),
        version=found.agreed.version if found.agreed else 0,
        reason=f"Agreed after a second marking: {found.first.points} and "
        f"{found.second.points} points.",
    )


def take_agreement_back(*, actor: User, found: Disagreement, seen: str) -> None:
    """Make the agreed marking an empty draft, so that the first one counts again.

    While the two markings differ, nothing counts until people agree again. Raises as
    `agree_marking` does.
    """
    _check(actor, found, seen)
    if found.agreed is None:
        raise AgreementRefusedError("No marking is agreed here.")
    remove_marking(
        actor=actor,
        target=found.target,
        version=found.agreed.version,
        reason="The agreed marking was taken back.",
    )


def _check(actor: User, found: Disagreement, seen: str) -> None:
    scope = marker_scope(actor, found.rubric.assignment)
    markers = {
        row.marker_id
        for row in (found.first, found.second)
        if row.marker_id is not None and row.is_finished
    }
    if not scope.may_agree(found.rubric.key, found.student.pk, markers):
        raise PermissionDenied
    if seen != found.seen:
        raise AgreementRefusedError(
            "A marking has changed since you looked at it. Look at both again."
        )


def _given(source: Marking, choice: AgreedChoice) -> GivenMarking:
    items = frozenset(item.pk for item in source.items.all())
    adjustment = source.adjustment
    if choice.points is not None:
        if not 0 <= choice.points <= source.rubric.points:
            raise AgreementRefusedError(
                f"Give points from 0 to {source.rubric.points.normalize():f}."
            )
        adjustment = source.rubric.rules().adjustment_for(items, choice.points)
    return GivenMarking(
        items=items,
        adjustment=adjustment,
        comment=choice.comment or source.comment,
        cell_comments={each.cell: each.text for each in source.cell_comments.all()},
    )


def _work(row: Marking) -> Work:
    return row.student_id if row.submission_id is None else row.submission_id


def _loaded(assignment: Assignment) -> QuerySet[Marking]:
    return (
        Marking.objects.filter(rubric__assignment=assignment)
        .select_related("rubric__assignment__course", "student", "submission", "marker")
        .prefetch_related("items", "cell_comments", "rubric__groups__items")
        .order_by()
    )
