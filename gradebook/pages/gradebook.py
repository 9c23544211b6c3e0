"""The gradebook: everybody's marks for all assessments, with the total of the course."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter, methodcaller
from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator

from accounts.models import User
from courses.models import Course, Enrolment
from courses.models.texts import texts_of
from courses.permissions import DECIDES_MARKS, Right, can, can_view_all_work, rights_in
from gradebook.pages.course_total import total_table
from gradebook.pages.gradebook_rows import (
    Column,
    GradebookRow,
    as_on_a_page,
    columns_of,
    row_of,
)
from gradebook.services.formula import Formula, load_formula
from gradebook.services.scores import CourseScores, load_scores
from gradebook.services.student_codes import code_in_course
from grading.models import Standing

PER_PAGE: Final = 100
_HIDDEN: Final = (
    "You do not see the marks of all coursework, because some of it is marked "
    "anonymously, or you have not finished a second marking of it. So you see no totals."
)
LONGEST_SEARCH: Final = 100
SHOWN: Final = {
    "": "Everybody",
    "missing": "Something missing",
    "waiting": "Waits for marking",
    "failing": "Below the pass mark",
    "excused": "Something excused",
    "absent": "Absent",
    "withheld": "Something withheld",
}
BELOW_PASS: Final = "failing"  # noqa: S105  a filter
# The filters that ask for the marks of all columns.
_BY_CELLS: Final = frozenset(SHOWN) - {"", BELOW_PASS}
BY_NAME: Final = "name"
BY_TOTAL: Final = "total"


@dataclass(frozen=True, kw_only=True)
class GradebookQuery:
    """What of the gradebook is asked for. Unknown values are those of the whole page."""

    q: str = ""
    show: str = ""
    code: str = ""
    sort: str = BY_NAME
    is_descending: bool = False
    page: str = ""

    @classmethod
    def of(cls, given: Any) -> "GradebookQuery":
        """Return what a query string asks for."""
        show = given.get("show", "")
        return cls(
            q=given.get("q", "").replace("\0", "")[:LONGEST_SEARCH].strip(),
            show=show if show in SHOWN else "",
            code=given.get("code", "").replace("\0", "")[:LONGEST_SEARCH],
            sort=given.get("sort", "") or BY_NAME,
            is_descending=given.get("order", "") == "down",
            page=given.get("page", ""),
        )

    def text(self, **changes: str) -> str:
        """Return the query string of this query with some values changed."""
        values = {
            "q": self.q,
            "show": self.show,
            "code": self.code,
            "sort": "" if self.sort == BY_NAME else self.sort,
            "order": "down" if self.is_descending else "",
            **changes,
        }
        return urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True, kw_only=True)
class Head:
    """The head of a column. `query` sorts by it, or turns its order round.

    `order` is empty unless the rows are sorted by it.
    """

    label: str
    query: str
    order: str
    column: Column | None = None


@dataclass(frozen=True, kw_only=True)
class GradebookPage:
    course: Course
    formula: Formula
    columns: tuple[Column, ...]
    query: GradebookQuery
    rows: "Page[Any]"
    codes: tuple[str, ...]
    may_edit: bool
    may_oversee: bool
    shows_totals: bool
    sees_names: bool = True
    may_enter: bool = False
    has_codes: bool = False

    @property
    def name_head(self) -> Head:
        """The head of the students' column."""
        return self._head(BY_NAME, "Student")

    @property
    def total_head(self) -> Head:
        """The head of the total's column."""
        return self._head(BY_TOTAL, "Total")

    @property
    def heads(self) -> tuple[Head, ...]:
        """The heads of the assessments' columns."""
        return tuple(
            self._head(column.key, column.assignment.title, column)
            for column in self.columns
        )

    @property
    def has_entries(self) -> bool:
        """Whether the person may enter marks of some column."""
        return self.may_enter and any(
            column.assignment.has_entered_marks for column in self.columns
        )

    @property
    def has_totals(self) -> bool:
        """Whether there is a column of totals."""
        return self.shows_totals and not self.formula.problems

    def _head(self, key: str, label: str, column: Column | None = None) -> Head:
        is_sorted = key == self.query.sort
        turned = is_sorted and not self.query.is_descending
        order = "descending" if self.query.is_descending else "ascending"
        return Head(
            label=label,
            query=self.query.text(
                sort="" if key == BY_NAME else key, order="down" if turned else ""
            ),
            order=order if is_sorted else "",
            column=column,
        )


def gradebook_page(
    *, user: User, course: Course, query: GradebookQuery, now: dt.datetime
) -> GradebookPage:
    """Return a page of the gradebook. The number of queries does not grow.

    Sorted by name and without a filter by marks, only the marks of the page's students
    are loaded.
    """
    formula = load_formula(course)
    columns = columns_of(user, formula, now)
    sees_names = can_view_all_work(user, course)
    # Whoever may not see all columns could find what is in the others from a total.
    shows_totals = len(columns) == len(formula.assignments)
    people = _people(course, query, sees_names=sees_names)
    needs_all = query.sort != BY_NAME or query.show
    scores = None
    if needs_all:
        scores = load_scores(formula, [row.user_id for row in people], now=now)
        people = _ordered(scores, people, query, columns, shows_totals=shows_totals)
    elif query.is_descending:
        people = people[::-1]
    found: Page[Any] = Paginator(people, PER_PAGE).get_page(query.page)
    shown: list[Enrolment] = list(found.object_list)
    if scores is None:
        scores = load_scores(formula, [row.user_id for row in shown], now=now)
    rows = [
        row_of(scores, row, columns, shows_totals=shows_totals, sees_names=sees_names)
        for row in shown
    ]
    page: Any = found
    page.object_list = as_on_a_page(scores, rows, columns, sees_names=sees_names)
    return GradebookPage(
        course=course,
        formula=formula,
        columns=columns,
        query=query,
        rows=found,
        codes=tuple(texts_of(course.module_codes)),
        may_edit=can(user, Right.MANAGE_MARKS, course),
        may_oversee=can(user, Right.OVERSEE, course),
        may_enter=not getattr(course, "frozen_for", None)
        and bool(rights_in(user, course) & DECIDES_MARKS),
        shows_totals=shows_totals,
        sees_names=sees_names,
        has_codes=any(row.module_code for row in people),
    )


@dataclass(frozen=True, kw_only=True)
class Everybody:
    """All students of a course by name, or by code, with the marks that a person sees."""

    formula: Formula
    columns: tuple[Column, ...]
    people: Sequence[Enrolment]
    scores: CourseScores
    sees_names: bool

    @property
    def shows_totals(self) -> bool:
        """Whether the person sees all columns, from which a total is made."""
        return len(self.columns) == len(self.formula.assignments)

    @property
    def rows(self) -> list[GradebookRow]:
        """A row for each student."""
        return [
            row_of(
                self.scores,
                each,
                self.columns,
                shows_totals=self.shows_totals,
                sees_names=self.sees_names,
            )
            for each in self.people
        ]


def load_everybody(*, user: User, course: Course, now: dt.datetime) -> Everybody:
    """Return everybody's marks. The number of queries does not grow."""
    formula = load_formula(course)
    sees_names = can_view_all_work(user, course)
    people = _people(course, GradebookQuery(), sees_names=sees_names)
    return Everybody(
        formula=formula,
        columns=columns_of(user, formula, now),
        people=people,
        scores=load_scores(formula, [row.user_id for row in people], now=now),
        sees_names=sees_names,
    )


def all_totals(
    *, user: User, course: Course, now: dt.datetime
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return why there are no totals, and everybody's total by name.

    Each total is a dictionary with `user`, `module_code` and `table`, a TotalTable.
    """
    everybody = load_everybody(user=user, course=course, now=now)
    if not everybody.shows_totals:
        return (_HIDDEN,), []
    formula, scores = everybody.formula, everybody.scores
    return formula.problems, [
        {
            "user": row.user,
            "module_code": row.module_code,
            "table": total_table(
                formula, scores.of(row.user_id), module_code=row.module_code
            ),
        }
        for row in everybody.people
    ]


def _people(
    course: Course, query: GradebookQuery, *, sees_names: bool = True
) -> list[Enrolment]:
    """Return the students who match, by name; by code where names are hidden. One query.

    SECURITY: without names, neither the order nor a search tells who somebody is.
    """
    rows = (
        Enrolment.objects.students()
        .filter(course=course)
        .select_related("user")
        .only(
            "module_code",
            "user__first_name",
            "user__last_name",
            "user__email",
            "user__login",
        )
        .order_by("user__last_name", "user__first_name", "user__email")
    )
    if query.code:
        rows = rows.filter(module_code=query.code)
    words = query.q.casefold().split()
    if not sees_names:
        coded = {code_in_course(course, row.user_id): row for row in rows}
        return [
            coded[code]
            for code in sorted(coded)
            if all(word in code.casefold() for word in words)
        ]
    return [row for row in rows if all(word in _searched(row.user) for word in words)]


def _searched(user: User) -> str:
    return f"{user.first_name} {user.last_name} {user.email} {user.login}".casefold()


def _ordered(
    scores: CourseScores,
    people: Sequence[Enrolment],
    query: GradebookQuery,
    columns: Sequence[Column],
    *,
    shows_totals: bool,
) -> list[Enrolment]:
    """Return the students whom the filter shows, in order; those without a value last.

    Of everybody's row, only what the query asks for is made: one column to sort by it,
    and the total to sort by that.
    """
    sorts_by = [column for column in columns if column.key == query.sort]
    needed = columns if query.show in _BY_CELLS else sorts_by
    needs_totals = shows_totals and (query.sort == BY_TOTAL or query.show == BELOW_PASS)
    everybody = [
        (each, row_of(scores, each, needed, shows_totals=needs_totals))
        for each in people
    ]
    kept = everybody
    if query.show:
        kept = [pair for pair in everybody if _FILTERS[query.show](pair[1])]
    value = _value_of(query.sort, needed)
    if value is not None:
        have = [pair for pair in kept if value(pair[1]) is not None]
        have.sort(key=lambda pair: value(pair[1]), reverse=query.is_descending)
        kept = have + [pair for pair in kept if value(pair[1]) is None]
    elif query.is_descending:
        kept = kept[::-1]
    return [each for each, _ in kept]


# What a row must be for each filter of `SHOWN`.
_FILTERS: Final[dict[str, Callable[[GradebookRow], bool]]] = {
    "missing": attrgetter("has_missing"),
    "waiting": attrgetter("is_waiting"),
    BELOW_PASS: attrgetter("is_below_pass"),
    **{
        each.value: methodcaller("has_standing", each)
        for each in (Standing.EXCUSED, Standing.ABSENT, Standing.WITHHELD)
    },
}


def _value_of(
    sort: str, columns: Sequence[Column]
) -> Callable[[GradebookRow], Any] | None:
    """Return what a row is sorted by; None for its name, or an unknown column."""
    if sort == BY_TOTAL:
        return lambda row: row.exact
    for index, column in enumerate(columns):
        if column.key == sort:
            return lambda row: row.cells[index].points
    return None
