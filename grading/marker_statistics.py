"""What markers give, compared with what all give. This module uses no database."""

import random
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

_ItemT = TypeVar("_ItemT")
# From so many markings on, a difference of means says something.
ENOUGH: Final = 5


@dataclass(frozen=True, kw_only=True)
class GivenPoints:
    """Points that a marker gave for a question, out of `possible`."""

    key: str
    marker: int
    points: float
    possible: float


@dataclass(frozen=True, kw_only=True)
class MarkerNumbers:
    """How one marker marks a question. Points are shares of the possible ones, in %.

    `spread` is the standard deviation, None for a single marking. `of_all` is the mean
    of all markings of the question, also those of others.
    """

    key: str
    marker: int
    count: int
    mean: float
    spread: float | None
    of_all: float

    @property
    def difference(self) -> float:
        """How far the marker's mean is above the mean of all, below it if negative."""
        return self.mean - self.of_all

    @property
    def is_few(self) -> bool:
        """Whether the markings are too few for a judgement."""
        return self.count < ENOUGH


def marker_numbers(given: Iterable[GivenPoints]) -> list[MarkerNumbers]:
    """Return the numbers of each marker and question, in no certain order.

    Questions without points are left out.
    """
    by_question: dict[str, dict[int, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for each in given:
        if each.possible:
            share = 100 * each.points / each.possible
            by_question[each.key][each.marker].append(share)
    return [
        MarkerNumbers(
            key=key,
            marker=marker,
            count=len(shares),
            mean=statistics.fmean(shares),
            spread=statistics.stdev(shares) if len(shares) > 1 else None,
            of_all=statistics.fmean(
                share for of_marker in by_marker.values() for share in of_marker
            ),
        )
        for key, by_marker in by_question.items()
        for marker, shares in by_marker.items()
    ]


def sample(
    items: Mapping[int, Sequence[_ItemT]], size: int, seed: str
) -> dict[int, list[_ItemT]]:
    """Return at most `size` items of each marker at random, the same for a seed."""
    rng = random.Random(seed)  # noqa: S311  nothing secret depends on it
    return {
        marker: rng.sample(list(items[marker]), min(size, len(items[marker])))
        for marker in sorted(items)
    }
