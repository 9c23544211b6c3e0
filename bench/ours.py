"""Our side: a Runner, the job that a piece of work makes, and one timed run of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.breakdown import IN_ALL
from bench.work import Question, Work, code_cell, to_notebook
from runner.host import Runner
from runner.protocol import (
    CellStarted,
    CheckSpec,
    Event,
    JobResult,
    JobSpec,
    QuestionSpec,
    Verdict,
)


def job_spec(work: Work) -> JobSpec:
    """Return the work as a job, with a check cell behind each step with a question."""
    cells = []
    for step in work.steps:
        cells.append(code_cell(step.source))
        if step.question is not None:
            cells.append(code_cell(f"# softmark: check {step.question.key}"))
    return JobSpec(
        job_id="bench",
        environment="default",
        notebook=to_notebook(cells),
        notebook_name="work.ipynb",
        questions=tuple(_question_spec(one) for one in work.questions),
    )


def _question_spec(question: Question) -> QuestionSpec:
    lines = [f"    {line}" for line in question.test.splitlines()]
    source = "\n".join([f"def check({question.asks}):", *lines, ""])
    return QuestionSpec(
        key=question.key, source=source, checks=(CheckSpec(name="check"),)
    )


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run: how long from the call to the result, and when each cell started."""

    seconds: float
    cell_starts: tuple[float, ...]
    result: JobResult


def points_of(work: Work, result: JobResult) -> float:
    """Return what the result earns."""
    outcomes = {one.key: one.checks for one in result.questions}
    return sum(
        question.points * outcomes[question.key][0].score for question in work.questions
    )


class Ours:
    """Runs pieces of work in a warm runner, and sees that each ends as it should."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def run(self, work: Work) -> Run:
        """Return one run of the work, from the call to the result."""
        spec = job_spec(work)
        starts: list[float] = []

        def note(event: Event) -> None:
            if isinstance(event, CellStarted):
                starts.append(time.perf_counter())

        begun = time.perf_counter()
        result = self.runner.run(spec, on_event=note)
        seconds = time.perf_counter() - begun
        assert result.verdict is Verdict.COMPLETED, result
        assert points_of(work, result) == work.earned, result.questions
        return Run(
            seconds=seconds,
            cell_starts=tuple(start - begun for start in starts),
            result=result,
        )

    def contestant(self, work: Work) -> Callable[[], float]:
        """Return what runs the work once and gives the seconds."""
        return lambda: self.run(work).seconds


# Run behind the other cells, it marks where the last of them ends.
_MARK: Final = "0"


def phases(ours: Ours, work: Work, labels: list[str]) -> dict[str, float]:
    """Return how long one run took to start, for each cell, and to end.

    The work must be without questions, whose time would count as a cell's.
    """
    run = ours.run(work.followed_by(_MARK))
    ends = [*run.cell_starts[1:], run.seconds]
    spans = [end - start for start, end in zip(run.cell_starts, ends, strict=True)]
    return {
        "start": run.cell_starts[0],
        **dict(zip(labels, spans, strict=False)),
        "end": spans[-1],
        IN_ALL: run.seconds,
    }
