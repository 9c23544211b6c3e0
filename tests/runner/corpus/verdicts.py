"""The ends that a hostile submission may have: a closed list without faults of ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from runner.protocol.jobs import JobResult, Scalar, Verdict


class Kind(StrEnum):
    """How a hostile submission ended."""

    SCORED = "SCORED"
    STUDENT_ERROR = "STUDENT_ERROR"
    LIMIT = "LIMIT"
    REJECTED = "REJECTED"
    DENIED = "DENIED"


@dataclass(frozen=True)
class Ending:
    """An end, with its code and the part of its detail that matters."""

    kind: Kind
    code: str = ""
    detail: Mapping[str, Scalar] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind}({self.code})" if self.code else str(self.kind)

    def allows(self, found: "Ending") -> bool:
        """Return whether the found end is this one; its detail may hold more."""
        same = (self.kind, self.code) == (found.kind, found.code)
        return same and self.detail.items() <= found.detail.items()


SCORED: Final = Ending(Kind.SCORED)
_KINDS: Final = {
    Verdict.COMPLETED: Kind.SCORED,
    Verdict.STUDENT_ERROR: Kind.STUDENT_ERROR,
    Verdict.LIMIT: Kind.LIMIT,
    Verdict.REJECTED: Kind.REJECTED,
}


def student_error(code: str, **detail: Scalar) -> Ending:
    """Return the end of a notebook that failed by itself."""
    return Ending(Kind.STUDENT_ERROR, code, detail)


def limit(code: str, **detail: Scalar) -> Ending:
    """Return the end of a notebook that passed the limit `code`."""
    return Ending(Kind.LIMIT, code, detail)


def rejected(code: str, **detail: Scalar) -> Ending:
    """Return the end of a submission that was refused without running."""
    return Ending(Kind.REJECTED, code, detail)


def ending_of(result: JobResult) -> Ending:
    """Return how the job ended, in the catalogue's words."""
    kind = _KINDS.get(result.verdict)
    assert kind is not None, f"{result.verdict} for what a student did: {result.detail}"
    code = "" if kind is Kind.SCORED else result.code
    return Ending(kind, code, result.detail)
