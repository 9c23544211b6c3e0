"""How long a part of a job has taken, not counting its waits for a busy processor."""

from dataclasses import dataclass
from typing import Final

# The most that a part of a job gets by the clock, however long it waited for a processor:
# this many times its seconds, and this many seconds more.
_LATEST_TIMES: Final = 10
_LATEST_SECONDS: Final = 30


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A moment in a job's life.

    `clock` is the time, `cpu` is the processor time that the job has used so far, and
    `waited` is how long it was ready to run while no processor was free. All are seconds.
    """

    clock: float
    cpu: float = 0.0
    waited: float = 0.0

    def seconds_since(self, start: "Moment") -> float:
        """Return for how many seconds the job computed or slept, without its waits."""
        return self.clock - start.clock - (self.waited - start.waited)

    def is_past(self, start: "Moment", seconds: float) -> bool:
        """Return whether a part of the job that began at `start` has used its `seconds`.

        They are seconds of processor time for a part that computes, and seconds by the
        clock for one that sleeps. Time in which the job was ready to run and waited for a
        processor does not count, so that a busy machine takes nothing from any job. But
        by the clock, no part gets more than ten times its seconds and half a minute. No
        part ends before its seconds are over by the clock, however many processors it
        uses.
        """
        by_clock = self.clock - start.clock
        if by_clock < seconds:
            return False
        return (
            self.cpu - start.cpu >= seconds
            or self.seconds_since(start) >= seconds
            or by_clock >= _LATEST_TIMES * seconds + _LATEST_SECONDS
        )
