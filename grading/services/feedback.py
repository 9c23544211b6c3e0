"""What checks and people found in the work of a student that counts, by question."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db.models import Sum, prefetch_related_objects

from accounts.models import User
from courses.models import Assignment, Question
from courses.permissions import Right, rights_at
from formats.choices import QuestionKind
from grading.models import (
    CountingWork,
    GradingRun,
    Mark,
    Marking,
    RegradeRequest,
    Stage,
)
from grading.points_bar import PointsBar, divided, points_bar
from grading.scoring import rules_of
from grading.services.hand_points import load_hand_points
from grading.services.marks import load_counting_runs
from grading.services.view_times import own_times
from grading.services.visibility import show_run_at
from grading.visible_results import (
    ShownQuestion,
    ShownResults,
    ViewTimes,
    show_results,
)

_DAY: Final = dt.timedelta(days=1)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class QuestionFeedback:
    """A question of the work that counts: its points, and what was found.

    `earned` is None while the question waits for somebody who marks it. It has the
    points `added` to the mark by answers to regrade requests about this question, which
    checks mark. `marking` is the one that counts, for a question that was marked by hand.
    """

    question: ShownQuestion
    earned: Decimal | None
    marking: Marking | None = None
    added: Decimal = _ZERO

    @property
    def by_checks(self) -> Decimal:
        """The points that checks gave."""
        return (self.earned or _ZERO) - self.added


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """A student's mark, the work that counts, and the feedback for its questions."""

    mark: Mark
    work: CountingWork
    shown: ShownResults
    questions: tuple[QuestionFeedback, ...]
    bar: PointsBar

    @property
    def run(self) -> GradingRun | None:
        """The run of the attempt that counts, or None if nothing was handed in."""
        return self.work.run

    def question(self, key: str) -> QuestionFeedback | None:
        """Return the feedback for the question with this key, if there is one."""
        found = (each for each in self.questions if each.question.key == key)
        return next(found, None)


def feedback_times(
    assignment: Assignment, student: User, *, now: dt.datetime
) -> ViewTimes:
    """Return the times that decide what the student may see of their feedback."""
    return own_times(assignment, student).view(assignment, student.pk, now=now)


def times_after_release(now: dt.datetime) -> ViewTimes:
    """Return the times as they are for a student whose marks are released."""
    return ViewTimes(now=now, closes_at=now - _DAY, released_at=now - _DAY)


def may_see_feedback(
    user: User, assignment: Assignment, student: User, *, now: dt.datetime
) -> bool:
    """Return whether the person may see the feedback for this student's work."""
    return shows_feedback(
        rights_at(user, assignment),
        is_own=user.pk == student.pk,
        moments=feedback_times(assignment, student, now=now),
    )


def shows_feedback(
    rights: Collection[Right], *, is_own: bool, moments: ViewTimes
) -> bool:
    """Return whether somebody with these rights sees feedback, by the student's times.

    SECURITY: students see it from the release on, and it tells nothing before, not even
    whether somebody has marked. Staff who do not oversee the course see it from then
    on, too: until then, a second marker must not know what the first one gave. The
    rights are those of `rights_at`, which takes the sight of all work from second
    markers.
    """
    if {Right.OVERSEE, Right.VIEW_MARKS} <= set(rights):
        return True
    return moments.is_released and (is_own or Right.VIEW_ALL_WORK in rights)


def load_feedback(
    assignment: Assignment, student: User, moments: ViewTimes
) -> Feedback | None:
    """Return the feedback for the work that counts, or None without a mark.

    SECURITY: it says what people gave, so the caller asks `may_see_feedback` first.
    """
    marks = Mark.objects.filter(assignment=assignment, student=student)
    found = load_counting_runs(
        marks.select_related("assignment"), "results", "revision__questions"
    )
    if not found or found[0].is_empty:
        return None
    mark = found[0]
    work = mark.counting()
    shown = _shown(assignment, work, moments)
    markings, earned = counting_markings(assignment, student, work)
    automatic = work.run.automatic_points if work.run else None
    added = _added_by_requests(work)
    return Feedback(
        mark=mark,
        work=work,
        shown=shown,
        questions=tuple(
            _question(
                each,
                work,
                markings.get(each.key),
                earned,
                added=added.get(each.key, _ZERO),
            )
            for each in shown.questions
        ),
        bar=(
            points_bar(shown, hand=work.hand, automatic=automatic)
            if work.run
            else divided(
                total=shown.points, earned=work.hand.given, by_hand=work.hand.waiting
            )
        ),
    )


def counting_markings(
    assignment: Assignment, student: User, work: CountingWork
) -> tuple[dict[str, Marking], dict[str, Decimal]]:
    """Return the markings that count for this work, and their points, by question.

    Which of them count is the rule of `load_hand_points`.
    """
    hand = load_hand_points([assignment.pk], students=[student.pk])
    revision = work.run.revision_id if work.run else assignment.revision_id
    of_work = work.run.submission_id if work.run else student.pk
    if revision is None or of_work is None:
        return {}, {}
    own = {rubric for rubric, _ in hand.rubrics.get(revision, ())}
    earned = {
        rubric: points
        for rubric, points in hand.earned.get(of_work, {}).items()
        if rubric in own
    }
    rows = Marking.objects.filter(
        rubric__in=earned,
        student=student,
        submission=work.run.submission_id if work.run else None,
        is_finished=True,
        stage__in=[Stage.FIRST, Stage.AGREED],
    ).select_related("rubric")
    found: dict[str, Marking] = {}
    for row in rows.prefetch_related("rubric__groups__items", "items", "cell_comments"):
        if row.stage == Stage.AGREED or row.rubric.key not in found:
            found[row.rubric.key] = row
    return found, {key: earned[row.rubric_id] for key, row in found.items()}


def _shown(
    assignment: Assignment, work: CountingWork, moments: ViewTimes
) -> ShownResults:
    if work.run is not None:
        return show_run_at(work.run, moments)
    questions: list[Question] = []
    if assignment.revision is not None:
        prefetch_related_objects([assignment.revision], "questions")
        questions = list(assignment.revision.questions.all())
    return show_results([rules_of(each) for each in questions], [], moments)


def _question(
    question: ShownQuestion,
    work: CountingWork,
    marking: Marking | None,
    earned: Mapping[str, Decimal],
    *,
    added: Decimal,
) -> QuestionFeedback:
    if question.kind == QuestionKind.MANUAL:
        return QuestionFeedback(
            question=question, earned=earned.get(question.key), marking=marking
        )
    # Without a run, no check has found anything.
    points = question.earned if work.run else _ZERO
    return QuestionFeedback(question=question, earned=points + added, added=added)


def _added_by_requests(work: CountingWork) -> dict[str, Decimal]:
    """Return the points that answers added to the mark, by question. One query."""
    if work.run is None:
        return {}
    rows: Any = RegradeRequest.objects.filter(submission=work.run.submission_id)
    return dict(
        rows.exclude(added=0).order_by().values_list("key").annotate(total=Sum("added"))
    )
