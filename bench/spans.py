"""How long the runner's own steps take, timed from outside.

The runner knows nothing of this: its methods are wrapped while they are timed.
"""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final
from unittest import mock

from runner.host.job import Job
from runner.host.prepared_job import PreparedJob
from runner.host.session import Session
from runner.host.spares import Spares

TAKE: Final = "taking processes"
FILL: Final = "filling the folder"
SET_UP: Final = "setting up"
END: Final = "ending processes"
TEAR_DOWN: Final = "tearing down"
# In the order in which a job goes through them; cells come between SET_UP and END.
_STEPS: Final[tuple[tuple[type, str, str], ...]] = (
    (Job, "_take_processes", TAKE),
    (PreparedJob, "fill", FILL),
    (Job, "_begin", SET_UP),
    (Session, "finish", END),
    (Spares, "dispose_later", TEAR_DOWN),
)


@dataclass(frozen=True, kw_only=True)
class Span:
    """When a step began and ended, by `time.perf_counter`."""

    begun: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.begun


@contextmanager
def watch_steps() -> Iterator[dict[str, Span]]:
    """Give a dictionary, and put the spans of this thread's job into it by step."""
    spans: dict[str, Span] = {}
    with ExitStack() as stack:
        for owner, name, step in _STEPS:
            timed = _timed(getattr(owner, name), step, spans)
            stack.enter_context(mock.patch.object(owner, name, timed))
        yield spans


def _timed(
    method: Callable[..., Any], step: str, spans: dict[str, Span]
) -> Callable[..., Any]:
    thread = threading.get_ident()

    @functools.wraps(method)
    def timed(*args: Any, **kwargs: Any) -> Any:
        begun = time.perf_counter()
        try:
            return method(*args, **kwargs)
        finally:
            # Other threads make and dispose of spares meanwhile.
            if threading.get_ident() == thread:
                spans[step] = Span(begun=begun, ended=time.perf_counter())

    return timed
