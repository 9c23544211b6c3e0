"""How the marks of a class are distributed, in bins. This module uses no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

# With fewer marks, nothing is shown.
LEAST: Final = 5
# A class with fewer marks has bins of a fifth, a larger one bins of a tenth.
_LARGE: Final = 20
_WHOLE: Final = 100


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Marks from `low` percent to below `high`; the last bin includes all above."""

    low: int
    high: int
    count: int
    is_here: bool = False

    @property
    def words(self) -> str:
        """The bounds: “60 to 80 %”."""
        return f"{self.low} to {self.high} %"


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """The marks of a class in bins, and the bin of the viewer's own mark.

    SECURITY: nothing here but counts of bins. The median is named by its bin: of an odd
    number of marks it is somebody's own.
    """

    bins: tuple[Bin, ...]
    marks: int

    @property
    def here(self) -> Bin | None:
        """The bin of the viewer's own mark."""
        return next((each for each in self.bins if each.is_here), None)

    @property
    def median(self) -> Bin:
        """The bin of the middle mark; of two middle marks, the lower."""
        middle, seen = (self.marks + 1) // 2, 0
        for each in self.bins:
            seen += each.count
            if seen >= middle:
                return each
        return self.bins[-1]

    @property
    def words(self) -> str:
        """All that the drawing shows, for readers who do not see it."""
        counts = ", ".join(f"{each.words}: {each.count}" for each in self.bins)
        here = f" Your mark is in {self.here.words}." if self.here else ""
        return (
            f"{self.marks} marks. {counts}. The median is in {self.median.words}.{here}"
        )


def distribution(shares: Sequence[Decimal], own: Decimal | None) -> Distribution | None:
    """Return the distribution of marks, each as a share of all points.

    `own` is the viewer's share, which is in `shares` or is not. None for fewer than
    LEAST marks.
    """
    if len(shares) < LEAST:
        return None
    number = 5 if len(shares) < _LARGE else 10
    width = _WHOLE // number
    found = [_bin_of(share, number) for share in shares]
    here = None if own is None else _bin_of(own, number)
    return Distribution(
        bins=tuple(
            Bin(
                low=index * width,
                high=(index + 1) * width,
                count=found.count(index),
                is_here=index == here,
            )
            for index in range(number)
        ),
        marks=len(shares),
    )


def _bin_of(share: Decimal, number: int) -> int:
    """Return the index of the bin. Shares above 1 are in the last one."""
    return min(max(int(share * number), 0), number - 1)
