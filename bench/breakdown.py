"""Breakdowns of the time: medians, phase by phase, side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

Phases = Mapping[str, float]
# The phase that every run has: the time that counts.
IN_ALL: Final = "in all"


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """A table of phases (lines) and contestants (columns), in seconds.

    Each figure is a separate median, so they need not add up to the median total.
    """

    title: str
    note: str = ""
    columns: Mapping[str, Phases] = field(default_factory=dict)

    @property
    def phases(self) -> list[str]:
        """Every phase, in the order of the longest column; the total is last."""
        order: dict[str, None] = {}
        for column in sorted(self.columns.values(), key=len, reverse=True):
            order.update(dict.fromkeys(column))
        return [*(phase for phase in order if phase != IN_ALL), IN_ALL]


def medians(runs: Sequence[Phases]) -> dict[str, float]:
    """Return the median of each phase over runs that had the same phases."""
    return {phase: median(run[phase] for run in runs) for phase in runs[0]}


class Phased:
    """A contestant whose runs return their phases, which it stores."""

    def __init__(self, run: Callable[[], Phases]) -> None:
        self._run = run
        self._runs: list[Phases] = []

    def __call__(self) -> float:
        """Return the seconds of one run."""
        self._runs.append(self._run())
        return self._runs[-1][IN_ALL]

    def medians(self, last: int) -> dict[str, float]:
        """Return the median of each phase over the `last` runs."""
        return medians(self._runs[-last:])
