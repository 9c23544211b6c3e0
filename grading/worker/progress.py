"""How far a running run has come: the content of its heartbeats.

It is stored in `GradingRun.progress`. It holds every check's outcome, so it is for
staff and for `student_results` only: a page shows a student what that function returns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from grading.json_safe import JsonObject, storable_object
from runner.protocol.jobs import (
    CellStarted,
    Checking,
    CheckOutcome,
    Event,
    Outcome,
    OutputAdded,
    QuestionDone,
    QuestionOutcome,
    Usage,
)

_TAIL_LENGTH: Final = 4000


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Cell `cell` of `cells` runs; `tail` is the end of what it printed.

    `seconds` and `memory_bytes` are the notebook's own. Once its questions are being
    checked (`is_checking`), only `questions` still changes.
    """

    cell: int = 0
    cells: int = 0
    tail: str = ""
    questions: tuple[QuestionOutcome, ...] = ()
    seconds: float = 0.0
    memory_bytes: int = 0
    is_checking: bool = False

    def after(self, event: Event) -> "Progress":
        """Return the progress with the event added.

        SECURITY: what is measured while tests run is left out, whoever sends it: a
        notebook could choose these numbers to tell its author what the tests passed to
        it.
        """
        if self.is_checking and not isinstance(event, QuestionDone):
            return self
        match event:
            case CellStarted():
                return replace(self, cell=event.cell, cells=event.cells, tail="")
            case OutputAdded():
                return replace(self, tail=event.tail[-_TAIL_LENGTH:])
            case QuestionDone():
                return replace(self, questions=(*self.questions, event.question))
            case Usage():
                return replace(
                    self, seconds=event.seconds, memory_bytes=event.memory_bytes
                )
            case Checking():
                return replace(self, is_checking=True)

    def to_json(self) -> JsonObject:
        """Return a plain object for the row, which both databases accept."""
        return storable_object(
            {
                "cell": self.cell,
                "cells": self.cells,
                "tail": self.tail,
                "questions": [_question_to_json(found) for found in self.questions],
                "seconds": round(self.seconds, 2),
                "memory_bytes": self.memory_bytes,
                "is_checking": self.is_checking,
            }
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the progress that `to_json` wrote; an empty object is no progress."""
        return cls(
            cell=int(data.get("cell", 0)),
            cells=int(data.get("cells", 0)),
            tail=str(data.get("tail", "")),
            questions=tuple(
                _question_from_json(found) for found in data.get("questions", ())
            ),
            seconds=float(data.get("seconds", 0)),
            memory_bytes=int(data.get("memory_bytes", 0)),
            is_checking=bool(data.get("is_checking", False)),
        )


def _question_to_json(found: QuestionOutcome) -> dict[str, Any]:
    """Return what a heartbeat writes: without the checks' reports, which may be long."""
    return {
        "key": found.key,
        "outcome": found.outcome.value,
        "seconds": found.seconds,
        "checks": [
            {"name": check.name, "score": check.score, "message": check.message}
            for check in found.checks
        ],
    }


def _question_from_json(data: Mapping[str, Any]) -> QuestionOutcome:
    return QuestionOutcome(
        key=str(data["key"]),
        outcome=Outcome(data["outcome"]),
        seconds=float(data.get("seconds", 0)),
        checks=tuple(
            CheckOutcome(
                name=str(check["name"]),
                score=float(check["score"]),
                message=str(check.get("message", "")),
            )
            for check in data.get("checks", ())
        ),
    )
