"""A student's total in a course as a table: part by part, with what counts of each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from courses.models import Assignment
from gradebook.services.formula import NO_SCORE, Formula, Score, Share
from gradebook.totals import ComponentResult, CourseTotal, rounded_half_up


@dataclass(frozen=True, kw_only=True)
class TotalPart:
    """An assessment of a part of the course, and what it adds.

    `assumed` are points that the reader only assumes. `counts` is its share of the
    part in percent, None if it does not count.
    """

    assignment: Assignment
    score: Score
    possible: Decimal
    assumed: Decimal | None = None
    counts: Decimal | None = None
    is_dropped: bool = False
    may_be_assumed: bool = False

    @property
    def percent(self) -> Decimal | None:
        """The points in percent of the possible ones, None while there are none."""
        if self.score.points is None or not self.possible:
            return None
        return rounded_half_up(
            Fraction(self.score.points) / Fraction(self.possible) * 100, 1
        )


@dataclass(frozen=True, kw_only=True)
class TotalShare:
    """A part of the course with what the student has in it, in percent."""

    share: Share
    percent: Decimal | None
    parts: tuple[TotalPart, ...]
    is_left_out: bool
    is_below_required: bool
    required: Decimal | None


@dataclass(frozen=True, kw_only=True)
class TotalTable:
    """A student's total in percent, rounded, with the parts that it is made of.

    `weight` is how much of the course has a mark so far, in percent. `passes` is None
    until everything has one. There is no total while the formula has `problems`, or if
    it is not known which parts count, since the student `lacks_code`. While a mark is
    withheld, staff have the total of all others, and the student has none.
    """

    percent: Decimal | None
    weight: Decimal
    letter: str
    passes: bool | None
    is_complete: bool
    is_assumed: bool
    shares: tuple[TotalShare, ...]
    problems: tuple[str, ...]
    below_required: tuple[str, ...] = ()
    lacks_code: bool = False
    is_withheld: bool = False

    @property
    def may_assume(self) -> bool:
        """Whether there is work for which the reader may assume points."""
        parts = (part for share in self.shares for part in share.parts)
        return not (self.problems or self.lacks_code or self.is_withheld) and any(
            part.may_be_assumed and part.possible for part in parts
        )


def total_table(
    formula: Formula,
    scores: Mapping[int, Score],
    *,
    module_code: str = "",
    assumed: Mapping[int, Decimal] | None = None,
) -> TotalTable:
    """Return the total with these scores, and with `assumed` points where there is none.

    Both are by the assignment's id, and `scores` has all assignments that are shown.
    Assumed points beyond the possible ones count as all of them.
    """
    given = {
        key: points
        for key, points in (assumed or {}).items()
        if key in scores and _is_open(scores[key])
    }
    used = dict(scores)
    for key, points in given.items():
        possible = _possible(formula, key, scores[key])
        given[key] = min(max(points, Decimal(0)), possible)
        used[key] = Score(given[key], possible)
    total = formula.total(used, module_code)
    counted = formula.shares_for(module_code)
    shares = tuple(
        _share(formula, share, result, used, given)
        for share, result in zip(counted, total.components, strict=True)
        if share.component or share.seen(scores)
    )
    return TotalTable(
        percent=shown_percent(formula, total),
        weight=rounded_half_up(total.weight, 2),
        letter=total.letter,
        passes=total.passes,
        is_complete=total.is_complete,
        is_assumed=bool(given),
        shares=shares,
        problems=formula.problems,
        below_required=tuple(
            each.share.title for each in shares if each.is_below_required
        ),
        lacks_code=formula.lacks_code(module_code),
        is_withheld=any(score.is_withheld for score in scores.values()),
    )


def told_to_student(table: TotalTable) -> TotalTable:
    """Return the total as its student is told it: none while a mark is withheld.

    SECURITY: also no part that has a withheld mark in it is told.
    """
    if not table.is_withheld:
        return table
    return replace(
        table,
        percent=None,
        weight=Decimal(0),
        letter="",
        passes=None,
        is_complete=False,
        is_assumed=False,
        below_required=(),
        shares=tuple(
            replace(share, percent=None, is_below_required=False)
            if any(part.score.is_withheld for part in share.parts)
            else share
            for share in table.shares
        ),
    )


def shown_percent(formula: Formula, total: CourseTotal) -> Decimal | None:
    """Return the total as it is shown: rounded half up, once; None without a total."""
    if total.percent is None or formula.problems:
        return None
    return rounded_half_up(total.percent, formula.course.total_decimals)


def _possible(formula: Formula, key: int, score: Score) -> Decimal:
    """Return the points that can be had: those of the mark's own revision, if any."""
    return score.possible or formula.possible.get(key, Decimal(0))


def _is_open(score: Score) -> bool:
    return score.points is None and not (score.is_excused or score.is_withheld)


def _share(
    formula: Formula,
    share: Share,
    result: ComponentResult,
    scores: Mapping[int, Score],
    assumed: Mapping[int, Decimal],
) -> TotalShare:
    decimals = formula.course.total_decimals
    component = share.component
    return TotalShare(
        share=share,
        percent=None
        if result.percent is None
        else rounded_half_up(result.percent, decimals),
        parts=tuple(
            _part(formula, each, result, scores, assumed) for each in share.seen(scores)
        ),
        is_left_out=result.is_left_out,
        is_below_required=result.is_below_required,
        required=component.required_percent if component else None,
    )


def _part(
    formula: Formula,
    assignment: Assignment,
    result: ComponentResult,
    scores: Mapping[int, Score],
    assumed: Mapping[int, Decimal],
) -> TotalPart:
    key = assignment.pk
    score = scores.get(key, NO_SCORE)
    counts = result.counted.get(key)
    return TotalPart(
        assignment=assignment,
        score=score,
        possible=_possible(formula, key, score),
        assumed=assumed.get(key),
        counts=None if counts is None else rounded_half_up(counts * Fraction(100), 1),
        is_dropped=key in result.dropped,
        may_be_assumed=key in assumed or _is_open(score),
    )
