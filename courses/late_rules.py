"""Late rules: what lateness costs. Pure functions, without a database.

Lateness is real time that has passed, so a change of the clocks makes nobody later. A
unit that has begun counts whole. Points are decimals and stay exact: they are rounded
once, where they are shown.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from formats.choices import LateMode, LateUnit

DAY: Final = dt.timedelta(days=1)
_UNITS: Final = {LateUnit.HOUR: dt.timedelta(hours=1), LateUnit.DAY: DAY}
_ZERO: Final = Decimal(0)
_ALL: Final = Decimal(100)
_ON_TIME: Final = dt.timedelta()


@dataclass(frozen=True, kw_only=True)
class LateRule:
    """What late work loses.

    `step` is what each unit costs: points, or percent. For a multiplier, it is the
    percentage that each unit leaves. `floor` and `maximum` are percentages of the
    possible points: no deduction takes work below the floor, and no deduction is more
    than the maximum. After `zero_after` units, work earns nothing. At most `days_limit`
    late days of the student's bank are used for one piece; None means none.
    """

    mode: LateMode = LateMode.NONE
    unit: LateUnit = LateUnit.DAY
    step: Decimal | None = None
    floor: Decimal | None = None
    maximum: Decimal | None = None
    zero_after: int | None = None
    days_limit: int | None = None

    @property
    def takes_points(self) -> bool:
        """Whether late work can lose points by this rule."""
        return self.mode != LateMode.NONE

    def units(self, late_by: dt.timedelta) -> int:
        """Return the number of units that have begun; 0 for work that is on time."""
        return _begun(late_by, _UNITS[self.unit])


def rule_of(row: Any) -> LateRule:
    """Return the rule in the fields of a row of the database or of a course file."""
    return LateRule(
        mode=LateMode(row.late_mode or LateMode.NONE),
        unit=LateUnit(row.late_unit),
        step=row.late_step,
        floor=row.late_floor,
        maximum=row.late_maximum,
        zero_after=row.late_zero_after,
        days_limit=row.late_days_limit,
    )


def penalty(
    rule: LateRule,
    *,
    raw: Decimal,
    possible: Decimal,
    late_by: dt.timedelta,
    pass_mark: Decimal,
) -> Decimal:
    """Return the points that work loses, from 0 to `raw`, exact.

    `raw` are the points that it earned of the `possible` ones, and `pass_mark` is the
    percentage of the possible points that passes.
    """
    units = rule.units(late_by)
    if not units or raw <= 0 or not rule.takes_points:
        return _ZERO
    if rule.zero_after is not None and units > rule.zero_after:
        return raw
    taken = _deduction(rule, units, raw=raw, possible=possible, pass_mark=pass_mark)
    if rule.maximum is not None:
        taken = min(taken, possible * rule.maximum / _ALL)
    if rule.floor is not None:
        taken = min(taken, raw - possible * rule.floor / _ALL)
    return min(max(taken, _ZERO), raw)


def _deduction(
    rule: LateRule, units: int, *, raw: Decimal, possible: Decimal, pass_mark: Decimal
) -> Decimal:
    step = rule.step or _ZERO
    if rule.mode == LateMode.CAP:
        return raw - possible * pass_mark / _ALL
    if rule.mode == LateMode.MULTIPLIER:
        return raw - raw * (step / _ALL) ** units
    whole = {LateMode.POINTS: _ALL, LateMode.POSSIBLE: possible, LateMode.RAW: raw}
    return whole[rule.mode] * step * units / _ALL


# --- Late days --------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class LatePiece:
    """One student's attempts at a piece of coursework.

    `late_by` has the lateness of each attempt, the first attempt first.
    """

    key: int
    rule: LateRule
    late_by: Sequence[dt.timedelta]
    latest_counts: bool


def charged_days(
    rule: LateRule, *, late_by: dt.timedelta, left: int, pass_mark: Decimal
) -> int:
    """Return how many of the `left` late days an attempt uses.

    They cover whole days of its lateness, from the deadline on. No day is used where
    what remains of the lateness takes all points anyway.

    SECURITY: this depends on times alone. If it depended on points, the days that are
    left would tell what hidden checks found.
    """
    usable = min(left, rule.days_limit or 0)
    days = min(_begun(late_by, DAY), usable)
    rest = uncovered(late_by, days)
    return 0 if takes_all(rule, late_by=rest, pass_mark=pass_mark) else days


def uncovered(late_by: dt.timedelta, days: int) -> dt.timedelta:
    """Return the lateness that remains after so many late days."""
    return max(late_by - days * DAY, _ON_TIME)


def takes_all(rule: LateRule, *, late_by: dt.timedelta, pass_mark: Decimal) -> bool:
    """Return whether work this late earns nothing, whatever its points are.

    Where points are taken, and not shares, this depends on the assignment: False.
    """
    if rule.mode == LateMode.POINTS:
        units = rule.units(late_by)
        return rule.zero_after is not None and units > rule.zero_after
    taken = penalty(rule, raw=_ALL, possible=_ALL, late_by=late_by, pass_mark=pass_mark)
    return taken == _ALL


def late_days_left(
    pieces: Iterable[tuple[LatePiece, Decimal]], *, bank: int
) -> Mapping[int, int]:
    """Return how many late days are left before each piece, by its key.

    The pieces come in the order of their deadlines, each with its pass mark, and are
    charged in that order. If the latest attempt counts, that one is charged; else the
    one that uses most days: which attempt is the best must not show.
    """
    left, found = bank, {}
    for piece, pass_mark in pieces:
        found[piece.key] = left
        attempts = piece.late_by[-1:] if piece.latest_counts else piece.late_by
        charges = (
            charged_days(piece.rule, late_by=late, left=left, pass_mark=pass_mark)
            for late in attempts
        )
        left -= max(charges, default=0)
    return found


def _begun(late_by: dt.timedelta, unit: dt.timedelta) -> int:
    """Return how many units have begun, in whole seconds."""
    seconds = max(late_by, _ON_TIME) // dt.timedelta(seconds=1)
    return -(-seconds // int(unit.total_seconds()))


# --- Rules that other systems have ------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class LatePreset:
    """A well-known rule to begin with.

    `open_days` is how long late work is taken after the deadline, None if the rule does
    not say. `bank` is the number of late days of each student in the course.
    """

    key: str
    label: str
    rule: LateRule
    open_days: int | None = None
    bank: int = 0


PRESETS: Final = (
    LatePreset(
        key="scientia",
        label="Scientia: at most the pass mark for a day, then nothing",
        rule=LateRule(mode=LateMode.CAP, unit=LateUnit.DAY, zero_after=1),
        open_days=14,
    ),
    LatePreset(
        key="canvas",
        label="Canvas: 10 % of the possible points for each day, down to 20 %",
        rule=LateRule(
            mode=LateMode.POSSIBLE,
            unit=LateUnit.DAY,
            step=Decimal(10),
            floor=Decimal(20),
        ),
        open_days=10,
    ),
    LatePreset(
        key="submitty",
        label="Submitty: five late days, at most two for each piece, then nothing",
        rule=LateRule(
            mode=LateMode.MULTIPLIER,
            unit=LateUnit.DAY,
            step=Decimal(0),
            days_limit=2,
        ),
        open_days=2,
        bank=5,
    ),
    LatePreset(
        key="gradescope",
        label="Gradescope: late work is only labelled",
        rule=LateRule(mode=LateMode.NONE),
    ),
)


def preset(key: str) -> LatePreset | None:
    """Return the preset with this key, or None."""
    return next((each for each in PRESETS if each.key == key), None)
