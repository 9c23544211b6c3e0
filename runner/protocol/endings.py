"""What ends a job before its notebook's end."""

from collections.abc import Mapping
from typing import Final

from runner.protocol.jobs import Scalar, Verdict


class JobEnded(Exception):  # noqa: N818 - no error: the end of a job
    """The job ends now, with this verdict, code and detail."""

    def __init__(self, verdict: Verdict, code: str, **detail: Scalar) -> None:
        super().__init__(code)
        self.verdict = verdict
        self.code = code
        self.detail: Mapping[str, Scalar] = detail


def limit(code: str, **detail: Scalar) -> JobEnded:
    """Return the end of a job for a limit that the job went past."""
    return JobEnded(Verdict.LIMIT, code, **detail)


def died(*, cell: int, signal: int = 0, reason: str = "") -> JobEnded:
    """Return the end of a job for a notebook whose process ended or stopped making sense."""
    more = {"reason": reason} if reason else {}
    return JobEnded(
        Verdict.STUDENT_ERROR, "process_died", cell=cell, signal=signal, **more
    )


def platform(code: str, reason: str = "") -> JobEnded:
    """Return the end of a job for a failure of ours."""
    more = {"reason": reason} if reason else {}
    return JobEnded(Verdict.PLATFORM, code, **more)


# What a limit cost beyond the cell that it names (a stop's detail "after"). Without one
# of these only that cell was lost, and the cells after it ran.
STOPPED: Final = "stopped"  # nothing after the cell ran
RERUN: Final = (
    "rerun"  # what came after ran in a fresh process, with the cells before run again
)


def stopped_at(stop: JobEnded, cell: int) -> JobEnded:
    """Return the stop, if it is for a limit, with the cell at which the notebook ended."""
    if stop.verdict is not Verdict.LIMIT:
        return stop
    return limit(stop.code, **{"cell": cell, **stop.detail, "after": STOPPED})
