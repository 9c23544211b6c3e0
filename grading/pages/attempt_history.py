"""A student's attempts with their points, and what changed since the last one."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models import prefetch_related_objects

from grading.models import GradingRun
from grading.pages.badges import Badge, badge_for
from grading.pages.results import QuestionView, ResultsView, results_view
from grading.points_bar import PointsBar, points_bar
from grading.querysets import GradingRunQuerySet
from grading.services import show_runs_at
from grading.states import State
from grading.visible_results import ViewTimes
from submissions.models import Submission

# The points of so many attempts are shown, the latest ones.
MOST_WITH_POINTS: Final = 30


@dataclass(frozen=True, kw_only=True)
class AttemptLink:
    """An attempt of the student, by its latest run.

    `bar` divides the points of its checks as the viewer sees them. It is None if the run
    has not finished, or if the attempt is one of too many.
    """

    submission: Submission
    run: GradingRun
    badge: Badge
    is_current: bool
    bar: PointsBar | None = None

    @property
    def attempt(self) -> int:
        """The number of the attempt."""
        return self.submission.attempt


@dataclass(frozen=True, kw_only=True)
class QuestionChange:
    """A question whose shown result differs from that of an earlier attempt.

    `before` is None if the earlier attempt's revision did not have the question.
    """

    before: QuestionView | None
    after: QuestionView

    @property
    def tone(self) -> str:
        """Whether the question has gained or lost points: success, danger or neutral."""
        earned = self.before.question.earned if self.before else Decimal(0)
        gained = self.after.question.earned - earned
        return "success" if gained > 0 else "danger" if gained < 0 else "neutral"


@dataclass(frozen=True, kw_only=True)
class AttemptHistory:
    """All attempts of a student, the first one first.

    `changes` are the questions that changed since the attempt `since`, the last one with
    results before the viewed one. It is None if there is none to compare with.
    """

    attempts: Sequence[AttemptLink]
    since: int | None = None
    changes: Sequence[QuestionChange] = ()

    @property
    def executed_nothing(self) -> bool:
        """Whether none of the attempts has a notebook."""
        return all(each.run.executed_nothing for each in self.attempts)

    @property
    def marked(self) -> Sequence[AttemptLink]:
        """The attempts whose points are shown."""
        return [each for each in self.attempts if each.bar]


def attempt_history(
    run: GradingRun,
    *,
    results: ResultsView | None,
    moments: ViewTimes,
) -> AttemptHistory | None:
    """Return the attempts of the run's student, or None if there is only one.

    `results` are those of the run as they are shown now, and `moments` the times of the
    student. The number of queries does not grow with the attempts.

    SECURITY: everything comes from what may be shown of each attempt by itself.
    """
    runs = list(_latest_runs_of_attempts(run))
    if len(runs) < 2:  # noqa: PLR2004  nothing to compare
        return None
    finished = [each for each in runs if each.state == State.FINISHED]
    earlier = [each for each in finished if each.work.attempt < run.work.attempt][-1:]
    wanted = {each.pk: each for each in (*finished[-MOST_WITH_POINTS:], *earlier)}
    prefetch_related_objects(list(wanted.values()), "results", "revision__questions")
    shown = show_runs_at(wanted.values(), moments)
    before = results_view(shown[earlier[0].pk]) if earlier else None
    return AttemptHistory(
        attempts=tuple(
            AttemptLink(
                submission=each.work,
                run=each,
                badge=badge_for(each),
                is_current=each.submission_id == run.submission_id,
                bar=points_bar(shown[each.pk]) if each.pk in shown else None,
            )
            for each in runs
        ),
        since=earlier[0].work.attempt if results and earlier else None,
        changes=_changes(before, results) if before and results else (),
    )


def _latest_runs_of_attempts(run: GradingRun) -> GradingRunQuerySet:
    return (
        GradingRun.objects.latest_of_attempts()
        .filter(
            submission__assignment=run.work.assignment_id,
            submission__author=run.work.author_id,
        )
        .select_related("submission")
        .defer("progress", "measures", "detail", "record")
        .order_by("submission__attempt")
    )


def _changes(before: ResultsView, after: ResultsView) -> tuple[QuestionChange, ...]:
    by_key = {each.question.key: each for each in before.questions}
    found = (
        QuestionChange(before=by_key.get(each.question.key), after=each)
        for each in after.questions
    )
    return tuple(each for each in found if _differs(each))


def _differs(change: QuestionChange) -> bool:
    if change.before is None:
        return True
    before, after = change.before.question, change.after.question
    return (before.outcome, before.earned) != (after.outcome, after.earned)
