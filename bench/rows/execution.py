"""Row 1: a small torch notebook, against nbclient with the stock kernel."""

from typing import Any, Final

from bench.breakdown import Breakdown, medians
from bench.notebooks import SMALL
from bench.ours import phases
from bench.peers.process import Worker
from bench.setting import Findings, Setting
from bench.targets import at_least_as_fast
from bench.work import code_cell, shown, to_notebook

_WORK: Final = SMALL.ungraded()
CELLS: Final = [
    "cell 1, imports",
    "cell 2, a function",
    "cell 3, 20 SGD steps",
    "cell 4, a figure",
    "cell 5, a function",
]


class Stock:
    """nbclient, run by run; it keeps what it said of each."""

    def __init__(self, worker: Worker, folder: str) -> None:
        self._worker = worker
        self._folder = folder
        self._notebook = to_notebook(code_cell(one) for one in _WORK.sources)
        self.answers: list[dict[str, Any]] = []

    def run(self) -> float:
        answer = self._worker.ask(notebook=self._notebook, folder=self._folder)
        self.answers.append(answer)
        return float(answer["seconds"])

    def phases(self) -> list[dict[str, float]]:
        return [
            {
                "start": one["start"],
                **dict(zip(CELLS, one["cells"], strict=True)),
                "end": one["end"],
                "in all": one["seconds"],
            }
            for one in self.answers
        ]


def measure(setting: Setting) -> Findings:
    """Both sides run the same cells and show the same."""
    with setting.stock_worker("run_nbclient") as worker:
        stock = Stock(worker, str(setting.folder))
        series = setting.take_turns(
            {"ours": setting.ours.contestant(_WORK), "nbclient": stock.run}
        )
    executed = setting.ours.run(_WORK).result.notebook
    assert shown(executed) == shown(stock.answers[-1]["notebook"])
    row = at_least_as_fast(
        "1. small torch notebook",
        series["ours"],
        "nbclient",
        series["nbclient"],
        times=15,
    )
    warm_ups = len(stock.answers) - setting.repeats
    return Findings(
        rows=(row,),
        breakdowns=(_breakdown(setting, stock.phases()[warm_ups:]),),
    )


def _breakdown(setting: Setting, stock: list[dict[str, float]]) -> Breakdown:
    ours = [phases(setting.ours, _WORK, CELLS) for _ in range(setting.repeats)]
    with setting.warm_worker("run_cells") as worker:
        answers = [worker.ask(cells=_WORK.sources) for _ in range(setting.repeats + 1)]
    warm = [
        {**dict(zip(CELLS, one["cells"], strict=True)), "in all": one["seconds"]}
        for one in answers[1:]
    ]
    return Breakdown(
        title="1. Where the time of a small torch notebook goes",
        note=(
            "Ours: runs of their own, with one more cell that marks where the last one "
            "ends. Cells alone: in a process that ran them before."
        ),
        columns={
            "ours": medians(ours),
            "nbclient": medians(stock),
            "cells alone": medians(warm),
        },
    )
