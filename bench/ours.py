"""Our side: a Runner, the job made from a piece of work, and one timed run of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.breakdown import IN_ALL, Phases
from bench.spans import END, FILL, SET_UP, TAKE, TEAR_DOWN, watch_steps
from bench.work import Question, Work, code_cell, to_notebook
from runner.host.runner import Runner
from runner.protocol.jobs import (
    CellStarted,
    CheckSpec,
    Event,
    JobResult,
    JobSpec,
    QuestionSpec,
    Verdict,
)


def job_spec(work: Work) -> JobSpec:
    """Return the work as a job, with a check cell after each step with a question."""
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


# Long enough for a spare to be ready, as it is if jobs come one by one.
_GAP_SECONDS: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run: when it began and ended, when each cell started, and its result."""

    begun: float
    ended: float
    cell_starts: tuple[float, ...]
    result: JobResult

    @property
    def seconds(self) -> float:
        return self.ended - self.begun


def points_of(work: Work, result: JobResult) -> float:
    """Return the points that the result earns."""
    outcomes = {one.key: one.checks for one in result.questions}
    return sum(
        question.points * outcomes[question.key][0].score for question in work.questions
    )


class Ours:
    """Runs pieces of work in a warm runner, and asserts that each ends as expected."""

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
        ended = time.perf_counter()
        assert result.verdict is Verdict.COMPLETED, result
        assert points_of(work, result) == work.earned, result.questions
        return Run(begun=begun, ended=ended, cell_starts=tuple(starts), result=result)

    def phases(self, work: Work, labels: list[str]) -> Phases:
        """Return how long each step and cell of one run took.

        The work must have no questions, because their time would count as a cell's.
        """
        with watch_steps() as spans:
            run = self.run(work)
        ends = [*run.cell_starts[1:], spans[END].begun][: len(run.cell_starts)]
        cells = [end - start for start, end in zip(run.cell_starts, ends, strict=True)]
        found = {
            **{step: spans[step].seconds for step in (TAKE, FILL, SET_UP)},
            **dict(zip(labels, cells, strict=True)),
            **{step: spans[step].seconds for step in (END, TEAR_DOWN)},
        }
        return {
            **found,
            "the rest": run.seconds - sum(found.values()),
            IN_ALL: run.seconds,
        }

    def alone(self, work: Work, labels: list[str]) -> Callable[[], Phases]:
        """Return a function that runs the work after a pause, when a spare is ready."""

        def run() -> Phases:
            time.sleep(_GAP_SECONDS)
            return self.phases(work, labels)

        return run

    def at_once(self, work: Work, labels: list[str]) -> Callable[[], Phases]:
        """Return a function that runs the work right after an uncounted run."""

        def run() -> Phases:
            self.run(work)
            return self.phases(work, labels)

        return run
