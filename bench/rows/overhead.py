"""Row 4: what a run adds to the cells' own time in a warm process."""

from typing import Final

from bench.breakdown import Breakdown, Phased
from bench.measured_notebooks import LONG, SMALL
from bench.peers.alone import cells_alone
from bench.peers.process import Worker
from bench.setting import Findings, Setting
from bench.targets import little_on_top
from bench.work import Work

_SMALL_CELLS: Final = ["imports", "conv", "20 SGD steps", "a figure", "accuracy"]
_LONG_CELLS: Final = ["imports", "400 SGD steps", "a figure"]


def measure(setting: Setting) -> Findings:
    """Return the time added to a small notebook and to a longer one.

    At most 60 ms may be added, or 5 % if that is more.
    """
    with setting.warm_worker("run_cells") as worker:
        small = _compare(
            setting, worker, SMALL.ungraded(), _SMALL_CELLS, "4. small notebook"
        )
        long = _compare(setting, worker, LONG, _LONG_CELLS, "4. longer notebook")
    return Findings(
        rows=(*small.rows, *long.rows),
        breakdowns=(*small.breakdowns, *long.breakdowns),
    )


def _compare(
    setting: Setting, worker: Worker, work: Work, labels: list[str], name: str
) -> Findings:
    ours = Phased(setting.ours.alone(work, labels))
    alone = Phased(cells_alone(worker, work, labels))
    series = setting.take_turns(
        {
            "ours": ours,
            "cells alone": alone,
        }
    )
    row = little_on_top(name, series["ours"], "cells alone", series["cells alone"])
    breakdown = Breakdown(
        title=f"{name}: where the time goes",
        columns={
            "ours": ours.medians(setting.repeats),
            "cells alone": alone.medians(setting.repeats),
        },
    )
    return Findings(rows=(row,), breakdowns=(breakdown,))
