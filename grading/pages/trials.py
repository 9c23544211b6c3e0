"""The trial page: model solution and hand-out side by side, before publishing."""

import datetime as dt
from dataclasses import dataclass

from courses.models import Assignment, AssignmentRevision
from formats.choices import FileKind, Part
from grading.messages import Message, describe
from grading.models import GradingRun, Publication
from grading.pages.badges import Badge, badge_for
from grading.pages.failed_cells import Failures, failures_of
from grading.pages.results import CheckView, QuestionView, results_view
from grading.scoring import Outcome
from grading.services import Trace, staff_results, staff_traces
from grading.states import State
from grading.trial_state import TrialReport, Trials, TrialStatus, trials_of
from grading.worker.progress import Progress

_TRIAL_BADGES = {
    TrialStatus.NOT_RUN: Badge(label="Not run", tone="neutral", icon="dash"),
    TrialStatus.WAITING: Badge(label="In the queue", tone="neutral", icon="queue"),
    TrialStatus.RUNNING: Badge(label="Running", tone="accent", icon="play"),
    TrialStatus.GOOD: Badge(label="As expected", tone="success", icon="check"),
    TrialStatus.WRONG: Badge(label="Not as expected", tone="danger", icon="cross"),
    TrialStatus.NO_RESULT: Badge(label="No result", tone="danger", icon="alert"),
}
_POLL_SECONDS = 2


@dataclass(frozen=True, kw_only=True)
class TrialView:
    """One trial: what it must earn, how it stands, and how its last run went."""

    report: TrialReport
    badge: Badge
    run_badge: Badge | None
    message: Message | None
    progress: Progress | None
    traces: tuple[Trace, ...]
    failures: Failures

    @property
    def has_notebook(self) -> bool:
        """Whether an executed notebook is stored."""
        return self.report.run is not None and bool(self.report.run.executed_sha256)


@dataclass(frozen=True, kw_only=True)
class CheckPair:
    """A check as each of the two trials found it."""

    name: str
    description: str
    solution: Badge | None
    handout: Badge | None
    solution_message: str
    handout_message: str
    is_wrong: bool


@dataclass(frozen=True, kw_only=True)
class QuestionPair:
    """A question with what each of the trials earned."""

    title: str
    key: str
    is_manual: bool
    solution: QuestionView | None
    handout: QuestionView | None
    checks: tuple[CheckPair, ...]


@dataclass(frozen=True, kw_only=True)
class TrialsPage:
    revision: AssignmentRevision
    trials: Trials
    views: tuple[TrialView, TrialView]
    questions: tuple[QuestionPair, ...]
    missing: tuple[str, ...]
    is_published: bool
    publication: Publication | None
    may_edit: bool
    poll_seconds: int


def trial_badge(report: TrialReport) -> Badge:
    """Return the badge for how a trial stands."""
    return _TRIAL_BADGES[report.status]


def trials_page(
    *,
    assignment: Assignment,
    revision: AssignmentRevision,
    may_edit: bool,
    now: dt.datetime,
) -> TrialsPage:
    """Return how the revision's trials stand and all that they found, for staff."""
    trials = trials_of(revision)
    solution, handout = (_questions(report, now) for report in trials.both)
    return TrialsPage(
        revision=revision,
        trials=trials,
        views=(_view(trials.solution), _view(trials.handout)),
        questions=tuple(
            _pair(key, solution.get(key), handout.get(key))
            for key in (solution or handout)
        ),
        missing=_missing(revision),
        is_published=assignment.revision_id == revision.pk,
        publication=revision.publications.select_related("actor").first(),
        may_edit=may_edit,
        poll_seconds=_POLL_SECONDS if trials.are_under_way else 0,
    )


def _view(report: TrialReport) -> TrialView:
    run = report.run
    is_running = run is not None and run.state == State.RUNNING
    is_finished = run is not None and run.state == State.FINISHED
    return TrialView(
        report=report,
        badge=trial_badge(report),
        run_badge=badge_for(run) if run else None,
        message=describe(run, is_own=False) if run else None,
        progress=Progress.from_json(run.progress) if run and is_running else None,
        traces=staff_traces(run) if run and is_finished else (),
        failures=failures_of(run) if run and is_finished else Failures(),
    )


def _questions(report: TrialReport, now: dt.datetime) -> dict[str, QuestionView]:
    run = report.run
    if run is None or not _has_results(run):
        return {}
    view = results_view(staff_results(run, now))
    return {item.question.key: item for item in view.questions}


def _has_results(run: GradingRun) -> bool:
    return run.state in (State.RUNNING, State.FINISHED)


def _pair(
    key: str, solution: QuestionView | None, handout: QuestionView | None
) -> QuestionPair:
    some = solution or handout
    if some is None:
        raise ValueError(key)
    return QuestionPair(
        title=some.question.title,
        key=key,
        is_manual=some.question.kind == "manual",
        solution=solution,
        handout=handout,
        checks=tuple(
            _check(index, solution, handout) for index in range(len(some.checks))
        ),
    )


def _check(
    index: int, solution: QuestionView | None, handout: QuestionView | None
) -> CheckPair:
    """Return a check of both trials.

    Both runs use the same revision, so their checks are in the same order.
    """
    good = solution.checks[index] if solution else None
    bare = handout.checks[index] if handout else None
    some = good or bare
    if some is None:
        raise ValueError(index)
    is_short = good is not None and good.check.outcome not in (
        Outcome.PASSED,
        Outcome.WAITING,
    )
    return CheckPair(
        name=some.check.name,
        description=some.check.description,
        solution=good.badge if good else None,
        handout=bare.badge if bare else None,
        solution_message=_words(good) if good and is_short else "",
        handout_message=_message(bare),
        is_wrong=is_short or (bare is not None and bare.check.earned > 0),
    )


def _message(view: CheckView | None) -> str:
    """Return the check's message, or "" if it passed: then the badge is enough."""
    if view is None or view.check.outcome == Outcome.PASSED:
        return ""
    return _words(view)


def _words(view: CheckView) -> str:
    """Return what the check says, and what it expected and found, on one line."""
    report = view.check.report
    lines = [*view.check.words, *(f"{one.name}: {one.text}" for one in report.metrics)]
    if report.has_comparison:
        lines.append(f"expected {report.expected}, found {report.found}")
    for one in report.pictures:
        why = f", not shown: {one.fault}" if one.fault else ""
        lines.append(f"picture “{one.caption}”{why}")
    return "; ".join(lines)


def _missing(revision: AssignmentRevision) -> tuple[str, ...]:
    """Return the files that students must hand in and the model solution lacks."""
    if revision.is_files_only:
        return ()
    there = {file.name for file in revision.files.all() if file.part == Part.SOLUTION}
    return tuple(
        file.name
        for file in revision.required_files.all()
        if file.kind != FileKind.NOTEBOOK
        and not file.is_optional
        and file.name not in there
    )
