"""Numbers about the marks of a class. This module uses no database.

Marks are shares of the possible points in percent. A number that too few values give is
None.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# From so many values on, a number says something.
ENOUGH: Final = 5
# A check that so many of all fail may be broken.
MOST_FAIL: Final = 0.9
# Above this correlation, that better students do worse may be chance in a small class.
WORSE: Final = -0.2
_QUARTERS: Final = 4
_WHOLE: Final = 100
_BINS: Final = 10


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How values are distributed: five numbers, mean and spread.

    `spread` is the standard deviation of a sample, None for one value.
    """

    count: int
    least: float
    lower: float
    median: float
    upper: float
    most: float
    mean: float
    spread: float | None


@dataclass(frozen=True, kw_only=True)
class Bin:
    """A column of a histogram: its words, and how many values are in it."""

    words: str
    count: int


@dataclass(frozen=True, kw_only=True)
class ItemNumbers:
    """How a question or check was answered.

    `mean` is the mean share in percent. `failed` is the share of those who did not get
    all, from 0 to 1. `discrimination` is the item-rest correlation.
    """

    count: int
    mean: float
    failed: float
    discrimination: float | None

    @property
    def is_failed_by_most(self) -> bool:
        """Whether nearly everybody fails it, as if it were broken."""
        return self.count >= ENOUGH and self.failed >= MOST_FAIL

    @property
    def is_failed_by_the_good(self) -> bool:
        """Whether students who are better in all else are worse here."""
        return self.discrimination is not None and self.discrimination < WORSE


def summary(values: Sequence[float]) -> Summary | None:
    """Return how the values are distributed, or None if there are none.

    The quartiles are those of the whole class, interpolated between the nearest values:
    type 7 of Hyndman and Fan, "Sample quantiles in statistical packages" (1996), which
    spreadsheets use too.
    """
    if not values:
        return None
    lower = median = upper = float(values[0])
    if len(values) > 1:
        lower, median, upper = statistics.quantiles(
            values, n=_QUARTERS, method="inclusive"
        )
    return Summary(
        count=len(values),
        least=min(values),
        lower=lower,
        median=median,
        upper=upper,
        most=max(values),
        mean=statistics.fmean(values),
        spread=statistics.stdev(values) if len(values) > 1 else None,
    )


def histogram(shares: Sequence[float]) -> tuple[Bin, ...]:
    """Return how many shares are in each tenth. The last one includes all above 100."""
    width = _WHOLE // _BINS
    found = [min(max(int(share // width), 0), _BINS - 1) for share in shares]
    return tuple(
        Bin(
            words=f"{index * width} to {(index + 1) * width} %",
            count=found.count(index),
        )
        for index in range(_BINS)
    )


def correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Return Pearson's correlation, from -1 to 1.

    It is the sum of the products of the deviations from both means, divided by the root
    of the product of the sums of their squares. None for fewer than ENOUGH pairs, and
    where one of both never differs.
    """
    if len(pairs) < ENOUGH:
        return None
    xs, ys = [x for x, _ in pairs], [y for _, y in pairs]
    if min(xs) == max(xs) or min(ys) == max(ys):
        return None
    x_mean, y_mean = statistics.fmean(xs), statistics.fmean(ys)
    both = math.fsum((x - x_mean) * (y - y_mean) for x, y in pairs)
    x_squares = math.fsum((x - x_mean) ** 2 for x in xs)
    y_squares = math.fsum((y - y_mean) ** 2 for y in ys)
    below = math.sqrt(x_squares) * math.sqrt(y_squares)
    # Rounding must not lead above 1.
    return max(-1.0, min(1.0, both / below)) if below else None


def item_numbers(
    earned: Mapping[int, float],
    totals: Mapping[int, float],
    possible: float,
    *,
    worth: float | None = None,
) -> ItemNumbers | None:
    """Return the numbers of a question or check, or None if nobody has it.

    `earned` are its points by student, out of `possible`, and `totals` the points of
    each student in all, in which all of the item is `worth` so many: usually the same.
    Students who are not in `totals` are left out of the discrimination. The discrimination is the correlation of the item with the rest
    of the points, without the item itself: the corrected item-total correlation of
    classical test theory (Nunnally and Bernstein, "Psychometric Theory", 1994).
    """
    if not earned or possible <= 0:
        return None
    count = len(earned)
    unit = (possible if worth is None else worth) / possible
    rest = [
        (points, totals[who] - points * unit)
        for who, points in earned.items()
        if who in totals
    ]
    return ItemNumbers(
        count=count,
        mean=_WHOLE * statistics.fmean(earned.values()) / possible,
        failed=sum(points < possible for points in earned.values()) / count,
        discrimination=correlation(rest),
    )
