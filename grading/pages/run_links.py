"""Links for staff from a run to the runs of other students."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from grading.models import GradingRun
from grading.pages.assignment_staff import staff_page
from submissions.models import Submission

# What the address of the staff table says about its rows and their order.
_ORDER: Final = ("q", "state", "sort")


@dataclass(frozen=True, kw_only=True)
class StudentLink:
    """Another student's latest run."""

    name: str
    run_id: UUID


@dataclass(frozen=True, kw_only=True)
class RunLinks:
    """The links from a run. The student is number `place` of `count` students.

    `order` is how the staff table was filtered and sorted, if it was: the links keep it.
    """

    previous: StudentLink | None
    next: StudentLink | None
    place: int
    count: int
    order: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        """The end of an address that keeps the order, or empty."""
        return f"?{urlencode(self.order)}" if self.order else ""


def run_links_of(run: GradingRun, order: Mapping[str, str] | None = None) -> RunLinks:
    """Return the neighbours of the run's student among all who handed in.

    They come in the order of the staff table: as its address in `order` says, else by
    name, in one query. Where the table no longer shows the student, it is by name too.
    """
    chosen = {key: (order or {}).get(key, "") for key in _ORDER}
    chosen = {key: value for key, value in chosen.items() if value}
    if chosen:
        rows = staff_page(assignment=run.work.assignment, **chosen).rows
        found = [
            StudentLink(name=row.name, run_id=row.run_id) for row in rows if row.run_id
        ]
        ids = [row.student_id for row in rows if row.run_id]
        if run.work.author_id in ids:
            return _links(found, ids.index(run.work.author_id), chosen)
    students = list(_latest_runs_by_name(run.work.assignment_id))
    place = next(
        (index for index, each in enumerate(students) if each[0] == run.work.author_id),
        -1,
    )
    return _links([_link(each) for each in students], place, {})


def _links(
    students: Sequence[StudentLink], place: int, order: Mapping[str, str]
) -> RunLinks:
    return RunLinks(
        previous=students[place - 1] if place > 0 else None,
        next=students[place + 1] if 0 <= place < len(students) - 1 else None,
        place=place + 1,
        count=len(students),
        order=order,
    )


def _latest_runs_by_name(assignment: int) -> QuerySet[GradingRun, tuple[Any, ...]]:
    later = Submission.objects.filter(
        assignment=OuterRef("submission__assignment"),
        author=OuterRef("submission__author"),
        attempt__gt=OuterRef("submission__attempt"),
    )
    author = "submission__author"
    names = (f"{author}__last_name", f"{author}__first_name", f"{author}__email")
    rows: QuerySet[GradingRun, tuple[Any, ...]] = (
        GradingRun.objects.latest_of_attempts()
        .of_assignment(assignment)
        .filter(~Exists(later))
        .order_by(*names)
        .values_list(author, *names, "pk")
    )
    return rows


def _link(row: tuple[Any, ...]) -> StudentLink:
    _, last_name, first_name, email, run = row
    return StudentLink(name=f"{first_name} {last_name}".strip() or email, run_id=run)
