"""What a student may see of results and marks. Pages and the API both ask here."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from django.db.models import prefetch_related_objects

from accounts.models import User
from courses.models import Assignment
from formats.choices import Counting
from grading.hand_points import HandPoints
from grading.mark_points import LateTerms, MarkPoints, points_after
from grading.models import GradingRun, Mark, Standing
from grading.points_bar import PointsBar, divided, points_bar
from grading.scoring import (
    CheckResult,
    Outcome,
    ScoredQuestion,
    rules_of,
    rules_shown_at_once,
    score_questions,
)
from grading.services.known_runs import finished_runs, known_run
from grading.services.lateness import run_terms
from grading.services.marks import counting_run, load_counting_runs
from grading.services.view_times import OwnRelease, own_times, view_times
from grading.states import State
from grading.visible_results import HiddenPoints, ShownResults, ViewTimes, show_results
from grading.worker.progress import Progress


@dataclass(frozen=True, kw_only=True)
class ShownMark:
    """The student's own mark as far as it may be shown: `earned` out of `points`.

    While `is_provisional`, points of hidden checks and of people are neither in
    `earned` nor in `shown_points`. `by_hand` are the points that people give and that
    are not in `earned`: not given yet, or not shown yet. After release, `earned` is the
    final mark. A release applies to a student once the portal no longer takes their own
    work. `counting` is the run that counts, or None where naming it would tell what
    hidden checks found. `parts` are those of the mark, or None where they would tell
    something hidden, and `is_whole` says whether they may be shown. `bar` has the parts of the points before the late
    penalty and the adjustment. `is_known` is false where the student must not learn that
    there is a mark: before the release, only a finished run tells it, and neither a
    marking nor a standing. `earned` and `shown_points` are None if the student is excused,
    or is told that the mark is withheld.
    """

    counting: GradingRun | None
    is_whole: bool
    earned: Decimal | None
    shown_points: Decimal | None
    points: Decimal
    is_provisional: bool
    hidden: tuple[HiddenPoints, ...] = ()
    by_hand: Decimal = Decimal(0)
    late_words: str = ""
    bar: PointsBar | None = None
    is_known: bool = True
    standing: Standing | None = None
    parts: MarkPoints | None = None

    @property
    def is_excused(self) -> bool:
        """Whether the student is excused and knows it, so that there are no points."""
        return self.standing == Standing.EXCUSED

    @property
    def is_withheld(self) -> bool:
        """Whether the mark is withheld. Only staff have its points then."""
        return self.standing == Standing.WITHHELD

    @property
    def waits_for_marking(self) -> bool:
        """Whether the mark is released, but points are still to be given by hand."""
        return not self.is_provisional and self.by_hand > 0


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What the test of a check raised, with the test's own lines."""

    question: str
    check: str
    text: str


def student_results(run: GradingRun, now: dt.datetime) -> ShownResults:
    """Return what the run's author may see of its results at this moment.

    All questions of a running run are shown as waiting: only staff may see in which
    order they are checked, and when.
    """
    assignment, author = run.work.assignment, run.work.author
    moments = own_times(assignment, author).view(assignment, author.pk, now=now)
    return show_run_at(run, moments)


def self_check_results(run: GradingRun, now: dt.datetime) -> ShownResults:
    """Return what a self-check's author sees of it: only checks that are shown at once.

    SECURITY: the rules have no other checks, so not even their number can be shown.
    This holds also after the deadline and the release.
    """
    questions = run.revision.questions.all()
    rules = rules_shown_at_once(map(rules_of, questions))
    scored = recorded_results(run) if run.state == State.FINISHED else []
    moments = ViewTimes(now=now, closes_at=now, released_at=None)
    return show_results(rules, scored, moments)


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

    For many runs at once: it makes no query of its own if `results` and
    `revision__questions` are prefetched. See `view_times`.
    """
    moments = view_times(
        run.assignment,
        # A trial has no author; staff see all of it.
        None if sees_all else run.work.author_id,
        closes_at=closes_at,
        now=now,
        sees_all=sees_all,
    )
    return show_run_at(run, moments)


def show_runs_at(
    runs: Iterable[GradingRun], moments: ViewTimes
) -> dict[UUID, ShownResults]:
    """Return what may be shown of runs of one student's work, by the id of the run."""
    return {run.pk: show_run_at(run, moments) for run in runs}


def student_mark(
    assignment: Assignment, student: User, now: dt.datetime
) -> ShownMark | None:
    """Return what the student may see of their own mark, or None without a mark.

    None also while they must not learn that there is one.
    """
    mark = (
        Mark.objects.filter(assignment=assignment, student=student)
        .select_related("assignment")
        .first()
    )
    if mark is None:
        return None
    load_counting_runs([mark])
    own = own_times(assignment, student)
    shown = show_mark(
        mark, closes_at=own.deadline.results_wait_until, now=now, own=own.release
    )
    return shown if shown.is_known else None


def show_mark(
    mark: Mark,
    *,
    closes_at: dt.datetime,
    now: dt.datetime,
    own: OwnRelease,
    sees_all: bool = False,
) -> ShownMark:
    """Return what of the mark may be shown to a person whose deadline is `closes_at`.

    `own` is the release to the mark's student.

    For many marks at once: it makes no query if they come from `load_counting_runs` with
    "results" and "revision__questions", except for a student's own mark where the best
    attempt counts.
    """
    moments = view_times(
        mark.assignment,
        mark.student_id,
        closes_at=closes_at,
        now=now,
        sees_all=sees_all,
        own=own,
    )
    work = mark.counting()
    run, late = work.run, work.late
    known = known_run(run, mark.assignment, mark.student_id, moments)
    if known != run:
        run, late = known, run_terms([known]).get(known.pk) if known else None
    shown = show_run_at(run, moments) if run else None
    points = shown.points if shown else work.possible
    shows_hand = moments.is_released or moments.sees_all
    if moments.withholds or (shows_hand and mark.is_excused):
        return _without_points(points, moments)
    is_known = run is not None or (shows_hand and not mark.is_empty)
    if shows_hand or (shown is None and not work.hand.possible):
        whole = mark.points
        without_cap = replace(whole, cap=None, limit=None)
        return ShownMark(
            counting=run,
            is_whole=True,
            earned=(
                None if mark.is_empty else (whole if shows_hand else without_cap).final
            ),
            shown_points=points - work.hand.waiting,
            points=points,
            is_provisional=not moments.is_released,
            by_hand=work.hand.waiting,
            late_words=whole.late_words,
            bar=(
                points_bar(shown, hand=work.hand, automatic=whole.automatic)
                if shown
                else _bar_without_run(points, work.hand)
            ),
            is_known=is_known,
            standing=mark.decision if shows_hand else None,
            # A cap is decided by people, so it is shown with the release.
            parts=whole if shows_hand else without_cap,
        )
    # SECURITY: what people gave is shown with the release, and so is whether they have.
    if shown is None:
        unmarked = mark.points_with(Decimal(0), Decimal(0), None, possible=None)
        return ShownMark(
            counting=None,
            is_whole=False,
            earned=unmarked.final,
            shown_points=Decimal(0),
            points=points,
            is_provisional=True,
            by_hand=work.hand.possible,
            bar=divided(total=points, earned=Decimal(0), by_hand=work.hand.possible),
            is_known=is_known,
        )
    compared = _compared_by_hidden_points(mark.assignment, mark.student_id, moments)
    # SECURITY: the results of the attempt that counts would tell which of two attempts
    # the hidden checks or the markers made the better one. So would its lateness.
    shown, late = max(
        compared,
        key=lambda one: points_after(one[0].earned, one[1]),
        default=(shown, late),
    )
    # SECURITY: the penalty is of the shown points. That of all points would tell how
    # many are hidden.
    so_far = mark.points_with(shown.earned, Decimal(0), late, possible=None)
    is_whole = not (compared or shown.hides_points or shown.by_hand)
    return ShownMark(
        counting=None if compared else run,
        is_whole=is_whole,
        parts=so_far if is_whole else None,
        earned=so_far.final,
        shown_points=shown.shown_points,
        points=shown.points,
        is_provisional=True,
        hidden=shown.hidden,
        by_hand=shown.by_hand,
        late_words=so_far.late_words,
        bar=points_bar(shown),
    )


def _without_points(points: Decimal, moments: ViewTimes) -> ShownMark:
    """Return an excused or withheld mark: no points, and nothing that counts."""
    return ShownMark(
        counting=None,
        is_whole=False,
        earned=None,
        shown_points=None,
        points=points,
        is_provisional=not moments.is_released,
        standing=Standing(moments.standing),
    )


def counting_run_to_show(
    assignment: Assignment, student: User, moments: ViewTimes
) -> GradingRun | None:
    """Return the student's run that counts, or None where they may not know it.

    `moments` are the student's own. None if they are excused, or their mark is withheld.
    """
    if moments.shows_excused or moments.withholds:
        return None
    if _compared_by_hidden_points(assignment, student.pk, moments):
        return None
    run = counting_run(assignment, student)
    return known_run(run, assignment, student.pk, moments)


def _bar_without_run(points: Decimal, hand: HandPoints) -> PointsBar | None:
    """Return the points of a student who handed in nothing, None if they are unmarked."""
    if not points:
        return None
    return divided(total=points, earned=hand.given, by_hand=hand.waiting)


def _compared_by_hidden_points(
    assignment: Assignment, student_id: int, moments: ViewTimes
) -> list[tuple[ShownResults, LateTerms | None]]:
    """Return what may be shown of the attempts whose hidden points choose the best.

    Each comes with its terms, if it is late.

    The list is empty where the choice tells nothing hidden: marks are released, the
    latest attempt counts, or no attempt hides points or is marked by people.

    SECURITY: one attempt with hidden points is enough. Which attempt counts then
    depends on a comparison with these points, even if the other attempts show
    everything, for example because an earlier revision hid nothing.
    """
    is_best = assignment.counting == Counting.BEST
    if not is_best or moments.is_released or moments.sees_all:
        return []
    runs = finished_runs(assignment, student_id)
    prefetch_related_objects(runs, "results", "revision__questions")
    shown = [(run, show_run_at(run, moments)) for run in runs]
    if not any(results.hides_points or results.by_hand for _, results in shown):
        return []
    terms = run_terms(runs)
    return [(results, terms.get(run.pk)) for run, results in shown]


def show_run_at(run: GradingRun, moments: ViewTimes) -> ShownResults:
    """Return what of the run may be shown at these times.

    It makes no query of its own if `results` and `revision__questions` are prefetched.
    """
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
