"""Row 3: an empty notebook, against a fork that isolates itself and ends."""

from typing import Final

from bench.breakdown import Breakdown, Phased
from bench.measured_notebooks import EMPTY
from bench.peers.forking import BareFork
from bench.setting import Findings, Setting
from bench.targets import at_most

# Short runs need more warm-ups until their times are stable.
_WARM_UPS: Final = 3
_SECONDS: Final = 0.06


def measure(setting: Setting) -> Findings:
    """Return the times of an empty run of ours, and of a bare fork."""
    with setting.warm_worker("fork_isolated") as worker:
        fork = BareFork(worker)
        columns = {
            "ours, alone": Phased(setting.ours.alone(EMPTY, [])),
            "ours, at once": Phased(setting.ours.at_once(EMPTY, [])),
            "bare fork": Phased(fork.run),
        }
        series = setting.take_turns(columns, warm_ups=_WARM_UPS)
    peer = "fork, unshare" if fork.isolated else "fork alone: no unshare here"
    rows = tuple(
        at_most(
            f"3. empty notebook, {when}",
            series[f"ours, {when}"],
            peer,
            series["bare fork"],
            seconds=_SECONDS,
        )
        for when in ("alone", "at once")
    )
    breakdown = Breakdown(
        title="3. empty notebook: where the time goes",
        columns={name: one.medians(setting.repeats) for name, one in columns.items()},
    )
    return Findings(rows=rows, breakdowns=(breakdown,))
