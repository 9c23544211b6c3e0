"""Row 1: a small torch notebook, against nbclient with the stock kernel."""

from typing import Final

from bench.breakdown import Breakdown, Phased
from bench.measured_notebooks import SMALL
from bench.peers.alone import cells_alone
from bench.peers.nbclient import StockKernel
from bench.setting import Findings, Setting
from bench.targets import at_least_as_fast
from bench.work import shown

_WORK: Final = SMALL.ungraded()
_CELLS: Final = [
    "cell 1, imports",
    "cell 2, a function",
    "cell 3, 20 SGD steps",
    "cell 4, a figure",
    "cell 5, a function",
]
_TIMES: Final = 15


def measure(setting: Setting) -> Findings:
    """Return the times of both sides, which run the same cells and show the same."""
    ours = setting.ours
    with (
        setting.stock_worker("run_nbclient") as stock_worker,
        setting.warm_worker("run_cells") as warm_worker,
    ):
        stock = StockKernel(stock_worker, _WORK, _CELLS, setting.folder)
        columns = {
            "ours, alone": Phased(ours.alone(_WORK, _CELLS)),
            "ours, at once": Phased(ours.at_once(_WORK, _CELLS)),
            "nbclient": Phased(stock.run),
            "cells alone": Phased(cells_alone(warm_worker, _WORK, _CELLS)),
        }
        series = setting.take_turns(columns)
    assert shown(ours.run(_WORK).result.notebook) == shown(stock.executed)
    rows = tuple(
        at_least_as_fast(
            f"1. small torch notebook, {when}",
            series[f"ours, {when}"],
            "nbclient",
            series["nbclient"],
            times=_TIMES,
        )
        for when in ("alone", "at once")
    )
    breakdown = Breakdown(
        title="1. small torch notebook: where the time goes",
        columns={name: one.medians(setting.repeats) for name, one in columns.items()},
    )
    return Findings(rows=rows, breakdowns=(breakdown,))
