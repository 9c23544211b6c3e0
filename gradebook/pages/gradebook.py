"""The gradebook: everybody's marks for all assessments, with the total of the course."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator

from accounts.models import User
from courses.models import Assignment, Course, Enrolment
from courses.models.texts import texts_of
from courses.permissions import Right, can
from gradebook.pages.course_total import total_table
from gradebook.services.formula import Formula, Score, load_formula
from gradebook.services.scores import CourseScores, load_scores
from gradebook.totals import CourseTotal, rounded_half_up

PER_PAGE: Final = 100
_HIDDEN: Final = (
    "You do not see the marks of all coursework, because some of it is marked "
    "anonymously. So you see no totals."
)
LONGEST_SEARCH: Final = 100
SHOWN: Final = {
    "": "Everybody",
    "missing": "Something missing",
    "waiting": "Waits for marking",
    "failing": "Below the pass mark",
}
BY_NAME: Final = "name"
BY_TOTAL: Final = "total"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a student has for an assessment. `words` say what is there without a mark."""

    points: Decimal | None = None
    words: str = ""
    is_below_pass: bool = False
    is_waiting: bool = False
    is_missing: bool = False


@dataclass(frozen=True, kw_only=True)
class GradebookRow:
    """A student with their marks, in the order of the page's assignments."""

    student: User
    module_code: str
    cells: tuple[Cell, ...]
    percent: Decimal | None
    exact: Fraction | None
    letter: str
    passes: bool | None
    is_below_pass: bool
    is_complete: bool
    below_required: bool
    lacks_code: bool = False

    @property
    def has_missing(self) -> bool:
        """Whether something is missing: nothing was handed in, and none is excused."""
        return any(cell.is_missing for cell in self.cells)

    @property
    def is_waiting(self) -> bool:
        """Whether something waits for a marker."""
        return any(cell.is_waiting for cell in self.cells)


@dataclass(frozen=True, kw_only=True)
class Column:
    """An assessment, with what its head says."""

    assignment: Assignment
    possible: Decimal
    is_released: bool

    @property
    def key(self) -> str:
        """The value of `sort` that orders by this column."""
        return str(self.assignment.pk)


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
    students: int
    codes: tuple[str, ...]
    may_edit: bool
    shows_totals: bool

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
    columns = _columns(user, formula, now)
    # Whoever may not see all columns could find what is in the others from a total.
    shows_totals = len(columns) == len(formula.assignments)
    people = _people(course, query)
    needs_all = query.sort != BY_NAME or query.show
    if needs_all:
        scores = load_scores(formula, [row.user_id for row in people], now=now)
        rows = _ordered(
            [_row(scores, row, columns, shows_totals=shows_totals) for row in people],
            query,
            columns,
        )
        found: Page[Any] = Paginator(rows, PER_PAGE).get_page(query.page)
    else:
        if query.is_descending:
            people = people[::-1]
        found = Paginator(people, PER_PAGE).get_page(query.page)
        shown: Sequence[Enrolment] = list(found.object_list)
        scores = load_scores(formula, [row.user_id for row in shown], now=now)
        page: Any = found
        page.object_list = [
            _row(scores, row, columns, shows_totals=shows_totals) for row in shown
        ]
    return GradebookPage(
        course=course,
        formula=formula,
        columns=columns,
        query=query,
        rows=found,
        students=len(people),
        codes=tuple(texts_of(course.module_codes)),
        may_edit=can(user, Right.EDIT, course),
        shows_totals=shows_totals,
    )


def all_rows(
    *, user: User, course: Course, now: dt.datetime
) -> tuple[tuple[Column, ...], list[GradebookRow], bool]:
    """Return columns and rows of everybody by name, and whether totals are shown."""
    formula = load_formula(course)
    columns = _columns(user, formula, now)
    shows_totals = len(columns) == len(formula.assignments)
    people = _people(course, GradebookQuery())
    scores = load_scores(formula, [row.user_id for row in people], now=now)
    rows = [_row(scores, each, columns, shows_totals=shows_totals) for each in people]
    return columns, rows, shows_totals


def all_totals(
    *, user: User, course: Course, now: dt.datetime
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return why there are no totals, and everybody's total by name.

    Each total is a dictionary with `user`, `module_code` and `table`, a TotalTable.
    """
    formula = load_formula(course)
    if len(_columns(user, formula, now)) < len(formula.assignments):
        return (_HIDDEN,), []
    people = _people(course, GradebookQuery())
    scores = load_scores(formula, [row.user_id for row in people], now=now)
    return formula.problems, [
        {
            "user": row.user,
            "module_code": row.module_code,
            "table": total_table(
                formula, scores.of(row.user_id), module_code=row.module_code
            ),
        }
        for row in people
    ]


def _columns(user: User, formula: Formula, now: dt.datetime) -> tuple[Column, ...]:
    """Return the assessments whose work the person sees.

    SECURITY: while an assignment is marked apart, assistants see no marks of it.
    """
    seen = set(
        Assignment.objects.with_work_seen_by(user)
        .filter(course=formula.course)
        .values_list("pk", flat=True)
    )
    return tuple(
        Column(
            assignment=each,
            possible=formula.possible.get(each.pk, Decimal(0)),
            is_released=each.marks_released_at is not None
            and each.marks_released_at <= now,
        )
        for each in formula.assignments
        if each.pk in seen
    )


def _people(course: Course, query: GradebookQuery) -> list[Enrolment]:
    """Return the students who match, by name. One query."""
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
    return [row for row in rows if all(word in _searched(row.user) for word in words)]


def _searched(user: User) -> str:
    return f"{user.first_name} {user.last_name} {user.email} {user.login}".casefold()


def _row(
    scores: CourseScores,
    enrolment: Enrolment,
    columns: Sequence[Column],
    *,
    shows_totals: bool,
) -> GradebookRow:
    student = enrolment.user_id
    formula = scores.formula
    total = scores.total(student, enrolment.module_code)
    exact = total.percent if shows_totals and not formula.problems else None
    return GradebookRow(
        student=enrolment.user,
        module_code=enrolment.module_code,
        cells=tuple(_cell(scores, column.assignment, student) for column in columns),
        percent=None
        if exact is None
        else rounded_half_up(exact, formula.course.total_decimals),
        exact=exact,
        letter=total.letter if exact is not None else "",
        passes=total.passes if exact is not None else None,
        is_below_pass=exact is not None and _is_below(formula, total),
        is_complete=total.is_complete,
        below_required=exact is not None and bool(total.below_required),
        lacks_code=formula.lacks_code(enrolment.module_code),
    )


def _is_below(formula: Formula, total: CourseTotal) -> bool:
    """Return whether the student would fail with what there is so far."""
    is_low = total.percent is not None and total.percent < Fraction(
        formula.course.pass_mark
    )
    return is_low or bool(total.below_required)


def _cell(scores: CourseScores, assignment: Assignment, student: int) -> Cell:
    owner = assignment.pk, student
    mark, score = scores.marks.get(owner), scores.score(owner)
    if score.is_excused:
        return Cell(words="Excused")
    if mark is not None and not mark.is_complete:
        return Cell(
            points=mark.points.final, words="waits for marking", is_waiting=True
        )
    if score.points is None:
        if owner in scores.without_result:
            return Cell(words="no result yet", is_waiting=True)
        return Cell(words="\N{EN DASH}")
    if owner in scores.missing:
        return Cell(points=score.points, words="nothing handed in", is_missing=True)
    return Cell(
        points=score.points,
        is_missing=mark is not None and not mark.has_work,
        is_below_pass=_fails(assignment, score),
    )


def _fails(assignment: Assignment, score: Score) -> bool:
    """Return whether the points are below the assignment's pass mark."""
    if score.points is None or not score.possible:
        return False
    return score.points * 100 < score.possible * assignment.pass_percent


def _ordered(
    rows: list[GradebookRow], query: GradebookQuery, columns: Sequence[Column]
) -> list[GradebookRow]:
    """Return the rows that the filter shows, in order; those without a value last."""
    kept = [row for row in rows if _is_shown(row, query.show)]
    value = _value_of(query.sort, columns)
    if value is None:
        return kept[::-1] if query.is_descending else kept
    with_value = [row for row in kept if value(row) is not None]
    without = [row for row in kept if value(row) is None]
    with_value.sort(key=value, reverse=query.is_descending)
    return with_value + without


def _is_shown(row: GradebookRow, show: str) -> bool:
    return {
        "missing": row.has_missing,
        "waiting": row.is_waiting,
        "failing": row.is_below_pass,
    }.get(show, True)


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
