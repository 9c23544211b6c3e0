"""The page on which people enter marks: every student, with what is entered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db.models import F

from accounts.models import User
from courses.models import Assignment
from formats.choices import Role
from grading.models import Mark, Standing
from grading.services.entered_marks import plain


@dataclass(frozen=True, kw_only=True)
class TypedMarks:
    """What somebody typed and what was wrong, by the student's id.

    `seen` are the points that they saw, of rows that they changed. Where these are not
    what is stored now, sending the form again must not store them unnoticed.
    """

    texts: Mapping[int, str] = field(default_factory=dict)
    seen: Mapping[int, str] = field(default_factory=dict)
    faults: Mapping[int, str] = field(default_factory=dict)
    reason: str = ""
    reason_fault: str = ""


NOTHING_TYPED: Final = TypedMarks()


@dataclass(frozen=True, kw_only=True)
class EnteredRow:
    """A student, what is entered for them, and what somebody typed in its place."""

    student_id: int
    name: str
    login: str
    stored: str
    seen: str
    typed: str
    fault: str
    is_enrolled: bool
    is_excused: bool


@dataclass(frozen=True, kw_only=True)
class EnteredMarksPage:
    assignment: Assignment
    out_of: Decimal
    rows: tuple[EnteredRow, ...]
    typed: TypedMarks

    @property
    def entered(self) -> int:
        """For how many students a mark is entered."""
        return sum(bool(row.stored) for row in self.rows)

    @property
    def first_fault(self) -> int | None:
        """The id of the first student whose row has a fault."""
        found = (row.student_id for row in self.rows if row.fault)
        return next(found, None)

    @property
    def faults(self) -> int:
        """How many rows have a fault."""
        return sum(bool(row.fault) for row in self.rows)


def entered_marks_page(
    assignment: Assignment, typed: TypedMarks = NOTHING_TYPED
) -> EnteredMarksPage:
    """Return the page in two queries: students, and those who left with a mark."""
    marks: Any = Mark.objects.filter(assignment=assignment).order_by()
    stored = {
        student: (points, standing)
        for student, points, standing in marks.values_list(
            "student", "entered_points", "standing"
        )
    }
    people: Any = (
        User.objects.filter(
            enrolments__course=assignment.course_id, enrolments__role=Role.STUDENT
        )
        .annotate(is_enrolled=F("enrolments__is_active"))
        .only("first_name", "last_name", "email", "login")
        .order_by("last_name", "first_name", "email")
    )
    return EnteredMarksPage(
        assignment=assignment,
        out_of=assignment.marks_out_of or Decimal(0),
        rows=tuple(
            _row(user, *stored.get(user.pk, (None, "")), typed=typed)
            for user in people
            if user.is_enrolled or stored.get(user.pk, (None, ""))[0] is not None
        ),
        typed=typed,
    )


def _row(
    user: Any, points: Decimal | None, standing: str, *, typed: TypedMarks
) -> EnteredRow:
    text = "" if points is None else plain(points)
    return EnteredRow(
        student_id=user.pk,
        name=user.name,
        login=user.login,
        stored=text,
        seen=typed.seen.get(user.pk, text),
        typed=typed.texts.get(user.pk, text),
        fault=typed.faults.get(user.pk, ""),
        is_enrolled=user.is_enrolled,
        is_excused=standing == Standing.EXCUSED,
    )
