"""The form of the marking page: the rubric with its keys, and what was typed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from courses.models import Rubric, RubricGroup, RubricItem
from formats.assignment.rubric import Choose
from grading.forms.marking_work import TypedMarking
from grading.models import Marking

# The keys of the items, in their order. Letters that do something else are left out.
ITEM_KEYS: Final = "123456789" + "befhijklmoqruvwxyz"


@dataclass(frozen=True, kw_only=True)
class ItemRow:
    """An item of the rubric, the key that chooses it, and whether it is chosen."""

    item: RubricItem
    key: str
    is_chosen: bool

    @property
    def sign(self) -> str:
        """What stands before the points."""
        if self.item.points < 0:
            return "\N{MINUS SIGN}"
        return "+" if self.item.points else ""

    @property
    def amount(self) -> Decimal:
        """The points without their sign."""
        return abs(self.item.points)


@dataclass(frozen=True, kw_only=True)
class GroupRows:
    """A group of items. `is_choice` means that one of them is chosen at most."""

    group: RubricGroup
    rows: Sequence[ItemRow]

    @property
    def is_choice(self) -> bool:
        """Whether one item is chosen at most."""
        return self.group.choose == Choose.ONE

    @property
    def has_choice(self) -> bool:
        """Whether an item is chosen."""
        return any(row.is_chosen for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class MarkingForm:
    """The form beside the answer. `points` are those of what it says now.

    `total` is what items and adjustment add up to, before the bounds of the question.
    """

    typed: TypedMarking
    groups: Sequence[GroupRows]
    rubric: Rubric
    points: Decimal
    total: Decimal
    stored: Marking | None
    faults: Sequence[str] = ()
    conflict: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether points are cut off, because they are too many or below 0."""
        return self.total != self.points

    @property
    def is_unsaved(self) -> bool:
        """Whether the form holds what is stored nowhere."""
        return bool(self.faults or self.conflict)


def marking_form(
    rubric: Rubric,
    typed: TypedMarking,
    stored: Marking | None,
    *,
    faults: Sequence[str] = (),
    conflict: str = "",
) -> MarkingForm:
    """Return the form for a rubric whose groups are prefetched."""
    added = typed.points_added or Decimal(0)
    rules = rubric.rules()
    return MarkingForm(
        typed=typed,
        groups=tuple(_groups(rubric, typed.items)),
        rubric=rubric,
        points=rules.earned(typed.items, added),
        total=rules.total(typed.items, added),
        stored=stored,
        faults=faults,
        conflict=conflict,
    )


def _groups(rubric: Rubric, chosen: frozenset[int]) -> Iterator[GroupRows]:
    keys = iter(ITEM_KEYS)
    for group in rubric.groups.all():
        rows = [
            ItemRow(item=item, key=next(keys, ""), is_chosen=item.pk in chosen)
            for item in group.items.all()
        ]
        yield GroupRows(group=group, rows=rows)
