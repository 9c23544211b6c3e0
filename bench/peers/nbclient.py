"""nbclient with the stock ipykernel, in a process that has imported it."""

from pathlib import Path

from bench.breakdown import IN_ALL, Phases
from bench.peers.process import Worker
from bench.work import Work, code_cell, to_notebook


class StockKernel:
    """Runs the work in a new kernel each time. `executed` is the last notebook."""

    def __init__(
        self, worker: Worker, work: Work, labels: list[str], folder: Path
    ) -> None:
        self._worker = worker
        self._labels = labels
        self._folder = folder
        self._notebook = to_notebook(code_cell(one) for one in work.sources)
        self.executed = ""

    def run(self) -> Phases:
        """Return how long one run took: to start, for each cell, and to end."""
        answer = self._worker.ask(notebook=self._notebook, folder=str(self._folder))
        self.executed = answer["notebook"]
        return {
            "starting the kernel": answer["start"],
            **dict(zip(self._labels, answer["cells"], strict=True)),
            "ending the kernel": answer["end"],
            IN_ALL: answer["seconds"],
        }
