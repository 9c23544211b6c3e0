"""The ends of a job before the end of its notebook: limits, faults and failures."""

from collections.abc import Mapping
from typing import Final

from runner.protocol.jobs import Scalar, Verdict


class JobEnded(Exception):  # noqa: N818 - the end of a job is not an error
    """Raised to end the job now, with this verdict, code and detail."""

    def __init__(self, verdict: Verdict, code: str, **detail: Scalar) -> None:
        super().__init__(code)
        self.verdict = verdict
        self.code = code
        self.detail: Mapping[str, Scalar] = detail


def limit(code: str, **detail: Scalar) -> JobEnded:
    """Return the end of a job that went past a limit."""
    return JobEnded(Verdict.LIMIT, code, **detail)


def died(*, cell: int, signal: int = 0, reason: str = "") -> JobEnded:
    """Return the end of a job whose notebook process ended, or sent invalid data."""
    more = {"reason": reason} if reason else {}
    return JobEnded(
        Verdict.STUDENT_ERROR, "process_died", cell=cell, signal=signal, **more
    )


def platform(code: str, reason: str = "") -> JobEnded:
    """Return the end of a job that failed through our fault."""
    more = {"reason": reason} if reason else {}
    return JobEnded(Verdict.PLATFORM, code, **more)


# The values of "after" in the `detail` of a limit: what was lost beside the cell that the
# detail names. Without "after", only that cell was lost, and the cells after it ran.
STOPPED: Final = "stopped"  # nothing after the cell ran
# The cells after it ran in a fresh process, after the cells before it had run again.
RERUN: Final = "rerun"


def with_cell(stop: JobEnded, cell: int) -> JobEnded:
    """Return how the job ended; for a limit, with the cell in which it was stopped."""
    if stop.verdict is not Verdict.LIMIT:
        return stop
    return limit(stop.code, **{"cell": cell, **stop.detail, "after": STOPPED})
