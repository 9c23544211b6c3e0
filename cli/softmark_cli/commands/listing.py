"""List courses and assignments."""

import datetime as dt
import time
from typing import Annotated

import typer

from softmark_cli.connection import connected
from softmark_cli.portal_rows import Assignment, read, reading
from softmark_cli.terminal_output import JsonOption, reporting, short_moment_words

CourseOption = Annotated[
    str | None,
    typer.Option("--course", help="Only this course: its key.", show_default=False),
]


def courses(*, as_json: JsonOption = False) -> None:
    """List your courses."""
    with reporting(as_json=as_json) as output, connected(output) as client, reading():
        found = list(client.rows("courses/"))
        output.data(found)
        rows = [
            (row["slug"], row["title"], row["academic_year"], row["role"] or "")
            for row in found
        ]
        output.table(
            ("Course", "Title", "Year", "Your role"),
            rows,
            empty="You have no courses.",
            folds="Title",
        )


def assignments(*, course: CourseOption = None, as_json: JsonOption = False) -> None:
    """List your assignments, with your own deadlines."""
    with reporting(as_json=as_json) as output, connected(output) as client:
        only = {} if course is None else {"course": course}
        raw = list(client.rows("assignments/", **only))
        output.data(raw)
        now = dt.datetime.fromtimestamp(time.time(), tz=dt.UTC)
        rows = [_row(read(Assignment.read, each), now) for each in raw]
        columns = ("No.", "Assignment", "Title", "Due", "Attempts", "")
        output.table(columns, rows, empty="You have no assignments.", folds="Title")


def _row(assignment: Assignment, now: dt.datetime) -> tuple[object, ...]:
    limit = assignment.max_attempts
    used = assignment.attempts_used
    return (
        assignment.id,
        assignment.key,
        assignment.title,
        short_moment_words(assignment.due_at, now),
        used if limit is None else f"{used} of {limit}",
        _standing(assignment, now),
    )


def _standing(assignment: Assignment, now: dt.datetime) -> str:
    if not assignment.is_published:
        return "not published"
    if now <= assignment.due_at:
        return ""
    return "closed" if now > assignment.closes_at else "late"
