"""What ends a job before its notebook's end."""

from collections.abc import Mapping

from runner.protocol import Scalar, Verdict


class JobStopError(Exception):
    """The job ends now, with this verdict, code and detail."""

    def __init__(self, verdict: Verdict, code: str, **detail: Scalar) -> None:
        super().__init__(code)
        self.verdict = verdict
        self.code = code
        self.detail: Mapping[str, Scalar] = detail


def limit(code: str, **detail: Scalar) -> JobStopError:
    """Return the stop for a limit that the job went past."""
    return JobStopError(Verdict.LIMIT, code, **detail)


def died(*, cell: int, signal: int = 0, reason: str = "") -> JobStopError:
    """Return the stop for a notebook whose process ended or stopped making sense."""
    more = {"reason": reason} if reason else {}
    return JobStopError(
        Verdict.STUDENT_ERROR, "process_died", cell=cell, signal=signal, **more
    )


def platform(code: str, reason: str = "") -> JobStopError:
    """Return the stop for a failure of ours."""
    more = {"reason": reason} if reason else {}
    return JobStopError(Verdict.PLATFORM, code, **more)
