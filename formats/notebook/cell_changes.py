"""What differs between two notebooks, cell by cell and line by line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, Final

# The most cells of a notebook that are compared.
MAX_CELLS: Final = 1_000
# SECURITY: the time to compare two cells grows with the product of their lines. A cell
# with more lines is shown as removed and added.
MAX_LINES: Final = 300
# The most products of lines of all cells together.
MAX_WORK: Final = 3_000_000
# The most characters of a line.
MAX_LINE: Final = 2_000


class Change(StrEnum):
    """What happened to a cell."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True)
class ChangedLine:
    """A line of a changed cell. `sign` is "+", "-", or a blank for a line of both."""

    sign: str
    text: str


@dataclass(frozen=True, kw_only=True)
class CellChange:
    """A cell of either notebook, and how it differs from the other's.

    `place` is its place, from 0, in the second notebook, or -1 if that has it no more.
    """

    kind: Change
    cell_type: str
    lines: tuple[ChangedLine, ...]
    place: int = -1


@dataclass
class _Budget:
    """How many products of lines may still be compared."""

    left: int = MAX_WORK

    def takes(self, cost: int) -> bool:
        """Count the cost if there is room for it, and return whether there is."""
        if cost > self.left:
            return False
        self.left -= cost
        return True


def cell_changes(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[CellChange]:
    """Return the cells of the second notebook with what differs, in its order.

    Cells of the first that the second no longer has stand where they were. Cells are
    the same cell if they have the same id, or the same text, or stand at the same place
    between two such cells.
    """
    before, after = before[:MAX_CELLS], after[:MAX_CELLS]
    partners = _partners(before, after)
    budget = _Budget()
    found: list[CellChange] = []
    next_before = 0
    taken = set(partners.values())
    for place, cell in enumerate(after):
        partner = partners.get(place)
        if partner is None:
            found.append(_whole(cell, Change.ADDED, "+", place))
            continue
        found += [
            _whole(before[at], Change.REMOVED, "-")
            for at in range(next_before, partner)
            if at not in taken
        ]
        next_before = max(next_before, partner + 1)
        found.append(_compared(before[partner], cell, place, budget))
    rest = range(next_before, len(before))
    found += [_whole(before[at], Change.REMOVED, "-") for at in rest if at not in taken]
    return found


def added_places(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> frozenset[int]:
    """Return the places, from 0, of the second notebook's cells that are new.

    What is the same cell is the rule of `cell_changes`. Without cells in the first
    notebook there is nothing to tell, and the result is empty.
    """
    if not before:
        return frozenset()
    before, after = before[:MAX_CELLS], after[:MAX_CELLS]
    return frozenset(range(len(after))) - _partners(before, after).keys()


def source_text(cell: Mapping[str, Any]) -> str:
    """Return a cell's text, which is stored whole or as a list of lines."""
    source = cell.get("source")
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _partners(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> dict[int, int]:
    """Return the place of each second cell's partner in the first notebook."""
    partners: dict[int, int] = {}
    for name_of in (_id_of, _text_of):
        free = _by_name(before, name_of, set(partners.values()))
        for place, cell in enumerate(after):
            name = name_of(cell)
            if place not in partners and name and free.get(name):
                partners[place] = free[name].pop(0)
    return partners | dict(_between(before, after, partners))


def _by_name(
    cells: Sequence[Mapping[str, Any]], name_of: Any, taken: set[int]
) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        if place not in taken:
            found.setdefault(name_of(cell), []).append(place)
    return found


def _between(
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    partners: Mapping[int, int],
) -> Iterator[tuple[int, int]]:
    """Yield pairs of cells of one kind at the same place behind a pair of partners."""
    taken = set(partners.values())
    at = 0
    for place, cell in enumerate(after):
        if place in partners:
            at = partners[place] + 1
        elif (
            at < len(before)
            and at not in taken
            and before[at].get("cell_type") == cell.get("cell_type")
        ):
            yield place, at
            at += 1


def _id_of(cell: Mapping[str, Any]) -> str:
    """Return the cell's id of nbgrader, or else its id of Jupyter, or empty."""
    metadata = cell.get("metadata")
    theirs = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = theirs.get("grade_id") if isinstance(theirs, dict) else None
    if isinstance(name, str) and name:
        return f"nbgrader {name}"
    own = cell.get("id")
    return own if isinstance(own, str) else ""


def _text_of(cell: Mapping[str, Any]) -> str:
    text = source_text(cell).strip()
    return f"{cell.get('cell_type')} {text}" if text else ""


def _whole(
    cell: Mapping[str, Any], kind: Change, sign: str, place: int = -1
) -> CellChange:
    return CellChange(
        kind=kind,
        cell_type=str(cell.get("cell_type")),
        lines=tuple(ChangedLine(sign=sign, text=line) for line in _lines(cell)),
        place=place,
    )


def _lines(cell: Mapping[str, Any]) -> list[str]:
    text = source_text(cell).strip("\n")
    return [line[:MAX_LINE] for line in text.split("\n")] if text else []


def _compared(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    place: int,
    budget: _Budget,
) -> CellChange:
    old, new = _lines(before), _lines(after)
    if old == new and before.get("cell_type") == after.get("cell_type"):
        return _whole(after, Change.SAME, " ", place)
    return CellChange(
        kind=Change.CHANGED,
        cell_type=str(after.get("cell_type")),
        lines=tuple(_line_changes(old, new, budget)),
        place=place,
    )


def _line_changes(
    old: list[str], new: list[str], budget: _Budget
) -> Iterator[ChangedLine]:
    is_too_long = max(len(old), len(new)) > MAX_LINES
    if is_too_long or not budget.takes(len(old) * len(new)):
        yield from (ChangedLine(sign="-", text=line) for line in old)
        yield from (ChangedLine(sign="+", text=line) for line in new)
        return
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            for line in new[new_from:new_to]:
                yield ChangedLine(sign=" ", text=line)
            continue
        yield from (ChangedLine(sign="-", text=line) for line in old[old_from:old_to])
        yield from (ChangedLine(sign="+", text=line) for line in new[new_from:new_to])
