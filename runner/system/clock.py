"""The clock by which a job is held to its limits."""

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class JobClock:
    """Tells seconds, and stands still while our caller holds us up.

    A caller writes to a database when it hears of an event. A notebook must not run
    out of time because that database is away.
    """

    def __init__(self) -> None:
        self._held_up = 0.0

    def now(self) -> float:
        """Return seconds from some fixed moment, without those spent aside."""
        return time.monotonic() - self._held_up

    def aside(self, call: Callable[P, T]) -> Callable[P, T]:
        """Return the call such that what it takes does not count."""

        def uncounted(*args: P.args, **kwargs: P.kwargs) -> T:
            started = time.monotonic()
            try:
                return call(*args, **kwargs)
            finally:
                self._held_up += time.monotonic() - started

        return uncounted
