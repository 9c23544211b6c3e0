"""The points of a mark: what an attempt earned, less its lateness. No database."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from courses.late_rule_words import counted, rounded, time_words
from courses.late_rules import LateRule, penalty, uncovered


@dataclass(frozen=True, kw_only=True)
class LateTerms:
    """By how much an attempt is late, and the rule by which it loses points.

    `possible` are the points that could be earned, and `pass_mark` is a percentage of
    them. `covered_days` are the late days that the attempt uses.
    """

    rule: LateRule
    pass_mark: Decimal
    possible: Decimal
    late_by: dt.timedelta
    covered_days: int = 0

    def penalty(self, raw: Decimal) -> Decimal:
        """Return the points that an attempt with these raw points loses, exact."""
        return penalty(
            self.rule,
            raw=raw,
            possible=self.possible,
            late_by=uncovered(self.late_by, self.covered_days),
            pass_mark=self.pass_mark,
        )


@dataclass(frozen=True, kw_only=True)
class Cap:
    """The most that a student can have: a percentage of the possible points.

    `words` are the reason as the student reads it.
    """

    percent: Decimal
    words: str = ""

    @classmethod
    def of(cls, percent: Decimal | None, words: str) -> "Cap | None":
        """Return the cap of these columns of a mark, or None."""
        return None if percent is None else cls(percent=percent, words=words)

    def limit(self, possible: Decimal) -> Decimal:
        """Return the most points of so many possible ones, rounded half up."""
        return rounded(possible * self.percent / 100)

    @property
    def text(self) -> str:
        """The cap as a sentence."""
        percent = format(self.percent.normalize(), "f")
        reason = f": {self.words}" if self.words else "."
        return f"Capped at {percent} % of the points{reason}"


@dataclass(frozen=True, kw_only=True)
class MarkPoints:
    """The points of a mark and its parts, as they are shown.

    The raw points are what checks and people gave. The late penalty is taken from
    them, and the adjustment comes after it. A `cap` holds for all of it: `limit` are the
    points that it leaves.
    """

    automatic: Decimal
    manual: Decimal
    adjustment: Decimal
    late_penalty: Decimal
    late: LateTerms | None = None
    cap: Cap | None = None
    limit: Decimal | None = None

    @property
    def raw(self) -> Decimal:
        """The points before the late penalty and the adjustment."""
        return self.automatic + self.manual

    @property
    def final(self) -> Decimal:
        """The sum of all parts, never above the cap, and never less than 0."""
        return max(self._sum - self.capped, Decimal(0))

    @property
    def capped(self) -> Decimal:
        """The points that are taken because of the cap."""
        if self.limit is None:
            return Decimal(0)
        return max(self._sum - self.limit, Decimal(0))

    @property
    def _sum(self) -> Decimal:
        return self.raw - self.late_penalty + self.adjustment

    @property
    def late_words(self) -> str:
        """Why points were taken, or empty for work that is on time or loses none."""
        if self.late is None:
            return ""
        late = f"Handed in {time_words(self.late.late_by)} late"
        days = self.late.covered_days
        if days:
            late += f", {counted(days, 'late day')} used"
        if not self.late_penalty:
            return f"{late}: no points lost."
        return f"{late}: {counted(self.late_penalty, 'point')} lost."


def mark_points(
    *,
    automatic: Decimal,
    manual: Decimal = Decimal(0),
    adjustment: Decimal = Decimal(0),
    late: LateTerms | None,
    cap: Cap | None = None,
    possible: Decimal = Decimal(0),
) -> MarkPoints:
    """Return the points of a mark. `late` is None for an attempt that is on time.

    The points that are left after the penalty are rounded half up, once. A cap is a
    percentage of the `possible` points. Rounding what is below it gives the same as
    bounding what is rounded.
    """
    raw = automatic + manual
    kept = rounded(points_after(raw, late))
    return MarkPoints(
        automatic=automatic,
        manual=manual,
        adjustment=adjustment,
        late_penalty=raw - kept if late else Decimal(0),
        late=late,
        cap=cap,
        limit=cap.limit(possible) if cap else None,
    )


def points_after(raw: Decimal, late: LateTerms | None) -> Decimal:
    """Return the points after the late penalty, exact, to compare attempts by."""
    return raw - late.penalty(raw) if late else raw
