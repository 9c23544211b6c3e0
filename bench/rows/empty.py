"""Row 3: an empty notebook, against a fork that isolates itself and ends."""

from typing import Final

from bench.breakdown import Breakdown, Phased
from bench.notebooks import EMPTY
from bench.ours import phases
from bench.peers.forking import BareFork
from bench.setting import Findings, Setting
from bench.targets import at_most

# Short runs settle later.
_WARM_UPS: Final = 3


def measure(setting: Setting) -> Findings:
    """What of an empty run is the kernel's, and what is ours."""
    with setting.warm_worker("fork_isolated") as worker:
        fork = BareFork(worker)
        bare = Phased(fork.run)
        ours = Phased(lambda: phases(setting.ours, EMPTY, []))
        series = setting.take_turns(
            {
                "ours": setting.ours.contestant(EMPTY),
                "fork": bare,
                "ours, by phases": ours,
            },
            warm_ups=_WARM_UPS,
        )
    peer = "fork, unshare" if fork.isolated else "fork alone: no unshare here"
    row = at_most(
        "3. empty notebook", series["ours"], peer, series["fork"], seconds=0.06
    )
    breakdown = Breakdown(
        title="3. Where the time of an empty notebook goes",
        note="Ours: with one cell, `0`, whose time counts with the end.",
        columns={
            "ours": ours.medians(setting.repeats),
            peer: bare.medians(setting.repeats),
        },
    )
    return Findings(rows=(row,), breakdowns=(breakdown,))
