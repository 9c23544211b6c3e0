"""One denominator for points: earned, lost, hidden and not yet marked. No database."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from formats.choices import QuestionKind
from grading.hand_points import HandPoints
from grading.visible_results import ShownQuestion, ShownResults

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class BarPart:
    """A part of a bar. `kind` is earned, lost, hidden or by_hand."""

    kind: str
    label: str
    points: Decimal


@dataclass(frozen=True, kw_only=True)
class PointsBar:
    """The points of an attempt as one viewer sees them; the parts add up to `total`.

    `hidden` are the points of checks that the viewer may not see now, whether they are
    earned or lost. `by_hand` wait for somebody who marks them. Points are before any
    late penalty.
    """

    earned: Decimal
    lost: Decimal
    hidden: Decimal
    by_hand: Decimal
    total: Decimal

    @property
    def is_complete(self) -> bool:
        """Whether `earned` is all that the viewer will ever see: nothing is open."""
        return not self.hidden and not self.by_hand

    @property
    def parts(self) -> tuple[BarPart, ...]:
        """The parts in the order of the bar, without those of no points."""
        found = (
            BarPart(kind="earned", label="Earned", points=self.earned),
            BarPart(kind="lost", label="Lost", points=self.lost),
            BarPart(kind="hidden", label="Hidden for now", points=self.hidden),
            BarPart(kind="by_hand", label="To be marked by hand", points=self.by_hand),
        )
        return tuple(part for part in found if part.points or part.kind == "earned")

    @property
    def earned_words(self) -> str:
        """What is earned of all points: “3.5 of 24”."""
        return f"{_plain(self.earned)} of {_plain(self.total)}"

    @property
    def words(self) -> str:
        """All parts as one sentence, for readers who do not see the bar."""
        parts = (f"{_plain(each.points)} {each.label.lower()}" for each in self.parts)
        one = self.total == 1
        return f"Of {_plain(self.total)} point{'' if one else 's'}: {', '.join(parts)}."


def points_bar(
    shown: ShownResults,
    *,
    hand: HandPoints | None = None,
    automatic: Decimal | None = None,
) -> PointsBar:
    """Return the points of an attempt, of which `shown` may be seen.

    `hand` are the points that people gave to the attempt, None for a viewer who may not
    know them: all points by hand are then still to be given. `automatic` are the points
    of all checks, for a viewer who may know them though some checks are never shown.

    SECURITY: without `automatic`, nothing here depends on what a hidden check found.
    """
    checked = [each for each in shown.questions if each.kind != QuestionKind.MANUAL]
    seen = sum((_earned(each) for each in checked), _ZERO)
    hidden = sum((_hidden(each) for each in checked), _ZERO)
    hand = hand or HandPoints(waiting=shown.by_hand)
    return divided(
        total=shown.points,
        earned=(seen if automatic is None else automatic) + hand.given,
        hidden=hidden if automatic is None else _ZERO,
        by_hand=hand.waiting,
    )


def divided(
    *, total: Decimal, earned: Decimal, by_hand: Decimal, hidden: Decimal = _ZERO
) -> PointsBar:
    """Return the bar of these points. What is neither earned nor open is lost.

    Points above the total, which people may give, are left out of the bar.
    """
    hidden = min(hidden, total)
    by_hand = min(by_hand, total - hidden)
    earned = min(max(earned, _ZERO), total - hidden - by_hand)
    return PointsBar(
        earned=earned,
        lost=total - earned - hidden - by_hand,
        hidden=hidden,
        by_hand=by_hand,
        total=total,
    )


def _hidden(question: ShownQuestion) -> Decimal:
    points = sum((each.points for each in question.hidden), _ZERO)
    return min(points, question.points)


def _earned(question: ShownQuestion) -> Decimal:
    return min(question.earned, question.points - _hidden(question))


def _plain(points: Decimal) -> str:
    return format(points.normalize(), "f")
