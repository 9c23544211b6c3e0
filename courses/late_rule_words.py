"""Late rules, lateness and what it costs, in words that students and staff read."""

import datetime as dt
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from courses.late_rules import LateRule, charged_days, penalty, uncovered
from formats.choices import LateMode

_CENT: Final = Decimal("0.01")


def rule_words(rule: LateRule, *, pass_mark: Decimal) -> tuple[str, ...]:
    """Return the rule as sentences."""
    return tuple(_rule_sentences(rule, pass_mark))


def _rule_sentences(rule: LateRule, pass_mark: Decimal) -> Iterator[str]:
    yield _mode_sentence(rule, pass_mark)
    if rule.maximum is not None:
        yield (
            f"It loses at most {number_words(rule.maximum)} % of the possible points."
        )
    if rule.floor is not None:
        yield (
            f"It does not fall below {number_words(rule.floor)} % of the possible "
            "points by that."
        )
    if rule.zero_after is not None:
        late = counted(rule.zero_after, rule.unit)
        yield f"Work that is more than {late} late gets no points."
    if rule.days_limit:
        yield (
            f"You can use {counted(rule.days_limit, 'late day')} for it, if you have "
            "them. A late day covers 24 hours."
        )


def _mode_sentence(rule: LateRule, pass_mark: Decimal) -> str:
    if not rule.takes_points:
        return "Late work loses no points."
    step = number_words(rule.step or Decimal(0))
    each = f"for each {rule.unit} that has begun after the deadline"
    if rule.mode == LateMode.MULTIPLIER and not rule.step:
        return "Late work gets no points."
    return {
        LateMode.CAP: (
            f"Late work gets at most the pass mark, {number_words(pass_mark)} % of the "
            "possible points."
        ),
        LateMode.POINTS: (
            f"Late work loses {counted(rule.step or Decimal(0), 'point')} {each}."
        ),
        LateMode.POSSIBLE: f"Late work loses {step} % of the possible points {each}.",
        LateMode.RAW: f"Late work loses {step} % of its own points {each}.",
        LateMode.MULTIPLIER: (
            f"The points of late work are multiplied by {step} % {each}."
        ),
    }[rule.mode]


def cost_words(
    rule: LateRule,
    *,
    late_by: dt.timedelta,
    possible: Decimal,
    pass_mark: Decimal,
    days_left: int = 0,
) -> str:
    """Return what it costs to be this late: the most points that can still be earned.

    For example “Late by 3 hours: at most 40 of 100 points.”
    """
    days = charged_days(rule, late_by=late_by, left=days_left, pass_mark=pass_mark)
    rest = uncovered(late_by, days)
    lost = penalty(
        rule, raw=possible, possible=possible, late_by=rest, pass_mark=pass_mark
    )
    most = points_words(possible - lost)
    parts = [f"{counted(days, 'late day')} used"] if days else []
    parts.append(
        f"at most {most} of {points_words(possible)} points"
        if lost
        else "no points lost"
    )
    return f"Late by {time_words(late_by)}: {', '.join(parts)}."


def days_left_words(left: int, bank: int) -> str:
    """Return how many late days a student has left before a piece of coursework."""
    return f"You have {left} of {counted(bank, 'late day')} left for this coursework."


def time_words(late_by: dt.timedelta) -> str:
    """Return a time span in words, rounded up to minutes: “1 day 2 hours”."""
    minutes = -(-(late_by // dt.timedelta(seconds=1)) // 60)
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((days, "day"), (hours, "hour"), (minutes, "minute"))
    return " ".join(counted(count, noun) for count, noun in parts if count)


def counted(count: Decimal | int, noun: str) -> str:
    """Return a number with its noun: “1 day”, “2.5 points”."""
    return f"{number_words(Decimal(count))} {noun}{'' if count == 1 else 's'}"


def number_words(number: Decimal) -> str:
    """Return a number without zeros at its end."""
    return format(number.normalize(), "f")


def points_words(points: Decimal) -> str:
    """Return points rounded half up to two decimals, without zeros at the end."""
    return number_words(rounded(points))


def rounded(points: Decimal) -> Decimal:
    """Return points as they are shown: rounded half up to two decimals."""
    return points.quantize(_CENT, rounding=ROUND_HALF_UP)
