"""Rows for a portal that has been used for years, made by SQL in seconds.

A course has 8 assignments, and each of its students hands in 4 times. The courses were
taught one after another, so the rows of the first course are the oldest. Of the newest
runs, every fiftieth part waits in the queue.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from django.contrib.auth.hashers import make_password
from django.db import connection, models
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from courses.models import (
    Assignment,
    AssignmentRevision,
    Course,
    Enrolment,
    Question,
)
from formats.choices import FileKind, QuestionKind, Role
from grading.models import GradingRun, Mark, QuestionResult
from grading.states import State, Verdict
from submissions.models import Submission, SubmittedFile

ASSIGNMENTS: Final = 8
ATTEMPTS: Final = 4
_RUNS_OF_A_COURSE: Final = 10_000
_QUEUED_PART: Final = 50
_SECONDS_BETWEEN: Final = 30
# The first ids of people and other rows: those that are made by SQL follow each other.
_FIRST: Final = 1_000_000


class Dialect(Protocol):
    """How a database writes what differs."""

    def numbers(self, count: int) -> str:
        """Return a table `numbers` with a column `n` from 0, for FROM."""

    def uuid(self, text: str) -> str:
        """Return a UUID that follows from the text."""

    def seconds_ago(self, seconds: str) -> str:
        """Return the time so many seconds ago."""

    def json(self, text: str) -> str:
        """Return the JSON value."""


class _PostgreSQL:
    def numbers(self, count: int) -> str:
        return f"generate_series(0, {count - 1}) AS numbers(n)"

    def uuid(self, text: str) -> str:
        return f"CAST(MD5({text}) AS uuid)"

    def seconds_ago(self, seconds: str) -> str:
        return f"now() - ({seconds}) * interval '1 second'"

    def json(self, text: str) -> str:
        return f"CAST('{text}' AS jsonb)"


class _SQLite:
    def numbers(self, count: int) -> str:
        return (
            "(WITH RECURSIVE each(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM each "  # noqa: S608  a number
            f"WHERE n < {count - 1}) SELECT n FROM each) AS numbers"
        )

    def uuid(self, text: str) -> str:
        return f"MD5({text})"

    def seconds_ago(self, seconds: str) -> str:
        return f"datetime('now', (-({seconds})) || ' seconds')"

    def json(self, text: str) -> str:
        return f"'{text}'"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many rows there are: about `runs` runs, in whole courses."""

    courses: int
    students: int

    @classmethod
    def of(cls, runs: int) -> "Size":
        """Return the size with about this many runs."""
        in_course = min(runs, _RUNS_OF_A_COURSE)
        return cls(
            courses=max(runs // _RUNS_OF_A_COURSE, 1),
            students=max(in_course // (ASSIGNMENTS * ATTEMPTS), 1),
        )

    @property
    def runs_of_a_course(self) -> int:
        """The number of runs in each course."""
        return ASSIGNMENTS * ATTEMPTS * self.students

    @property
    def runs(self) -> int:
        """The number of all runs."""
        return self.courses * self.runs_of_a_course


def fill(size: Size) -> None:
    """Create courses, people, submissions, runs, results and marks in empty tables."""
    dialect: Dialect = _PostgreSQL() if connection.vendor == "postgresql" else _SQLite()
    _fill_courses(size, dialect)
    _fill_work(size, dialect)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _insert(model: type[Model], source: str, values: Mapping[str, str]) -> None:
    """Insert a row for each row of `source`; `values` are SQL, by the field's name.

    A field without a value gets its default.
    """
    columns, expressions, parameters = [], [], []
    for field in model._meta.concrete_fields:  # noqa: SLF001  Django's documented name
        if field.name not in values and field.primary_key:
            continue
        columns.append(connection.ops.quote_name(str(field.column)))
        expressions.append(values.get(field.name, "%s"))
        if field.name not in values:
            parameters.append(_default(field))
    table = connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001  documented
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608  written here
            f"SELECT {', '.join(expressions)} FROM {source}",
            parameters,
        )


def _default(field: "models.Field[Any, Any]") -> Any:
    value = field.get_default()
    if isinstance(field, models.JSONField):
        return json.dumps(value)
    return field.get_db_prep_save(value, connection)


def _fill_courses(size: Size, dialect: Dialect) -> None:
    courses = dialect.numbers(size.courses)
    of_students = dialect.numbers(size.courses * size.students)
    of_assignments = dialect.numbers(size.courses * ASSIGNMENTS)
    ident, first = f"{_FIRST} + n", f"{_FIRST}"
    course_age = dialect.seconds_ago(
        f"({size.courses} - n) * {size.runs_of_a_course * _SECONDS_BETWEEN}"
    )
    _insert(
        Course,
        courses,
        {
            "id": ident,
            "slug": "'course-' || n",
            "title": "'Course ' || n",
            "release_at": course_age,
        },
    )
    names = {"email": "n || '@example.org'", "first_name": "'Student'"}
    _insert(User, of_students, {"id": ident, "last_name": "'No ' || n", **names})
    _insert(
        Enrolment,
        of_students,
        {
            "user": ident,
            "course": f"{first} + n / {size.students}",
            "role": f"'{Role.STUDENT}'",
        },
    )
    _insert(
        Assignment,
        of_assignments,
        {
            "id": ident,
            "course": f"{first} + n / {ASSIGNMENTS}",
            "slug": f"'work-' || (n %% {ASSIGNMENTS})",
            "title": "'Work ' || n",
            "release_at": dialect.seconds_ago("60 * 86400"),
            "due_at": dialect.seconds_ago("-60 * 86400"),
        },
    )
    _insert(
        AssignmentRevision,
        of_assignments,
        {
            "id": ident,
            "assignment": ident,
            "number": "1",
            "notebook_name": "'work.ipynb'",
            "cell_seconds": "10",
            "question_seconds": "10",
            "run_seconds": "60",
        },
    )
    Assignment.objects.update(revision=models.F("pk"))
    _insert(
        Question,
        of_assignments,
        {
            "id": ident,
            "revision": ident,
            "key": "'q1'",
            "title": "'Question 1'",
            "position": "1",
            "kind": f"'{QuestionKind.AUTO}'",
            "points": "2",
        },
    )


def _fill_work(size: Size, dialect: Dialect) -> None:
    work = dialect.numbers(size.runs)
    # A run's number counts the courses, in each the assignments, in each the attempts,
    # and in each the students. The integers are divided without a rest.
    assignment = f"{_FIRST} + n / {ATTEMPTS * size.students}"
    student = (
        f"{_FIRST} + (n / {size.runs_of_a_course}) * {size.students} "
        f"+ n %% {size.students}"
    )
    at = dialect.seconds_ago(f"({size.runs} - n) * {_SECONDS_BETWEEN}")
    submission = dialect.uuid("'submission' || n")
    is_queued = f"n >= {size.runs - size.runs // _QUEUED_PART}"

    def if_ended(value: str, otherwise: str) -> str:
        return f"CASE WHEN {is_queued} THEN {otherwise} ELSE {value} END"

    _insert(
        Submission,
        work,
        {
            "id": submission,
            "assignment": assignment,
            "revision": assignment,
            "author": student,
            "attempt": f"(n / {size.students}) %% {ATTEMPTS} + 1",
            "started_at": at,
            "received_at": at,
        },
    )
    _insert(
        SubmittedFile,
        work,
        {
            "submission": submission,
            "name": "'work.ipynb'",
            "original_name": "'work.ipynb'",
            "kind": f"'{FileKind.NOTEBOOK}'",
            "sha256": "'0'",
            "size": "5000",
        },
    )
    _insert(
        GradingRun,
        work,
        {
            "id": dialect.uuid("'run' || n"),
            "submission": submission,
            "revision": assignment,
            "number": "1",
            "grading_seed": "2027",
            "queued_at": at,
            "started_at": if_ended(at, "NULL"),
            "finished_at": if_ended(at, "NULL"),
            "state": if_ended(f"'{State.FINISHED}'", f"'{State.QUEUED}'"),
            "verdict": if_ended(f"'{Verdict.COMPLETED}'", "''"),
            "code": if_ended("'completed'", "''"),
            "automatic_points": if_ended("n %% 3", "NULL"),
            "measures": dialect.json('{"seconds": 4.2, "versions": {}}'),
        },
    )
    _insert(
        QuestionResult,
        work,
        {
            "run": dialect.uuid("'run' || n"),
            "question": assignment,
            "outcome": f"'{QuestionResult.Outcome.PARTIAL}'",
            "points": "n %% 3",
        },
    )
    marks = dialect.numbers(size.courses * ASSIGNMENTS * size.students)
    _insert(
        Mark,
        marks,
        {
            "assignment": f"{_FIRST} + n / {size.students}",
            "student": (
                f"{_FIRST} + n / {ASSIGNMENTS * size.students} * {size.students} "
                f"+ n %% {size.students}"
            ),
        },
    )


@dataclass(frozen=True, kw_only=True)
class People:
    """Who asks: site staff, staff of all courses or of the oldest one, a student."""

    site_staff: User
    head: User
    lecturer: User
    student: User


def add_people() -> People:
    """Add the people who ask. The student and the lecturer are of the oldest course."""
    now = timezone.now()
    password = make_password(None)

    def person(name: str, **values: Any) -> User:
        return User.objects.create(
            email=f"{name}@example.org",
            last_name=name,
            password=password,
            date_joined=now,
            **values,
        )

    people = People(
        site_staff=person("site", is_staff=True, is_superuser=True),
        head=person("head"),
        lecturer=person("lecturer"),
        student=User.objects.get(pk=_FIRST),
    )
    courses = list(Course.objects.order_by("pk"))
    Enrolment.objects.bulk_create(
        Enrolment(course=course, user=user, role=Role.LECTURER)
        for user, taught in ((people.head, courses), (people.lecturer, courses[:1]))
        for course in taught
    )
    return people
