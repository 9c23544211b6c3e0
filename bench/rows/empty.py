"""Row 3: an empty notebook, against a fork that isolates itself and ends."""

from typing import Any, Final

from bench.breakdown import Breakdown, medians
from bench.notebooks import EMPTY
from bench.ours import phases
from bench.setting import Findings, Setting
from bench.targets import at_most

_WARM_UPS: Final = 3


def measure(setting: Setting) -> Findings:
    """What of an empty run is the kernel's, and what is ours."""
    answers: list[dict[str, Any]] = []
    with setting.warm_worker("fork_isolated") as worker:

        def fork() -> float:
            answers.append(worker.ask())
            return float(answers[-1]["seconds"])

        series = setting.take_turns(
            {"ours": setting.ours.contestant(EMPTY), "fork": fork}, warm_ups=_WARM_UPS
        )
    isolated = all(one["isolated"] for one in answers)
    peer = "fork, unshare" if isolated else "fork alone (unshare is not permitted)"
    row = at_most(
        "3. empty notebook", series["ours"], peer, series["fork"], seconds=0.06
    )
    return Findings(
        rows=(row,), breakdowns=(_breakdown(setting, peer, answers[_WARM_UPS:]),)
    )


def _breakdown(setting: Setting, peer: str, forks: list[dict[str, Any]]) -> Breakdown:
    ours = [phases(setting.ours, EMPTY, []) for _ in range(setting.repeats)]
    bare = [
        {
            "start": one["seconds"],
            "of it fork": one["fork"],
            "of it unshare": one["unshare"],
            "end": one["end"],
            "in all": one["seconds"] + one["end"],
        }
        for one in forks
    ]
    return Breakdown(
        title="3. Where the time of an empty notebook goes",
        note="Ours: with one cell, `0`, whose time counts with the end.",
        columns={"ours": medians(ours), peer: medians(bare)},
    )
