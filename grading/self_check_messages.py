"""The words for where a self-check is and how it ended."""

from collections.abc import Mapping
from typing import Final

from grading.messages import Message, Tone, describe
from grading.models import GradingRun
from grading.querysets import CANCELLED
from grading.states import State

# Where the words for an attempt would be wrong.
_STATES: Final[Mapping[str, Message]] = {
    State.QUEUED: Message(
        title="In the queue",
        text="Your check waits for a free worker. Work that is handed in goes first.",
        hint="You can close this page and come back.",
    ),
    State.CANCELLED: Message(
        title="Stopped",
        text="This check was stopped before it had a result.",
        hint="Nothing was handed in.",
        tone=Tone.WARN,
    ),
}
_FAILED: Final = Message(
    title="Our fault: not checked",
    text="Something failed on our side, more than once, so your work was not checked.",
    hint="You have this check back. Nothing was handed in.",
    tone=Tone.PORTAL_FAULT,
)


def describe_self_check(run: GradingRun) -> Message:
    """Return the words for where the run of a self-check is, or for how it ended."""
    if run.state == State.CANCELLED and run.code != CANCELLED:
        return _FAILED
    return _STATES.get(run.state) or describe(run)
