"""Placement: the cells of a student's notebook after which each question is tested.

A question is tested after its check cell, and after each copy of it. If that cell is gone
or cannot be recognised, the hand-out says where it was. Below its check cell, the
hand-out may have cells that have to do with what the tests ask for. A question is never
tested below such a cell: it could test the hand-out's own work there.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runner.protocol.jobs import HandoutCell, JobSpec, QuestionSpec, TestStyle
from runner.protocol.requested_names import may_request_any, requested_names

# The most copies of one check cell that are tested: the first, and the last ones.
MAX_COPIES: Final = 3
_START: Final = -1
_ALL_NAMES: Final = "env"


@dataclass(frozen=True, kw_only=True)
class StudentCell:
    """The features that distinguish a cell of the student's notebook from others.

    `question` is the key of the question that the cell is marked as checking, or "".
    """

    id: str
    name: str
    source: str
    question: str = ""


def fingerprint(source: str) -> str:
    """Return a hash that is equal for cells with the same text; "" for no text."""
    text = source.strip()
    if not text:
        return ""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def cell_id(cell: Mapping[str, Any]) -> str:
    """Return the cell's id, which Jupyter or Colab gives to it, or ""."""
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

    A place is the index of the cell after which the question is tested, or _START for a
    test before the first cell.
    """

    def __init__(self, spec: JobSpec, cells: Sequence[StudentCell]) -> None:
        self._handout = spec.handout
        self._libraries = frozenset(spec.test_names)
        self._last = len(cells) - 1
        # The hand-out's cells that are found by mark, text or name (`_sure`), and with
        # them those that are found by their id alone (`_found`).
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
        """Return the places at which the question is tested; none if they are not known.

        Raises TestsUnreadableError.
        """
        marked = self._marked.get(question.key, [])
        check = self._check_cells.get(question.key)
        if check is None:
            return _first_and_last(marked)
        later = self._related(question, check)
        ceiling = self._ceiling(self._sure, later)
        copies = [place for place in marked if place < ceiling]
        return _first_and_last(copies) or self._by_handout(check, later)

    def _ceiling(self, known: Mapping[int, int], later: Sequence[int]) -> int:
        """Return the first place of a cell of `later` that is in order, or past the end."""
        found = (known[one] for one in later if one in known and one in self._in_order)
        return min(found, default=self._last + 1)

    def _related(self, question: QuestionSpec, check: int) -> list[int]:
        """Return the hand-out's cells that have to do with what is tested.

        They stand below the check cell, whose index is `check`.
        """
        names = requested_names(question) - self._libraries
        is_open = question.style is TestStyle.CASES and _ALL_NAMES in names
        is_open = is_open or may_request_any(question)
        return [
            index
            for index in range(check + 1, len(self._handout))
            if (found := _names_of(self._handout[index]))
            and (is_open or "*" in found or not names.isdisjoint(found))
        ]

    def _by_handout(self, check: int, later: Sequence[int]) -> list[int]:
        """Return the place of a check cell that is gone, if any of the hand-out is left.

        The place is after the last cell that the hand-out has above the check cell. Cells
        that the student has inserted below that one come before the place too. They
        reach up to the check cell itself, if it is found by its id, or to the next cell
        of the hand-out. They do not count if a cell that has to do with what is tested is gone:
        the inserted code might be that cell.
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


def _names_of(cell: HandoutCell) -> tuple[str, ...]:
    return (*cell.binds, *cell.related)


def _first_and_last(places: list[int]) -> list[int]:
    if len(places) <= MAX_COPIES:
        return places
    return [places[0], *places[1 - MAX_COPIES :]]


def _sure_matches(
    handout: Sequence[HandoutCell], cells: Sequence[StudentCell]
) -> dict[int, int]:
    """Return the places of the hand-out's cells that are found by mark, text or name.

    A check cell is found by its question's mark, which it keeps when it is edited. A
    mark, a text or a name that the hand-out has twice is not used.
    """
    found: dict[int, int] = {}
    marked = _places_of(cell.question for cell in cells)
    places = _places_of(cell.source for cell in cells)
    marks = dict(_unique_keys([cell.question for cell in handout]))
    at = _START
    for index, key in _unique_keys([cell.source for cell in handout]):
        known = marked.get(marks[index]) or places.get(key)
        if known:
            at = found[index] = _next_place(known, at)
    taken = set(found.values())
    places = _places_of(cell.name for cell in cells)
    for index, key in _unique_keys([cell.name for cell in handout]):
        if index not in found and key in places and places[key][0] not in taken:
            found[index] = places[key][0]
    return found


def _matches_by_id(
    handout: Sequence[HandoutCell],
    cells: Sequence[StudentCell],
    sure: Mapping[int, int],
) -> dict[int, int]:
    """Return the sure matches, and those by id that are in order with them.

    Some tools give cells new ids, so an id alone is only a hint.
    """
    found = dict(sure)
    taken = set(sure.values())
    places = _places_of(cell.id for cell in cells)
    known = sorted(sure)
    for index, key in _unique_keys([cell.id for cell in handout]):
        if index in found or key not in places or places[key][0] in taken:
            continue
        beside = bisect_right(known, index)
        above = sure[known[beside - 1]] if beside else _START
        below = sure[known[beside]] if beside < len(known) else len(cells)
        if above < places[key][0] < below:
            found[index] = places[key][0]
    return found


def _in_order(found: Mapping[int, int]) -> frozenset[int]:
    """Return the hand-out's cells that keep their order with the most other cells.

    These are the cells that belong to any longest rising sequence of places.
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
    """Return, for each place, the length of the longest rising sequence ending there."""
    ends: list[int] = []
    lengths = []
    for place in places:
        at = bisect_left(ends, place)
        ends[at : at + 1] = [place]
        lengths.append(at + 1)
    return lengths


def _unique_keys(keys: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield all indices with their keys; a key that occurs twice becomes ""."""
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
    """Return the first of the places below `at`, or the very first if there is none.

    So if a student has copied a cell to a place further up, the original is found.
    """
    following = bisect_right(places, at)
    return places[following] if following < len(places) else places[0]


def code_cell_at(code_places: Sequence[int], place: int) -> int:
    """Return the number, from 0, of the last code cell up to the place, -1 for none."""
    return bisect_right(code_places, place) - 1
