"""The cells' own time: executed in a process that has run them before."""

from collections.abc import Callable

from bench.breakdown import IN_ALL, Phases
from bench.peers.process import Worker
from bench.work import Work


def cells_alone(worker: Worker, work: Work, labels: list[str]) -> Callable[[], Phases]:
    """Return a function that runs the work's cells once and returns their times."""

    def run() -> Phases:
        answer = worker.ask(cells=work.sources)
        cells = zip(labels, answer["cells"], strict=True)
        return {**dict(cells), IN_ALL: answer["seconds"]}

    return run
