"""How often a page or a program asks for a run that is not over yet."""

from dataclasses import dataclass
from typing import Final

from grading.models import GradingRun

# Behind this place in the queue, nothing changes within seconds.
_NEAR: Final = 5
_FAR_SECONDS: Final = 5
# A run that waits long is asked for so many times within its expected wait.
_POLLS_OF_WAIT: Final = 20


@dataclass(frozen=True, kw_only=True)
class Poll:
    """After how many seconds to ask again: at first, and once nothing was new."""

    least: int
    most: int


_RUNNING_POLL: Final = Poll(least=1, most=4)
_NEAR_POLL: Final = Poll(least=2, most=8)
_FAR_MOST: Final = 30


def poll_of(
    run: GradingRun, *, position: int | None, wait_seconds: float | None
) -> Poll | None:
    """Return how often to ask for the run, or None if it has ended.

    `position` is its place in the queue, or None if it is not queued, and
    `wait_seconds` is its expected wait there, if that is known.
    """
    if run.is_terminal:
        return None
    if position is None:
        return _RUNNING_POLL
    if position <= _NEAR:
        return _NEAR_POLL
    least = max(_FAR_SECONDS, int(wait_seconds or 0) // _POLLS_OF_WAIT)
    return Poll(least=min(least, _FAR_MOST), most=_FAR_MOST)
