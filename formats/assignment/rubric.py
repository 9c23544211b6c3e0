"""The rubric of a question that people mark: its items, in groups, and their points."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from formats.problems import ProblemList
from formats.yaml_document import Section, parse

# The name of a file that has a rubric alone.
FILE: Final = "rubric.yaml"
RUBRIC: Final = ("starts", "groups", "items")
_GROUP: Final = ("title", "choose", "max", "min", "items")
_ITEM: Final = ("text", "points")
LONGEST_TEXT: Final = 500
# A form with more fields would be refused by the web server's framework.
MOST_GROUPS: Final = 40
MOST_ITEMS: Final = 200
_MOST_POINTS: Final = Decimal(99_999)


class Choose(StrEnum):
    """How many items of a group may be chosen."""

    SEVERAL = "several"
    ONE = "one"


class Starts(StrEnum):
    """The points from which the items of a rubric are added or taken."""

    ZERO = "zero"
    FULL = "full"


@dataclass(frozen=True, kw_only=True)
class RubricItem:
    """Words for something in an answer, and the points that it adds or takes."""

    text: str
    points: Decimal


@dataclass(frozen=True, kw_only=True)
class RubricGroup:
    """Items of which one or several are chosen.

    Their sum is at most `maximum` and at least `minimum`, where these are set.
    """

    items: tuple[RubricItem, ...]
    title: str = ""
    choose: Choose = Choose.SEVERAL
    maximum: Decimal | None = None
    minimum: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Rubric:
    """How a question is marked by hand."""

    starts: Starts = Starts.ZERO
    groups: tuple[RubricGroup, ...] = ()


def read_rubric(section: Section) -> Rubric:
    """Return the rubric of a question. Faults are noted in the section.

    A short rubric has `items` alone: they are one group, of which several are chosen.
    """
    groups = tuple(_group(each) for each in section.sections("groups", _GROUP))
    items = _items(section)
    if groups and items:
        section.fault(
            "A rubric has either “groups” or “items”.",
            "items",
            hint="Move the items into a group of their own.",
        )
    elif not groups and not items:
        section.fault("A rubric needs at least one item.")
    if items:
        groups = (RubricGroup(items=items), *groups)
    count = sum(len(group.items) for group in groups)
    if len(groups) > MOST_GROUPS or count > MOST_ITEMS:
        section.fault(
            f"A rubric may have {MOST_GROUPS} groups and {MOST_ITEMS} items at most."
        )
    return Rubric(
        starts=Starts(section.choice("starts", list(Starts), Starts.ZERO)),
        groups=groups,
    )


def read_rubric_text(data: bytes, faults: ProblemList) -> Rubric | None:
    """Return the rubric in a YAML file of its own, or None if it cannot be parsed.

    The file has what stands under `rubric` in assignment.yaml, with or without that
    word above it. Faults are noted.
    """
    node = parse(data, file=FILE, faults=faults)
    if node is None:
        return None
    top = Section(node, known=("rubric", *RUBRIC), file=FILE, faults=faults)
    inner = top.section("rubric", RUBRIC)
    return read_rubric(top if inner is None else inner)


def plain_number(points: Decimal) -> int | float:
    """Return points as YAML writes them. Two decimals survive this."""
    return int(points) if points == int(points) else float(points)


def rubric_document(
    rubric: Rubric, *, number: Callable[[Decimal], Any] = plain_number
) -> dict[str, Any]:
    """Return the rubric as it is written in YAML. It is read as an equal rubric.

    `number` gives points the form that the writer of the YAML needs.
    """
    document: dict[str, Any] = {"starts": rubric.starts.value}
    groups = [_group_document(group, number) for group in rubric.groups]
    if len(groups) == 1 and groups[0].keys() == {"items"}:
        return document | groups[0]
    return document | {"groups": groups}


def _group_document(
    group: RubricGroup, number: Callable[[Decimal], Any]
) -> dict[str, Any]:
    bounds = {"max": group.maximum, "min": group.minimum}
    return {
        **({"title": group.title} if group.title else {}),
        **({"choose": group.choose.value} if group.choose != Choose.SEVERAL else {}),
        **{name: number(at) for name, at in bounds.items() if at is not None},
        "items": [
            {"text": item.text, "points": number(item.points)} for item in group.items
        ],
    }


def _group(section: Section) -> RubricGroup:
    items = _items(section)
    if not items:
        section.fault("A group of a rubric needs at least one item.")
    maximum, minimum = _signed(section, "max"), _signed(section, "min")
    if maximum is not None and minimum is not None and minimum > maximum:
        section.fault("“min” is above “max”.", "min")
    return RubricGroup(
        title=section.text("title", longest=200),
        choose=Choose(section.choice("choose", list(Choose), Choose.SEVERAL)),
        maximum=maximum,
        minimum=minimum,
        items=items,
    )


def _items(section: Section) -> tuple[RubricItem, ...]:
    return tuple(_item(each) for each in section.sections("items", _ITEM))


def _item(section: Section) -> RubricItem:
    section.require("text", "points")
    points = _signed(section, "points")
    return RubricItem(
        text=section.text("text", longest=LONGEST_TEXT), points=points or Decimal(0)
    )


def _signed(section: Section, key: str) -> Decimal | None:
    """Return a number of points, which may be below 0, with two decimals at most."""
    if key not in section:
        return None
    number = section.number(key)
    if number is None:
        return None
    if abs(number) > _MOST_POINTS:
        section.fault(f"“{key}” must be from -{_MOST_POINTS} to {_MOST_POINTS}.", key)
        return None
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -2:  # noqa: PLR2004
        section.fault(f"“{key}” may have two decimals at most.", key)
        return None
    return number


@dataclass(frozen=True, kw_only=True)
class GroupRules:
    """The points of a group's items by their ids, and the bounds of their sum."""

    points: Mapping[int, Decimal]
    chooses_one: bool = False
    maximum: Decimal | None = None
    minimum: Decimal | None = None

    @property
    def most(self) -> Decimal:
        """The most that the items can add, which is 0 if they only take points."""
        found = [points for points in self.points.values() if points > 0]
        zero = Decimal(0)
        total = max(found, default=zero) if self.chooses_one else sum(found, zero)
        if self.points and self.minimum is not None:
            total = max(total, self.minimum)
        if self.maximum is not None:
            total = min(total, self.maximum)
        return max(zero, total)

    def earned(self, chosen: Collection[int]) -> Decimal:
        """Return what the chosen items of this group add. Other ids are ignored.

        Where one item may be chosen and more are, the first of them counts.
        """
        found = [points for key, points in self.points.items() if key in chosen]
        total = sum(found[:1] if self.chooses_one else found, Decimal(0))
        if self.minimum is not None:
            total = max(total, self.minimum)
        return total if self.maximum is None else min(total, self.maximum)


@dataclass(frozen=True, kw_only=True)
class RubricRules:
    """What is needed to compute the points of a marking."""

    possible: Decimal
    starts: Starts = Starts.ZERO
    groups: tuple[GroupRules, ...] = ()

    @property
    def most(self) -> Decimal:
        """The most that somebody can get by items alone."""
        if self.starts == Starts.FULL:
            return self.possible
        total = sum((group.most for group in self.groups), Decimal(0))
        return min(max(total, Decimal(0)), self.possible)

    def earned(self, chosen: Collection[int], adjustment: Decimal) -> Decimal:
        """Return the points for these items, from 0 to the points of the question.

        A group of which nothing is chosen adds nothing, whatever its minimum.
        """
        return min(max(self.total(chosen, adjustment), Decimal(0)), self.possible)

    def total(self, chosen: Collection[int], adjustment: Decimal) -> Decimal:
        """Return what the items and the adjustment add up to, with no bound."""
        return self._of_items(chosen) + adjustment

    def adjustment_for(self, chosen: Collection[int], points: Decimal) -> Decimal:
        """Return the adjustment with which these items earn so many points."""
        return points - self._of_items(chosen)

    def _of_items(self, chosen: Collection[int]) -> Decimal:
        start = self.possible if self.starts == Starts.FULL else Decimal(0)
        of_groups = (
            group.earned(chosen)
            for group in self.groups
            if not group.points.keys().isdisjoint(chosen)
        )
        return start + sum(of_groups, Decimal(0))
