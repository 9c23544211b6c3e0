"""What a job's result is in the rows of its run."""

import dataclasses
from typing import Any, Final

from courses.models import Question
from grading.json_safe import JsonObject, storable, storable_object
from grading.models import GradingRun, QuestionResult
from grading.scoring import ScoredQuestion
from runner.protocol.jobs import Measures, QuestionOutcome

# The end of a traceback is stored, not the beginning: the end names the line.
MAX_TRACE_LENGTH: Final = 8000


def result_row(
    run: GradingRun,
    question: Question,
    score: ScoredQuestion,
    found: QuestionOutcome | None,
) -> QuestionResult:
    """Return the row of a question's result, not yet stored."""
    return QuestionResult(
        run=run,
        question=question,
        outcome=QuestionResult.Outcome(score.outcome.value),
        points=score.points,
        checks=[storable(check.to_json()) for check in score.checks],
        traces=_traces(found),
        seconds=score.seconds,
    )


def _traces(found: QuestionOutcome | None) -> JsonObject:
    """Return the tracebacks of the tests by the names of their checks, for staff."""
    return storable_object(
        {
            check.name: check.trace[-MAX_TRACE_LENGTH:]
            for check in (found.checks if found else ())
            if check.trace
        }
    )


def used_seconds(measures: Measures) -> dict[str, Any]:
    """Return the seconds that are summed. A job holds its GPU from start to end."""
    has_gpu = bool(measures.gpu)
    return {
        "cpu_seconds": measures.cpu_seconds,
        "gpu_seconds": measures.seconds if has_gpu else 0.0,
        "checking_cpu_seconds": measures.checking_cpu_seconds,
        "checking_gpu_seconds": measures.checking_seconds if has_gpu else 0.0,
    }


def stored_measures(measures: Measures) -> JsonObject:
    """Return the measures as they are stored with the run."""
    return storable_object(
        {**dataclasses.asdict(measures), "versions": dict(measures.versions)}
    )
