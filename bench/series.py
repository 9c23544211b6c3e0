"""Measuring: contestants take turns, so that what disturbs one disturbs all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Contestant = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Series:
    """The values of one contestant's runs, in the order in which they were made."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def least(self) -> float:
        return min(self.values)

    @property
    def most(self) -> float:
        return max(self.values)

    def __len__(self) -> int:
        return len(self.values)


def _keep_quiet(_words: str) -> None:
    """Ignore the words."""


def take_turns(
    contestants: Mapping[str, Contestant],
    *,
    repeats: int,
    warm_ups: int = 1,
    say: Callable[[str], None] = _keep_quiet,
) -> dict[str, Series]:
    """Return each contestant's series: A B A B …, the first `warm_ups` not counted."""
    values: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(warm_ups + repeats):
        for name, run in contestants.items():
            value = run()
            counted = turn >= warm_ups
            if counted:
                values[name].append(value)
            say(f"  {name}: {value:.3f}{'' if counted else ' (warm-up)'}")
    return {name: Series(values=tuple(taken)) for name, taken in values.items()}
