"""The staff page of an assignment: everybody enrolled, and how their work stands."""

import datetime as dt
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from courses.models import Assignment
from grading.models import Standing
from grading.pages.staff_rows import StudentRow, student_rows
from grading.states import State


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How the whole course stands, whatever the filter shows.

    `expected` is from how many students work is expected: from all who are enrolled but
    excused students who handed in nothing.
    """

    enrolled: int
    expected: int
    excused: int
    absent: int
    withheld: int
    handed_in: int
    waiting: int
    running: int
    needs_staff: int
    to_mark: int
    waiting_for_staff: int
    late: int
    median: Decimal | None

    @property
    def decided_words(self) -> str:
        """For how many students staff have decided what, or empty."""
        found = {
            "excused": self.excused,
            "absent": self.absent,
            "withheld": self.withheld,
        }
        return ", ".join(f"{count} {what}" for what, count in found.items() if count)

    @property
    def waiting_words(self) -> str:
        """What staff have to do, or empty if nothing waits for them."""
        found = {"to mark by hand": self.to_mark, "failed": self.needs_staff}
        return ", ".join(f"{count} {what}" for what, count in found.items() if count)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An option of the filter, with how many rows it would show."""

    value: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, kw_only=True)
class Column:
    """A heading of the table, and the order that a click on it gives."""

    label: str
    sort: str
    direction: str
    is_number: bool


@dataclass(frozen=True, kw_only=True)
class StaffPage:
    assignment: Assignment
    # The points of the whole assignment, if they are the same for every mark.
    possible: Decimal | None
    summary: Summary
    rows: tuple[StudentRow, ...]
    choices: tuple[Choice, ...]
    columns: tuple[Column, ...]
    total: int
    q: str
    state: str
    sort: str

    @property
    def query(self) -> str:
        """The end of a run's address that keeps this filter and order, or empty."""
        chosen = {"q": self.q, "state": self.state, "sort": self.sort}
        usual = {"q": "", "state": "", "sort": "name"}
        kept = {key: value for key, value in chosen.items() if value != usual[key]}
        return f"?{urlencode(kept)}" if kept else ""


_FILTERS: dict[str, tuple[str, Callable[[StudentRow], bool]]] = {
    "": ("Everybody", lambda row: True),
    "none": (
        "Handed in nothing",
        lambda row: row.attempts == 0 and not row.is_excused,
    ),
    "excused": ("Excused", lambda row: row.is_excused),
    "absent": ("Absent", lambda row: row.standing == Standing.ABSENT),
    "withheld": ("Withheld", lambda row: row.standing == Standing.WITHHELD),
    "queued": ("In the queue", lambda row: row.run_state == State.QUEUED),
    "running": ("Running", lambda row: row.run_state == State.RUNNING),
    "finished": ("Finished", lambda row: row.run_state == State.FINISHED),
    "needs_staff": (
        "Waiting for staff",
        lambda row: row.waits_for_staff,
    ),
    "to_mark": ("To mark by hand", lambda row: row.is_to_mark),
    "failed": ("Run failed", lambda row: row.run_state == State.NEEDS_STAFF),
    "late": ("Late", lambda row: row.is_late),
}
_EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)
_SORTS: dict[str, tuple[str, bool, Callable[[StudentRow], tuple[object, ...]]]] = {
    "name": ("Student", False, lambda row: (row.sort_name,)),
    "login": ("Login", False, lambda row: (row.login.casefold(), row.sort_name)),
    "attempts": ("Attempts", True, lambda row: (row.attempts, row.sort_name)),
    "received": (
        "Last received",
        False,
        lambda row: (row.received_at or _EARLIEST, row.sort_name),
    ),
    "state": (
        "Latest run",
        False,
        lambda row: (row.badge.label if row.badge else "", row.sort_name),
    ),
    "counts": ("Counts", True, lambda row: (row.counting_attempt or 0, row.sort_name)),
    "mark": (
        "Mark",
        True,
        lambda row: (-1 if row.mark is None else row.mark, row.sort_name),
    ),
}


def staff_page(
    *, assignment: Assignment, q: str = "", state: str = "", sort: str = "name"
) -> StaffPage:
    """Return the page in a number of queries that does not grow with the course."""
    everybody = student_rows(assignment)
    state = state if state in _FILTERS else ""
    sort = sort if sort.removeprefix("-") in _SORTS else "name"
    return StaffPage(
        assignment=assignment,
        possible=_possible_of_all(everybody),
        summary=_summary(everybody),
        rows=_chosen_rows(everybody, q=q, state=state, sort=sort),
        choices=tuple(
            Choice(
                value=value,
                label=label,
                count=sum(map(keeps, everybody)),
                is_chosen=value == state,
            )
            for value, (label, keeps) in _FILTERS.items()
        ),
        columns=_columns(sort),
        total=len(everybody),
        q=q,
        state=state,
        sort=sort,
    )


def _possible_of_all(rows: list[StudentRow]) -> Decimal | None:
    """Return the points that all marks are out of, or None if these differ."""
    found = {row.counting.possible for row in rows if row.counting}
    return found.pop() if len(found) == 1 else None


def _summary(rows: list[StudentRow]) -> Summary:
    marks = [row.mark for row in rows if row.mark is not None]
    states = [row.run_state for row in rows]
    return Summary(
        enrolled=sum(row.is_enrolled for row in rows),
        expected=sum(
            row.is_enrolled and (row.attempts > 0 or not row.is_excused) for row in rows
        ),
        excused=_with_standing(rows, Standing.EXCUSED),
        absent=_with_standing(rows, Standing.ABSENT),
        withheld=_with_standing(rows, Standing.WITHHELD),
        handed_in=sum(row.attempts > 0 and row.is_enrolled for row in rows),
        waiting=states.count(State.QUEUED),
        running=states.count(State.RUNNING),
        needs_staff=states.count(State.NEEDS_STAFF),
        to_mark=sum(row.is_to_mark for row in rows),
        waiting_for_staff=sum(row.waits_for_staff for row in rows),
        late=sum(row.is_late for row in rows),
        median=statistics.median(marks) if marks else None,
    )


def _with_standing(rows: list[StudentRow], standing: Standing) -> int:
    return sum(row.standing == standing and row.is_enrolled for row in rows)


def _chosen_rows(
    rows: list[StudentRow], *, q: str, state: str, sort: str
) -> tuple[StudentRow, ...]:
    words = q.casefold().split()
    keeps = _FILTERS[state][1]
    chosen = [
        row
        for row in rows
        if keeps(row)
        and all(
            word in f"{row.name} {row.login} {row.email}".casefold() for word in words
        )
    ]
    key = _SORTS[sort.removeprefix("-")][2]
    return tuple(sorted(chosen, key=key, reverse=sort.startswith("-")))


def _columns(sort: str) -> tuple[Column, ...]:
    """Return the headings. A click on the current one reverses its order."""
    directions = {sort: "ascending"}
    if sort.startswith("-"):
        directions = {sort[1:]: "descending"}
    return tuple(
        Column(
            label=label,
            sort=f"-{name}" if sort == name else name,
            direction=directions.get(name, ""),
            is_number=is_number,
        )
        for name, (label, is_number, _) in _SORTS.items()
    )
