"""The points that people give for an attempt. This module uses no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Self

from formats.assignment.rubric import RubricRules

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class HandPoints:
    """The points given by hand for an attempt, and those that nobody has given yet.

    `possible` are all points that people may give. `waiting` are those of questions
    that nobody has marked: the mark is not complete while there are any.
    """

    given: Decimal = _ZERO
    waiting: Decimal = _ZERO
    possible: Decimal = _ZERO

    @property
    def reachable(self) -> Decimal:
        """The points given, and all that may still be given."""
        return self.given + self.waiting

    @classmethod
    def entered(cls, points: Decimal, out_of: Decimal) -> Self:
        """Return the points that a person entered, of so many that can be had."""
        return cls(given=points, possible=out_of)


NO_HAND_POINTS: Final = HandPoints()


def counting_points(
    *,
    first: Decimal | None,
    second: Decimal | None,
    agreed: Decimal | None,
    bound: Decimal,
) -> Decimal | None:
    """Return the points that count of the finished markings of a question.

    The agreed marking counts, or else the first one. Where the first and the second
    differ by more than `bound`, nothing counts until there is an agreed one. A second
    marking alone never counts.
    """
    if agreed is not None:
        return agreed
    return None if needs_agreement(first, second, bound) else first


def needs_agreement(
    first: Decimal | None, second: Decimal | None, bound: Decimal
) -> bool:
    """Return whether two finished markings differ by more than the bound."""
    return first is not None and second is not None and abs(first - second) > bound


def hand_points(
    rubrics: Sequence[tuple[int, RubricRules]], earned: Mapping[int, Decimal]
) -> HandPoints:
    """Return the points of an attempt for questions with these rubrics.

    `earned` are the points of the finished markings by the rubric's id.
    """
    waiting = [rules.possible for key, rules in rubrics if key not in earned]
    return HandPoints(
        given=sum((earned[key] for key, _ in rubrics if key in earned), _ZERO),
        waiting=sum(waiting, _ZERO),
        possible=sum((rules.possible for _, rules in rubrics), _ZERO),
    )
