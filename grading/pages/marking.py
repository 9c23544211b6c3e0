"""The overview of marking: progress by question and marker, and who is given what."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.models import User
from courses.models import Assignment
from courses.permissions import Right, can
from grading.marking_pace import pace, time_in_words, time_left
from grading.models import MarkerAllocation, Marking, Stage
from grading.services.agreement import differing_answers
from grading.services.allocation_plan import AllocationPlan
from grading.services.marker_scope import MarkerScope
from grading.services.marking_progress import (
    MarkerProgress,
    QuestionProgress,
    marking_progress,
)


@dataclass(frozen=True, kw_only=True)
class MarkerRow:
    """What one marker has marked of a question, and how long the rest takes.

    Of the `given` answers, `given_marked` are marked by anybody, and `waiting` are not.
    `marked` are those that the person has marked, whoever they are given to.
    """

    marker: int
    name: str
    is_second: bool
    is_viewer: bool
    given: int
    given_marked: int
    waiting: int
    marked: int
    per_hour: float | None
    left: str

    @property
    def stage(self) -> Stage:
        """Whether these are first or second markings."""
        return Stage.SECOND if self.is_second else Stage.FIRST


@dataclass(frozen=True, kw_only=True)
class QuestionRow:
    """How far a question is marked, in all and by marker.

    `is_published` says whether people mark it in the published revision, too. `own` are
    the answers that wait for the viewer.
    """

    key: str
    title: str
    is_published: bool
    progress: QuestionProgress
    markers: tuple[MarkerRow, ...]
    own: int

    @property
    def first_markers(self) -> tuple[MarkerRow, ...]:
        """The rows of first markings, which add up to all answers."""
        return tuple(row for row in self.markers if not row.is_second)

    @property
    def second_markers(self) -> tuple[MarkerRow, ...]:
        """The rows of second markings."""
        return tuple(row for row in self.markers if row.is_second)

    @property
    def marked_by_first(self) -> int:
        """The sum of what the first markers have marked."""
        return sum(row.marked for row in self.first_markers)


@dataclass(frozen=True, kw_only=True)
class AllocationRow:
    """What one marker is given to mark, of one question or of all.

    `title` names the question, and is empty for all questions. `students` is how many
    students there are; None means all.
    """

    marker: User
    stage: Stage
    key: str
    title: str
    students: int | None


@dataclass(frozen=True, kw_only=True)
class MarkingPage:
    """The overview. `to_agree` are answers that wait for an agreed marking.

    While `is_shared`, nothing is given to the viewer, and what nobody is given waits for
    them as for all markers. A viewer who `has_nothing` may mark nothing until they are
    given something.
    """

    questions: tuple[QuestionRow, ...]
    allocations: tuple[AllocationRow, ...]
    to_agree: int
    is_shared: bool
    has_nothing: bool
    may_edit: bool
    may_mark: bool = True
    may_oversee: bool = False

    @property
    def answers(self) -> int:
        return sum(each.progress.answers for each in self.questions)

    @property
    def marked(self) -> int:
        return sum(each.progress.marked for each in self.questions)

    @property
    def waiting(self) -> int:
        return self.answers - self.marked

    @property
    def own(self) -> int:
        """How many answers wait for the viewer."""
        return sum(each.own for each in self.questions)

    @property
    def own_words(self) -> str:
        """Which answers these are, in words; empty if there is nothing to say."""
        second = sum(
            row.waiting
            for each in self.questions
            for row in each.second_markers
            if row.is_viewer
        )
        if second:
            return f"{second} for a second marking"
        if self.has_nothing:
            return "you are given nothing so far"
        return "shared with all markers" if self.is_shared and self.own else ""

    @property
    def not_given(self) -> int:
        """How many of the waiting answers are given to nobody."""
        return sum(each.progress.not_given_waiting for each in self.questions)

    @property
    def not_given_words(self) -> str:
        """The same in words, empty if there are none."""
        return f"{self.not_given} given to nobody" if self.not_given else ""


@dataclass(frozen=True, kw_only=True)
class PreviewRow:
    """How many answers to a question a marker is given, and would be given."""

    name: str
    question: str
    before: int
    after: int


@dataclass(frozen=True, kw_only=True)
class AllocationPreview:
    """What an allocation would do, in words and by marker."""

    words: str
    rows: tuple[PreviewRow, ...]


def allocation_preview(
    page: MarkingPage, plan: AllocationPlan, words: str
) -> AllocationPreview:
    """Return what the page shows of an allocation that was tried."""
    titles = {each.key: each.title for each in page.questions}
    rows = tuple(
        PreviewRow(
            name=each.marker.name,
            question=titles.get(each.key, each.key),
            before=each.before,
            after=each.after,
        )
        for each in plan.changes
    )
    return AllocationPreview(words=words, rows=rows)


def marking_page(
    *, user: User, assignment: Assignment, scope: MarkerScope, now: dt.datetime
) -> MarkingPage:
    """Return the overview in a number of queries that does not grow with the course."""
    progress = marking_progress(assignment)
    people = _people(assignment)
    is_shared = not (scope.given or scope.sees_own_only)
    questions = tuple(
        _question_row(
            each,
            _markers(each, people, user, now),
            is_published=assignment.revision_id in each.question.rubrics,
            is_shared=is_shared,
        )
        for each in progress
    )
    return MarkingPage(
        questions=questions,
        allocations=_allocations(assignment, questions) if scope.may_edit else (),
        to_agree=sum(
            scope.may_agree(each.key, each.student, each.markers)
            for each in differing_answers(assignment)
            if not each.is_agreed
        ),
        is_shared=is_shared,
        has_nothing=scope.sees_own_only and not scope.given,
        may_edit=scope.may_edit,
        may_mark=scope.may_mark,
        may_oversee=can(user, Right.OVERSEE, assignment.course),
    )


def _question_row(
    progress: QuestionProgress,
    markers: tuple[MarkerRow, ...],
    *,
    is_published: bool,
    is_shared: bool,
) -> QuestionRow:
    given = sum(row.waiting for row in markers if row.is_viewer)
    return QuestionRow(
        key=progress.question.key,
        title=progress.question.title,
        is_published=is_published,
        progress=progress,
        markers=markers,
        own=progress.not_given_waiting if is_shared else given,
    )


def _people(assignment: Assignment) -> dict[int, User]:
    """Return everybody who marks, or has marked, by their id. One query."""
    marked = Marking.objects.filter(rubric__assignment=assignment).order_by()
    given = assignment.marker_allocations.order_by()
    found = User.objects.filter(
        Q(pk__in=marked.values("marker")) | Q(pk__in=given.values("marker"))
    )
    return {each.pk: each for each in found}


def _markers(
    progress: QuestionProgress, people: Mapping[int, User], user: User, now: dt.datetime
) -> tuple[MarkerRow, ...]:
    rows = sorted(
        progress.markers,
        key=lambda row: (row.stage == Stage.SECOND, people[row.marker].name.casefold()),
    )
    return tuple(_marker_row(row, people[row.marker], user, now) for row in rows)


def _marker_row(
    row: MarkerProgress, marker: User, user: User, now: dt.datetime
) -> MarkerRow:
    per_hour = pace(row.finished_at, now)
    left = time_left(row.waiting, per_hour)
    return MarkerRow(
        marker=marker.pk,
        name=marker.name,
        is_second=row.stage == Stage.SECOND,
        is_viewer=marker.pk == user.pk,
        given=row.given,
        given_marked=row.given_marked,
        waiting=row.waiting,
        marked=row.marked,
        per_hour=per_hour,
        left=time_in_words(left) if left else "",
    )


def _allocations(
    assignment: Assignment, questions: Sequence[QuestionRow]
) -> tuple[AllocationRow, ...]:
    """Return what each marker is given, as it can be withdrawn. Two queries."""
    rows = (
        MarkerAllocation.objects.filter(assignment=assignment)
        .order_by()
        .values_list("marker", "stage", "key")
        .annotate(rows=Count("pk"), students=Count("student"))
    )
    titles = {each.key: each.title for each in questions}
    markers = User.objects.in_bulk({marker for marker, *_ in rows})
    found = [
        AllocationRow(
            marker=markers[marker],
            stage=Stage(stage),
            key=key,
            title=titles.get(key, key),
            students=students if students == count else None,
        )
        for marker, stage, key, count, students in rows
    ]
    return tuple(
        sorted(found, key=lambda row: (row.stage, row.marker.name.casefold(), row.key))
    )
