"""Stand-ins for the runner, and helpers that make its results."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from grading.models import GradingRun
from grading.querysets import GradingRunQuerySet
from grading.services import Claim
from runner.protocol.jobs import (
    CheckOutcome,
    Event,
    JobResult,
    JobSpec,
    Measures,
    Outcome,
    QuestionOutcome,
    Verdict,
)


def found(
    key: str = "answer",
    outcome: Outcome = Outcome.PASSED,
    /,
    **scores: float,
) -> QuestionOutcome:
    """Return the runner's outcome of a question: each check's score by its name."""
    return QuestionOutcome(
        key=key,
        outcome=outcome,
        seconds=0.1,
        checks=tuple(
            CheckOutcome(
                name=name, score=score, message="passed" if score else "returned False"
            )
            for name, score in (scores or {"check_answer": 1.0}).items()
        ),
    )


def job_result(
    verdict: Verdict = Verdict.COMPLETED,
    code: str = "completed",
    *questions: QuestionOutcome,
    notebook: str = "{}",
    **detail: int | float | str,
) -> JobResult:
    """Return a result whose one question passed, unless others are given."""
    return JobResult(
        job_id="job",
        verdict=verdict,
        code=code,
        detail=detail,
        questions=questions or (found(),),
        notebook=notebook,
        measures=Measures(seconds=1.5, level="L0", versions={"torch": "2.13.0"}),
    )


def claim_of(run: GradingRun) -> Claim:
    """Return the claim that a running run's row describes."""
    return Claim(run_id=run.pk, token=run.lease_token, worker=run.worker)


def just_before_transition(
    monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]
) -> None:
    """Run the action just before the next change of a state."""
    real = GradingRunQuerySet.transition

    def late(self: GradingRunQuerySet, **kwargs: Any) -> bool:
        monkeypatch.undo()
        action()
        return real(self, **kwargs)

    monkeypatch.setattr(GradingRunQuerySet, "transition", late)


@dataclass
class FakeRunner:
    """A runner that answers with `result` after the events; asks once whether to stop.

    `during` is called before the events, `after` after them, and `error` is raised
    instead of an answer.
    """

    result: JobResult = field(default_factory=job_result)
    events: tuple[Event, ...] = ()
    during: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None
    error: Exception | None = None
    jobs: list[JobSpec] = field(default_factory=list)

    def run(
        self,
        spec: JobSpec,
        *,
        on_event: Callable[[Event], None] = lambda event: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> JobResult:
        self.jobs.append(spec)
        self.during()
        for event in self.events:
            on_event(event)
        self.after()
        if self.error is not None:
            raise self.error
        if should_stop():
            return job_result(Verdict.CANCELLED, "cancelled", notebook="")
        return self.result
