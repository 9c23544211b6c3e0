"""The clock by which the limits of a job are measured."""

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class JobClock:
    """A clock in seconds that is stopped while a callback of our caller runs.

    A caller writes to a database when it is told about an event. A notebook must not run
    out of time because that database does not answer.
    """

    def __init__(self) -> None:
        self._held_up = 0.0

    def now(self) -> float:
        """Return the seconds since some fixed moment, without those spent in `without_time_of`."""
        return time.monotonic() - self._held_up

    def without_time_of(self, call: Callable[P, T]) -> Callable[P, T]:
        """Return the call, wrapped so that its time does not count."""

        def uncounted(*args: P.args, **kwargs: P.kwargs) -> T:
            started = time.monotonic()
            try:
                return call(*args, **kwargs)
            finally:
                self._held_up += time.monotonic() - started

        return uncounted
