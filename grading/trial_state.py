"""How a revision's trial runs stand, and what must hold before students see it.

The model solution must earn every automatic point, and the untouched hand-out none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import Q, Sum

from courses.models import AssignmentRevision, Question
from formats.choices import QuestionKind
from grading.models import GradingRun, Trial
from grading.states import State, Verdict


class TrialStatus(StrEnum):
    """How a trial stands."""

    NOT_RUN = "not_run"
    WAITING = "waiting"
    RUNNING = "running"
    GOOD = "good"
    WRONG = "wrong"
    NO_RESULT = "no_result"  # cancelled, or waiting for staff


_UNDER_WAY = {State.QUEUED: TrialStatus.WAITING, State.RUNNING: TrialStatus.RUNNING}


@dataclass(frozen=True, kw_only=True)
class TrialReport:
    """A trial's latest run, and whether it earned the expected points."""

    trial: Trial
    run: GradingRun | None
    possible: Decimal

    @property
    def must_earn(self) -> Decimal:
        return self.possible if self.trial == Trial.SOLUTION else Decimal(0)

    @property
    def earned(self) -> Decimal | None:
        """The points that it earned, or None without a result."""
        if self.run is None or self.run.state != State.FINISHED:
            return None
        return self.run.automatic_points or Decimal(0)

    @property
    def status(self) -> TrialStatus:
        if self.run is None:
            return TrialStatus.NOT_RUN
        if self.run.state in _UNDER_WAY:
            return _UNDER_WAY[State(self.run.state)]
        if self.earned is None:
            return TrialStatus.NO_RESULT
        # A rejected notebook was not run: that it earned nothing proves nothing.
        is_good = self.earned == self.must_earn and self.run.verdict != Verdict.REJECTED
        return TrialStatus.GOOD if is_good else TrialStatus.WRONG

    def to_json(self) -> dict[str, Any]:
        """Return what is stored of the trial when a revision is published."""
        return {
            "standing": self.status.value,
            "run": str(self.run.pk) if self.run else None,
            "earned": None if self.earned is None else str(self.earned),
            "possible": str(self.possible),
        }


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Both trials of a revision. `are_needed` is false if it has nothing to run."""

    solution: TrialReport
    handout: TrialReport
    are_needed: bool = True

    @property
    def both(self) -> tuple[TrialReport, TrialReport]:
        return self.solution, self.handout

    @property
    def are_good(self) -> bool:
        """Whether the revision may be published without a reason."""
        return not self.are_needed or all(
            report.status == TrialStatus.GOOD for report in self.both
        )

    @property
    def are_under_way(self) -> bool:
        """Whether a trial is still waiting or running."""
        waiting = (TrialStatus.WAITING, TrialStatus.RUNNING)
        return any(report.status in waiting for report in self.both)

    def to_json(self) -> dict[str, Any]:
        """Return what is stored of the trials when the revision is published."""
        if not self.are_needed:
            return {}
        return {report.trial.value: report.to_json() for report in self.both}


def trials_of(revision: AssignmentRevision) -> Trials:
    """Return how the revision's trials stand."""
    return trials_by_revision([revision])[revision.pk]


def trials_by_revision(
    revisions: Iterable[AssignmentRevision],
) -> Mapping[int, Trials]:
    """Return how the trials of each revision stand, by its id, in two queries."""
    needed = {revision.pk: not revision.is_files_only for revision in revisions}
    ids = list(needed)
    latest = {
        (run.revision_id, run.trial): run
        for run in GradingRun.objects.filter(~Q(trial=""), revision__in=ids)
        .select_related("revision__assignment__course")
        .order_by("number")
    }
    possible = dict(
        Question.objects.filter(revision__in=ids, kind=QuestionKind.AUTO)
        .order_by()
        .values_list("revision")
        .annotate(total=Sum("points"))
    )
    return {
        pk: Trials(
            **{
                trial.value: TrialReport(
                    trial=trial,
                    run=latest.get((pk, trial.value)),
                    possible=possible.get(pk, Decimal(0)),
                )
                for trial in Trial
            },
            are_needed=needed[pk],
        )
        for pk in ids
    }
