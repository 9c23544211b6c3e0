"""Row 4: what a run adds to the cells' own time in a warm process."""

from typing import Any, Final

from bench.breakdown import Breakdown, medians
from bench.notebooks import LONG, SMALL
from bench.ours import phases
from bench.peers.process import Worker
from bench.setting import Findings, Setting
from bench.targets import Row, little_on_top
from bench.work import Work

_CELLS: Final = ["cell 1, imports", "cell 2, 400 SGD steps", "cell 3, a figure"]


def measure(setting: Setting) -> Findings:
    """A short notebook, whose allowance is 60 ms, and a longer one, held to 5 %."""
    with setting.warm_worker("run_cells") as worker:
        short, _ = _compare(setting, worker, SMALL.ungraded(), "4. small notebook")
        long, warm = _compare(setting, worker, LONG, "4. longer notebook")
    ours = [phases(setting.ours, LONG, _CELLS) for _ in range(setting.repeats)]
    breakdown = Breakdown(
        title="4. Where the time of a longer notebook goes",
        columns={"ours": medians(ours), "cells alone": medians(warm)},
    )
    return Findings(rows=(short, long), breakdowns=(breakdown,))


def _compare(
    setting: Setting, worker: Worker, work: Work, label: str
) -> tuple[Row, list[dict[str, float]]]:
    answers: list[dict[str, Any]] = []

    def alone() -> float:
        answers.append(worker.ask(cells=work.sources))
        return float(answers[-1]["seconds"])

    series = setting.take_turns(
        {"ours": setting.ours.contestant(work), "cells alone": alone}
    )
    row = little_on_top(label, series["ours"], "cells alone", series["cells alone"])
    warm = [
        {**dict(zip(_CELLS, one["cells"], strict=False)), "in all": one["seconds"]}
        for one in answers[len(answers) - setting.repeats :]
    ]
    return row, warm
