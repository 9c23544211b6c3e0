"""Why a student may be at risk, in words. This module uses no database."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

# Who did not come for so long is at risk.
ABSENT: Final = dt.timedelta(days=14)
# So many titles stand in one reason.
_NAMED: Final = 3


class Risk(StrEnum):
    """A kind of reason."""

    MISSING = "missing"
    ABSENT = "absent"
    FAILING = "failing"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a student.

    `missing` are the titles of coursework that is due and for which they handed in
    nothing. `seen_at` is when they last looked at the course or handed in, `since` when
    they could first have done so: None if the course is not released. `percent` is
    their total from what is released, None if there is none.
    """

    missing: Sequence[str]
    seen_at: dt.datetime | None
    since: dt.datetime | None
    percent: Fraction | None


def risks_of(
    known: Known, *, pass_percent: Fraction, now: dt.datetime
) -> dict[Risk, str]:
    """Return why the student may be at risk, in words; empty if nothing says so."""
    found = {}
    if known.missing:
        named = ", ".join(known.missing[:_NAMED])
        more = len(known.missing) - _NAMED
        others = f" and {more} more" if more > 0 else ""
        found[Risk.MISSING] = f"Nothing was handed in for {named}{others}."
    if words := _absence(known, now):
        found[Risk.ABSENT] = words
    if known.percent is not None and known.percent < pass_percent:
        found[Risk.FAILING] = (
            f"The marks released so far come to {_percent(known.percent)} %, and "
            f"{_percent(pass_percent)} % pass."
        )
    return found


def _absence(known: Known, now: dt.datetime) -> str:
    if known.since is None or now - known.since < ABSENT:
        return ""
    if known.seen_at is None:
        return "The course was never opened."
    days = (now - known.seen_at).days
    if now - known.seen_at < ABSENT:
        return ""
    return f"The course was last opened {days} days ago."


def _percent(value: Fraction) -> str:
    """Return a percentage with one decimal, rounded down.

    Otherwise 39.96 would read as 40.0, which passes.
    """
    tenths = value.numerator * 10 // value.denominator
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth}" if tenth else f"{whole}"
