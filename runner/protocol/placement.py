"""Where in a student's notebook each question is tested.

A question is tested after its check cell, and after each copy of it. Where that cell is
gone or cannot be recognised, the hand-out says where it stood. A question is never
tested below a cell of the hand-out that stands below its check cell and may bind or
change what the tests ask for: there it may be the hand-out's own work.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runner.protocol.jobs import HandoutCell, JobSpec, QuestionSpec, TestStyle
from runner.protocol.requested_names import requested_names

# So many copies of one check cell are looked at: the first, and the last ones.
MAX_COPIES: Final = 3
_START: Final = -1
_ALL_NAMES: Final = "env"


@dataclass(frozen=True, kw_only=True)
class StudentCell:
    """What tells a cell of the student's notebook from others. `question` is its mark."""

    id: str
    name: str
    source: str
    question: str = ""


def fingerprint(source: str) -> str:
    """Return what two cells with the same text have in common; "" for no text."""
    text = source.strip()
    if not text:
        return ""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def cell_id(cell: Mapping[str, Any]) -> str:
    """Return the cell's id, as Jupyter or Colab gives one, or ""."""
    for found in (cell.get("id"), _section(cell.get("metadata")).get("id")):
        if isinstance(found, str) and found:
            return found
    return ""


def cell_name(cell: Mapping[str, Any]) -> str:
    """Return the name that the importer or nbgrader gave the cell, or ""."""
    metadata = _section(cell.get("metadata"))
    for section, field in (("softmark", "locked"), ("nbgrader", "grade_id")):
        found = _section(metadata.get(section)).get(field)
        if isinstance(found, str) and found:
            return found
    return ""


def _section(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


class Placement:
    """The places of one job's questions among the cells of the student's notebook.

    A place is the index of the cell after which the question is tested, _START for
    before the first one.
    """

    def __init__(self, spec: JobSpec, cells: Sequence[StudentCell]) -> None:
        self._handout = spec.handout
        self._libraries = frozenset(spec.test_names)
        self._last = len(cells) - 1
        # By text or name, and those beside that are known by their id alone.
        self._sure = _sure_matches(spec.handout, cells)
        self._found = _matches_by_id(spec.handout, cells, self._sure)
        self._in_order = _in_order(self._found)
        self._marked: dict[str, list[int]] = {}
        for index, cell in enumerate(cells):
            if cell.question:
                self._marked.setdefault(cell.question, []).append(index)
        self._check_cells: dict[str, int] = {}
        for index, known in enumerate(spec.handout):
            if known.question:
                self._check_cells.setdefault(known.question, index)

    def places(self, question: QuestionSpec) -> list[int]:
        """Return the places at which the question is tested; none if nothing tells.

        Raises TestsUnreadableError.
        """
        marked = self._marked.get(question.key, [])
        check = self._check_cells.get(question.key)
        if check is None:
            return _few(marked)
        later = self._changing(question, check)
        ceiling = self._ceiling(self._sure, later)
        copies = [place for place in marked if place < ceiling]
        return _few(copies) or self._by_handout(check, later)

    def _ceiling(self, known: Mapping[int, int], later: Sequence[int]) -> int:
        """Return the place of the first of these cells that is in its order."""
        found = (known[one] for one in later if one in known and one in self._in_order)
        return min(found, default=self._last + 1)

    def _changing(self, question: QuestionSpec, check: int) -> list[int]:
        """Return the hand-out's cells below the check cell that may change what is tested."""
        names = requested_names(question) - self._libraries
        is_open = question.style is TestStyle.CASES and _ALL_NAMES in names
        return [
            index
            for index in range(check + 1, len(self._handout))
            if (changed := _changed_by(self._handout[index]))
            and (is_open or "*" in changed or not names.isdisjoint(changed))
        ]

    def _by_handout(self, check: int, later: Sequence[int]) -> list[int]:
        """Return the place of a check cell that is gone, if any of the hand-out is left.

        It is after the last cell that the hand-out has above it. What the student has
        inserted below that counts too, up to the check cell itself, if it is known by
        its id, or the next cell of the hand-out; unless a cell that changes what is
        tested is gone: the inserted code might be that cell.
        """
        if not self._found:
            return []
        above = [index for index in self._found if index < check]
        place = self._found[max(above)] if above else _START
        place = min(place, self._ceiling(self._found, later) - 1)
        if not all(self._found.get(index, _START) > place for index in later):
            return [place]
        if self._found.get(check, _START) > place:
            return [min(self._found[check], self._ceiling(self._found, later) - 1)]
        below = [self._found[index] for index in self._found if index > check]
        following = [one for one in below if one > place]
        if following:
            return [min(following) - 1]
        goes_on = any(cell.is_code for cell in self._handout[check + 1 :])
        return [place if goes_on else self._last]


def _changed_by(cell: HandoutCell) -> tuple[str, ...]:
    return (*cell.binds, *cell.changes)


def _few(places: list[int]) -> list[int]:
    if len(places) <= MAX_COPIES:
        return places
    return [places[0], *places[1 - MAX_COPIES :]]


def _sure_matches(
    handout: Sequence[HandoutCell], cells: Sequence[StudentCell]
) -> dict[int, int]:
    """Return where the hand-out's cells are that are known by mark, text or name.

    A check cell is known by its question's mark, which it keeps when it is edited. A
    mark, a text or a name that the hand-out has twice tells nothing.
    """
    found: dict[int, int] = {}
    marked = _places_of(cell.question for cell in cells)
    places = _places_of(cell.source for cell in cells)
    marks = dict(_single([cell.question for cell in handout]))
    at = _START
    for index, key in _single([cell.source for cell in handout]):
        known = marked.get(marks[index]) or places.get(key)
        if known:
            at = found[index] = _next_place(known, at)
    taken = set(found.values())
    places = _places_of(cell.name for cell in cells)
    for index, key in _single([cell.name for cell in handout]):
        if index not in found and key in places and places[key][0] not in taken:
            found[index] = places[key][0]
    return found


def _matches_by_id(
    handout: Sequence[HandoutCell],
    cells: Sequence[StudentCell],
    sure: Mapping[int, int],
) -> dict[int, int]:
    """Return the matches, with those by id that are in order with the sure ones.

    Some tools number cells anew, so an id alone is no more than a hint.
    """
    found = dict(sure)
    taken = set(sure.values())
    places = _places_of(cell.id for cell in cells)
    known = sorted(sure)
    for index, key in _single([cell.id for cell in handout]):
        if index in found or key not in places or places[key][0] in taken:
            continue
        beside = bisect_right(known, index)
        above = sure[known[beside - 1]] if beside else _START
        below = sure[known[beside]] if beside < len(known) else len(cells)
        if above < places[key][0] < below:
            found[index] = places[key][0]
    return found


def _in_order(found: Mapping[int, int]) -> frozenset[int]:
    """Return the hand-out's cells that keep their order with as many others as can be.

    They are those of all longest rising sequences of places.
    """
    indices = sorted(found)
    places = [found[index] for index in indices]
    above = _lengths(places)
    below = _lengths([-place for place in reversed(places)])[::-1]
    longest = max(above, default=0)
    return frozenset(
        index
        for index, up, down in zip(indices, above, below, strict=True)
        if up + down - 1 == longest
    )


def _lengths(places: Sequence[int]) -> list[int]:
    """Return how long the longest rising sequence is that ends with each place."""
    ends: list[int] = []
    lengths = []
    for place in places:
        at = bisect_left(ends, place)
        ends[at : at + 1] = [place]
        lengths.append(at + 1)
    return lengths


def _single(keys: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield all keys with their indices; one that stands twice tells nothing."""
    times = Counter(keys)
    for index, key in enumerate(keys):
        yield index, key if times[key] == 1 else ""


def _places_of(keys: Iterable[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        if key:
            places.setdefault(key, []).append(place)
    return places


def _next_place(places: Sequence[int], at: int) -> int:
    """Return the first place below `at`: text that was copied upwards stays a copy."""
    following = bisect_right(places, at)
    return places[following] if following < len(places) else places[0]


def code_cell_at(code_places: Sequence[int], place: int) -> int:
    """Return which code cell is the last one up to the place, -1 for none."""
    return bisect_right(code_places, place) - 1
