"""Row 1: a small torch notebook, against nbclient with the stock kernel."""

from typing import Final

from bench.breakdown import Breakdown, Phased
from bench.notebooks import SMALL
from bench.ours import phases
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


def measure(setting: Setting) -> Findings:
    """Both sides run the same cells and show the same."""
    ours = setting.ours
    with (
        setting.stock_worker("run_nbclient") as stock_worker,
        setting.warm_worker("run_cells") as warm_worker,
    ):
        stock = StockKernel(stock_worker, _WORK, _CELLS, setting.folder)
        columns = {
            "ours": Phased(lambda: phases(ours, _WORK, _CELLS)),
            "nbclient": Phased(stock.run),
            "cells alone": Phased(cells_alone(warm_worker, _WORK, _CELLS)),
        }
        series = setting.take_turns(
            {
                "ours": ours.contestant(_WORK),
                "nbclient": columns["nbclient"],
                "ours, by phases": columns["ours"],
                "cells alone": columns["cells alone"],
            }
        )
    assert shown(ours.run(_WORK).result.notebook) == shown(stock.executed)
    row = at_least_as_fast(
        "1. small torch notebook",
        series["ours"],
        "nbclient",
        series["nbclient"],
        times=15,
    )
    breakdown = Breakdown(
        title="1. Where the time of a small torch notebook goes",
        note=(
            "Ours: runs of their own, with one more cell that marks where the last one "
            "ends. Cells alone: in a process that ran them before."
        ),
        columns={
            name: phased.medians(setting.repeats) for name, phased in columns.items()
        },
    )
    return Findings(rows=(row,), breakdowns=(breakdown,))
