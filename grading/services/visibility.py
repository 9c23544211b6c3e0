"""What a student may see of results and marks. Pages and the API both ask here."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import prefetch_related_objects

from accounts.models import User
from courses.deadlines import deadline_for
from courses.models import Assignment
from formats.choices import Counting
from grading.mark_points import LateTerms, points_after
from grading.models import GradingRun, Mark
from grading.scoring import (
    CheckResult,
    Outcome,
    ScoredQuestion,
    rules_of,
    score_questions,
)
from grading.services.lateness import run_terms
from grading.services.marks import (
    counting_run,
    latest_finished_runs,
    load_counting_runs,
)
from grading.states import State
from grading.visible_results import HiddenPoints, ShownResults, ViewTimes, show_results
from grading.worker.progress import Progress


@dataclass(frozen=True, kw_only=True)
class ShownMark:
    """The student's own mark as far as it may be shown: `earned` out of `points`.

    While `is_provisional`, points of hidden checks are neither in `earned` nor in
    `shown_points`. After release, `earned` is the final mark. A release applies to a
    student once the portal no longer takes their own work. `counting` is the run that
    counts, or None where naming it would tell what hidden checks found. `is_whole` says
    whether the mark's own columns may be shown: they contain nothing hidden.
    """

    counting: GradingRun | None
    is_whole: bool
    earned: Decimal
    shown_points: Decimal
    points: Decimal
    is_provisional: bool
    hidden: tuple[HiddenPoints, ...] = ()
    late_words: str = ""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What the test of a check raised, with the test's own lines."""

    question: str
    check: str
    text: str


@dataclass(frozen=True, kw_only=True)
class RunTimes:
    """When the run was queued, started and finished, as precisely as may be shown."""

    queued_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


def shown_time(at: dt.datetime, *, sees_all: bool) -> dt.datetime:
    """Return the time of an event of a run, as precisely as it may be shown.

    SECURITY: students see it to the minute, also after the release. The times at which
    one run ends and the next one begins tell how long its checks took. Code under test
    chooses how long it takes, and some checks are never shown.
    """
    return at if sees_all else at.replace(second=0, microsecond=0)


def shown_times(run: GradingRun, *, sees_all: bool) -> RunTimes:
    """Return the run's times, each as `shown_time` returns it."""

    def shown(at: dt.datetime) -> dt.datetime:
        return shown_time(at, sees_all=sees_all)

    return RunTimes(
        queued_at=shown(run.queued_at),
        started_at=run.started_at and shown(run.started_at),
        finished_at=run.finished_at and shown(run.finished_at),
    )


def student_results(run: GradingRun, now: dt.datetime) -> ShownResults:
    """Return what the run's author may see of its results at this moment.

    All questions of a running run are shown as waiting: only staff may see in which
    order they are checked, and when.
    """
    own = deadline_for(run.work.assignment, run.work.author)
    return show_run(run, closes_at=own.closes_at, now=now)


def staff_traces(run: GradingRun) -> tuple[Trace, ...]:
    """Return what the run's tests raised, for people who may read the tests."""
    return tuple(
        Trace(question=result.question.title, check=check, text=text)
        for result in run.results.select_related("question")
        for check, text in result.traces.items()
    )


def staff_results(run: GradingRun, now: dt.datetime) -> ShownResults:
    """Return all that the run found, for people who may see everybody's work.

    For a running run these are the questions so far; the others wait.
    """
    return show_run(run, closes_at=now, now=now, sees_all=True)


def show_run(
    run: GradingRun, *, closes_at: dt.datetime, now: dt.datetime, sees_all: bool = False
) -> ShownResults:
    """Return what of the run may be shown to a person whose deadline is `closes_at`.

    For many runs at once: it makes no query if `results` and `revision__questions` are
    prefetched.
    """
    moments = ViewTimes(
        now=now,
        closes_at=closes_at,
        released_at=run.assignment.marks_released_at,
        sees_all=sees_all,
    )
    return _results(run, moments)


def student_mark(
    assignment: Assignment, student: User, now: dt.datetime
) -> ShownMark | None:
    """Return what the student may see of their own mark, or None without a mark."""
    mark = (
        Mark.objects.filter(assignment=assignment, student=student)
        .select_related("assignment")
        .first()
    )
    if mark is None:
        return None
    load_counting_runs([mark])
    own = deadline_for(assignment, student)
    return show_mark(mark, closes_at=own.closes_at, now=now)


def show_mark(
    mark: Mark, *, closes_at: dt.datetime, now: dt.datetime, sees_all: bool = False
) -> ShownMark:
    """Return what of the mark may be shown to a person whose deadline is `closes_at`.

    For many marks at once: it makes no query if they come from `load_counting_runs` with
    "results" and "revision__questions", except for a student's own mark where the best
    attempt counts.
    """
    moments = ViewTimes(
        now=now,
        closes_at=closes_at,
        released_at=mark.assignment.marks_released_at,
        sees_all=sees_all,
    )
    run, late = mark.counting()
    shown = _results(run, moments) if run else None
    points = shown.points if shown else Decimal(0)
    if moments.is_released or shown is None:
        whole = mark.points
        return ShownMark(
            counting=run,
            is_whole=True,
            earned=whole.final,
            shown_points=points,
            points=points,
            is_provisional=not moments.is_released,
            late_words=whole.late_words,
        )
    compared = _compared_by_hidden_points(mark.assignment, mark.student_id, moments)
    # SECURITY: the results of the attempt that counts would tell which of two attempts
    # the hidden checks made the better one. So would its lateness.
    shown, late = max(
        compared,
        key=lambda one: points_after(one[0].earned + mark.manual_points, one[1]),
        default=(shown, late),
    )
    # SECURITY: the penalty is of the shown points. That of all points would tell how
    # many are hidden.
    so_far = mark.points_with(shown.earned, late)
    return ShownMark(
        counting=None if compared else run,
        is_whole=not compared and not shown.hides_points,
        earned=so_far.final,
        shown_points=shown.shown_points,
        points=shown.points,
        is_provisional=True,
        hidden=shown.hidden,
        late_words=so_far.late_words,
    )


def counting_run_to_show(
    assignment: Assignment, student: User, *, closes_at: dt.datetime, now: dt.datetime
) -> GradingRun | None:
    """Return the student's run that counts, or None where they may not know it.

    `closes_at` is the last moment at which the student's work is taken.
    """
    moments = ViewTimes(
        now=now, closes_at=closes_at, released_at=assignment.marks_released_at
    )
    if _compared_by_hidden_points(assignment, student.pk, moments):
        return None
    return counting_run(assignment, student)


def _compared_by_hidden_points(
    assignment: Assignment, student_id: int, moments: ViewTimes
) -> list[tuple[ShownResults, LateTerms | None]]:
    """Return what may be shown of the attempts whose hidden points choose the best.

    Each comes with its terms, if it is late.

    The list is empty where the choice tells nothing hidden: marks are released, the
    latest attempt counts, or no attempt hides points.

    SECURITY: one attempt with hidden points is enough. Which attempt counts then
    depends on a comparison with these points, even if the other attempts show
    everything, for example because an earlier revision hid nothing.
    """
    is_best = assignment.counting == Counting.BEST
    if not is_best or moments.is_released or moments.sees_all:
        return []
    runs = latest_finished_runs(assignment, student_id)
    prefetch_related_objects(runs, "results", "revision__questions")
    shown = [(run, _results(run, moments)) for run in runs]
    if not any(results.hides_points for _, results in shown):
        return []
    terms = run_terms(runs)
    return [(results, terms.get(run.pk)) for run, results in shown]


def _results(run: GradingRun, moments: ViewTimes) -> ShownResults:
    rules = [rules_of(question) for question in run.revision.questions.all()]
    if run.state == State.FINISHED:
        return show_results(rules, recorded_results(run), moments)
    shows_progress = run.state == State.RUNNING and moments.sees_all
    progress = Progress.from_json(run.progress if shows_progress else {})
    come_to = {found.key for found in progress.questions}
    so_far = [rule for rule in rules if rule.key in come_to]
    return show_results(rules, score_questions(so_far, progress.questions), moments)


def recorded_results(run: GradingRun) -> list[ScoredQuestion]:
    """Return everything that a finished run found: for scoring, never for showing."""
    keys = {question.pk: question.key for question in run.revision.questions.all()}
    return [
        ScoredQuestion(
            key=keys[result.question_id],
            outcome=Outcome(result.outcome),
            points=result.points,
            checks=tuple(CheckResult.from_json(check) for check in result.checks),
            seconds=result.seconds,
        )
        for result in run.results.all()
        if result.question_id in keys
    ]
