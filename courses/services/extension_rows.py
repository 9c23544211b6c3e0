"""Extensions of many students: from logins that were pasted, or from a CSV file.

Students are found by login or address among the students of the course. Each fault
names its line, and with a fault nothing is granted.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from django.core.exceptions import ValidationError

from accounts.models import User
from courses.models import Assignment, Course, Enrolment
from courses.services.extensions import ExtensionGrant
from courses.wall_clock import check_hour
from formats.extension_file import ExtensionRow
from formats.problems import Problem

_UNKNOWN = "No student of this course has the login or address “{name}”."
_DATE = "“{due}” is not a date and time. Write it as 2027-03-15 12:00."


def named_students(
    course: Course, names: Iterable[tuple[int, str]]
) -> tuple[list[User], list[Problem]]:
    """Return the students by login or address, and a problem for each unknown name.

    `names` come with their lines. A name that stands twice is one student.
    """
    known = students_by_name(course)
    found: dict[int, User] = {}
    problems = []
    for line, name in names:
        student = known.get(name.casefold())
        if student is None:
            problems.append(Problem(line=line, message=_UNKNOWN.format(name=name)))
        else:
            found[student.pk] = student
    return list(found.values()), problems


def students_by_name(course: Course) -> dict[str, User]:
    """Return the active students by login and by address. One query."""
    rows = Enrolment.objects.students().filter(course=course).select_related("user")
    people = [row.user for row in rows]
    by_address = {each.email.casefold(): each for each in people}
    return {each.login.casefold(): each for each in people if each.login} | by_address


def grants_of_rows(
    assignment: Assignment, rows: Sequence[ExtensionRow]
) -> tuple[list[ExtensionGrant], list[Problem]]:
    """Return the extensions that a CSV file grants, and its faults by their lines."""
    known = students_by_name(assignment.course)
    lines: dict[int, int] = {}
    grants, problems = [], []
    for row in rows:
        try:
            grant = _grant(assignment, row, known)
        except ValidationError as error:
            problems.append(Problem(line=row.line, message=" ".join(error.messages)))
            continue
        if grant.student.pk in lines:
            first = lines[grant.student.pk]
            problems.append(
                Problem(
                    line=row.line,
                    message=f"{grant.student} stands in line {first} already.",
                )
            )
        lines.setdefault(grant.student.pk, row.line)
        grants.append(grant)
    return grants, problems


def _grant(
    assignment: Assignment, row: ExtensionRow, known: Mapping[str, User]
) -> ExtensionGrant:
    """Return the row's extension, or raise ValidationError."""
    student = known.get(row.student.casefold())
    if student is None:
        raise ValidationError(_UNKNOWN.format(name=row.student))
    due_at = _moment(row.due_at, assignment.course)
    if due_at <= assignment.due_at:
        raise ValidationError("An extension must end later than the common deadline.")
    return ExtensionGrant(student=student, due_at=due_at, reason=row.reason)


def _moment(text: str, course: Course) -> dt.datetime:
    """Return the moment; without an offset it is by the clocks of the course."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValidationError(_DATE.format(due=text)) from None
    if moment.tzinfo is not None:
        return moment
    if len(text) <= len("2027-03-15"):
        raise ValidationError(_DATE.format(due=text))
    check_hour(moment, course.tz)
    return moment.replace(tzinfo=course.tz)
