"""The total of a course from its parts. Pure functions over plain data.

All sums are exact fractions. A total is rounded once, at the end, where it is shown. A
letter and a pass are decided by the exact total.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from formats.choices import Split
from formats.letter_scale import LetterScale

_ZERO: Final = Fraction(0)
_ALL: Final = Fraction(100)
_ONE: Final = Fraction(1)
_HALF: Final = Fraction(1, 2)
_NO_SCALE: Final = LetterScale(bounds=())
# A course has few different points and weights, and thousands of marks.
_exact: Final = lru_cache(maxsize=20_000)(Fraction)


@lru_cache(maxsize=20_000)
def _quotient(points: Decimal, possible: Decimal) -> Fraction:
    return _exact(points) / _exact(possible)


class _Counted(NamedTuple):
    """A part that has points: its weight, and its weight times its share.

    Both are whole numbers on one scale, which is the same for all parts of a component.
    Sums of whole numbers are exact, and many times quicker than those of fractions.
    """

    key: int
    weight: int
    points: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """One assessment of a component, and what one student has for it.

    `points` is None while there is no mark that may be told. `weight` counts in the
    split by weight alone. An extra part adds to the component, and nobody loses by not
    having it. A cap of the mark is in its points already.
    """

    key: int
    possible: Decimal
    weight: Decimal = Decimal(0)
    is_extra: bool = False
    points: Decimal | None = None
    is_excused: bool = False

    @property
    def share(self) -> Fraction | None:
        """The part of the possible points that the student has; None if nothing counts."""
        if self.points is None or self.is_excused or self.possible <= 0:
            return None
        share = _quotient(self.points, self.possible)
        return share if share > 0 else _ZERO

    @property
    def is_waiting(self) -> bool:
        """Whether a mark is still to come, also of work that is not made yet."""
        return self.points is None and not self.is_excused


@dataclass(frozen=True, kw_only=True)
class ComponentParts:
    """A component of a course, its rule, and its parts as they are for one student.

    `weight` is the component's share of the course in percent. The `drop_lowest` parts
    that hurt most do not count, and if `best_count` is set, at most so many parts do.
    Who has less than `required` percent in it fails the course. An extra component adds
    to the total, and nobody loses by not having it.
    """

    key: int
    weight: Decimal
    parts: Sequence[Part]
    split: Split = Split.WEIGHT
    drop_lowest: int = 0
    best_count: int | None = None
    required: Decimal | None = None
    is_extra: bool = False

    def part_weight(self, part: Part) -> Fraction:
        """Return how much this part counts beside the others of the component."""
        if self.split == Split.EQUAL:
            return _ONE
        return _exact(part.possible if self.split == Split.POINTS else part.weight)


@dataclass(frozen=True, kw_only=True)
class ComponentResult:
    """What a student has in a component, exact.

    `share` is from 0, and above 1 only by extra parts. It is None while nothing counts.
    `is_left_out` says that the student is excused from all of it. `counted` has each
    part that counts with its share of the component; `dropped` are the keys of others.
    """

    key: int
    share: Fraction | None = None
    counted: dict[int, Fraction] = field(default_factory=dict)
    dropped: frozenset[int] = frozenset()
    is_complete: bool = False
    is_left_out: bool = False
    is_below_required: bool = False

    @property
    def percent(self) -> Fraction | None:
        """The share in percent."""
        return None if self.share is None else self.share * _ALL


@dataclass(frozen=True, kw_only=True)
class CourseTotal:
    """The total of a student in a course.

    `percent` is exact, from 0 to 100, and from those components that have something;
    None if none has. `weight` is how much of the course, in percent, these components
    are. Only a complete total passes or fails; `passes` is None before.
    """

    percent: Fraction | None
    weight: Fraction
    components: tuple[ComponentResult, ...]
    is_complete: bool
    passes: bool | None
    letter: str

    @property
    def below_required(self) -> tuple[int, ...]:
        """The keys of components in which the student has less than is required."""
        return tuple(each.key for each in self.components if each.is_below_required)


NO_TOTAL: Final = CourseTotal(
    percent=None,
    weight=_ZERO,
    components=(),
    is_complete=False,
    passes=None,
    letter="",
)


def component_result(component: ComponentParts) -> ComponentResult:
    """Return what a student has in a component from the parts that have points."""
    regular = [each for each in component.parts if not each.is_extra]
    extra = [each for each in component.parts if each.is_extra]
    is_complete = not any(each.is_waiting for each in component.parts)
    weighted = _weighted(component, regular)
    if not weighted:
        is_left_out = bool(regular) and all(
            each.is_excused or each.possible <= 0 for each in regular
        )
        return ComponentResult(
            key=component.key, is_complete=is_complete, is_left_out=is_left_out
        )
    kept = _best(weighted, _kept_count(component, len(weighted)))
    whole = sum(each.weight for each in kept)
    share = Fraction(sum(each.points for each in kept), whole)
    if extra:
        share += _bonus(component, regular, extra)
    counted = {each.key: Fraction(each.weight, whole) for each in kept}
    required = component.required
    return ComponentResult(
        key=component.key,
        share=share,
        counted=counted,
        dropped=frozenset(each.key for each in weighted if each.key not in counted),
        is_complete=is_complete,
        is_below_required=required is not None and share * _ALL < Fraction(required),
    )


def course_total(
    components: Sequence[ComponentParts],
    *,
    pass_percent: Decimal,
    scale: LetterScale = _NO_SCALE,
) -> CourseTotal:
    """Return the total from the parts that have points.

    A component that has nothing yet does not count, nor does one from which the student
    is excused: the others share its weight in proportion. So while marks are missing
    this is the total from what there is so far: what the student would have if the
    rest were like it. Extra components add their share of the whole course, and only
    what has a weight or is required keeps the total open.
    """
    results = tuple(component_result(each) for each in components)
    rows = [
        (each, result.share)
        for each, result in zip(components, results, strict=True)
        if result.share is not None and each.weight > 0
    ]
    weight = sum(
        (Fraction(each.weight) for each, _ in rows if not each.is_extra), _ZERO
    )
    percent: Fraction | None = None
    if weight:
        share = _sum_of_shares(rows, is_extra=False) / weight
        bonus = _sum_of_shares(rows, is_extra=True) / _whole_of(components)
        percent = min(share + bonus, Fraction(1)) * _ALL
    is_complete = percent is not None and all(
        result.is_complete and (result.share is not None or result.is_left_out)
        for each, result in zip(components, results, strict=True)
        if not each.is_extra and (each.weight > 0 or each.required is not None)
    )
    fails = any(result.is_below_required for result in results)
    return CourseTotal(
        percent=percent,
        weight=weight,
        components=results,
        is_complete=is_complete,
        passes=(
            percent >= Fraction(pass_percent) and not fails
            if is_complete and percent is not None
            else None
        ),
        letter=_letter(scale, percent, fails=fails),
    )


def _sum_of_shares(
    rows: Sequence[tuple[ComponentParts, Fraction]], *, is_extra: bool
) -> Fraction:
    return sum(
        (
            Fraction(each.weight) * share
            for each, share in rows
            if each.is_extra == is_extra
        ),
        _ZERO,
    )


def _whole_of(components: Sequence[ComponentParts]) -> Fraction:
    """Return the weight of all components but those that only add."""
    return sum(
        (Fraction(each.weight) for each in components if not each.is_extra), _ZERO
    )


def rounded_half_up(value: Fraction, decimals: int) -> Decimal:
    """Return the value with so many decimals; a half is rounded away from 0."""
    unit = 10**decimals
    whole = int(abs(value) * unit + _HALF)
    return Decimal(whole if value >= 0 else -whole).scaleb(-decimals)


def _letter(scale: LetterScale, percent: Fraction | None, *, fails: bool) -> str:
    if percent is None:
        return ""
    return scale.lowest if fails else scale.letter(percent)


def _kept_count(component: ComponentParts, count: int) -> int:
    """Return how many of these parts count: at least one."""
    kept = count - component.drop_lowest
    if component.best_count is not None:
        kept = min(kept, component.best_count)
    return max(kept, 1)


def _bonus(
    component: ComponentParts, regular: Sequence[Part], extra: Sequence[Part]
) -> Fraction:
    """Return what extra parts add: their share of the whole, also of what is to come."""
    whole = sum((component.part_weight(each) for each in regular), _ZERO)
    shares = ((component.part_weight(each), each.share or _ZERO) for each in extra)
    return sum((weight * share for weight, share in shares), _ZERO) / whole


def _weighted(component: ComponentParts, parts: Iterable[Part]) -> list[_Counted]:
    """Return each part that has points and a weight, on a common scale."""
    found = [
        (part.key, weight, weight * share)
        for part in parts
        if (weight := component.part_weight(part)) > 0
        and (share := part.share) is not None
    ]
    scale = math.lcm(
        *(weight.denominator for _, weight, _ in found),
        *(points.denominator for _, _, points in found),
    )
    return [
        _Counted(
            key,
            weight.numerator * (scale // weight.denominator),
            points.numerator * (scale // points.denominator),
        )
        for key, weight, points in found
    ]


def _best(weighted: list[_Counted], count: int) -> list[_Counted]:
    """Return the `count` parts that together give the best share of the component.

    With different weights, these need not be those with the best shares: dropping the
    lowest would let a better mark lower the total. The search is Dinkelbach's method
    for the best ratio, as Kane and Kane use it for dropped grades; exact, in few steps.
    """
    if count >= len(weighted):
        return weighted
    # The best ratio so far is `upper / lower`. It begins below every possible one.
    upper, lower = -1, 1
    while True:
        best = sorted(
            weighted,
            key=lambda row: row.points * lower - row.weight * upper,
            reverse=True,
        )[:count]
        points = sum(row.points for row in best)
        whole = sum(row.weight for row in best)
        if points * lower <= upper * whole:
            return best
        upper, lower = points, whole
