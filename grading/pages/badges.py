"""A run's state and verdict in two or three words, with a tone for the badge."""

from dataclasses import dataclass

from grading.models import GradingRun
from grading.states import State, Verdict


@dataclass(frozen=True, kw_only=True)
class Badge:
    """Words, tone and icon: colour never carries the meaning alone.

    The tones are those of templates/components/badge.html.
    """

    label: str
    tone: str
    icon: str


_STATES = {
    State.QUEUED: Badge(label="In the queue", tone="neutral", icon="queue"),
    State.RUNNING: Badge(label="Running", tone="accent", icon="play"),
    State.CANCELLED: Badge(label="Cancelled", tone="neutral", icon="cross"),
    State.SUPERSEDED: Badge(label="Replaced", tone="neutral", icon="arrow-right"),
    State.NEEDS_STAFF: Badge(label="Waiting for staff", tone="danger", icon="alert"),
}
_VERDICTS = {
    Verdict.COMPLETED: Badge(label="Ran to the end", tone="success", icon="check"),
    Verdict.STUDENT_ERROR: Badge(label="Ran with errors", tone="warning", icon="alert"),
    Verdict.LIMIT: Badge(label="Stopped at a limit", tone="warning", icon="alert"),
    Verdict.REJECTED: Badge(label="Not run", tone="danger", icon="cross"),
    Verdict.NOTHING_RUN: Badge(label="Handed in", tone="success", icon="check"),
}


def badge_of(state: str, verdict: str) -> Badge:
    """Return the badge of the verdict of a finished run, otherwise of the state."""
    if state == State.FINISHED:
        return _VERDICTS[Verdict(verdict)]
    return _STATES[State(state)]


def badge_for(run: GradingRun) -> Badge:
    """Return the run's badge."""
    return badge_of(run.state, run.verdict)
