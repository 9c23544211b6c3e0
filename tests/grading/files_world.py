"""Coursework that asks for a report and runs nothing, and students who hand one in."""

import io
from typing import Any, Final

from accounts.models import User
from courses.models import Assignment
from formats.choices import FileKind
from grading.models import GradingRun
from grading.services import submit_work
from submissions.services import IncomingFile
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    ManualQuestionFactory,
    RequiredFileFactory,
    RevisionFactory,
    hours,
)
from tests.grading.marking import add_items

PDF: Final = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def report_assignment(*keys: str, **fields: Any) -> Assignment:
    """Return coursework with `report.pdf`, and `data.txt` that is optional.

    Each question has 10 points and the rubric of `marked_assignment`.
    """
    assignment: Assignment = AssignmentFactory.create(with_revision=False, **fields)
    revision = RevisionFactory.create(
        assignment=assignment, notebook_name="", with_content=False
    )
    RequiredFileFactory.create(
        revision=revision, name="report.pdf", kind=FileKind.PDF, max_bytes=1024**2
    )
    RequiredFileFactory.create(
        revision=revision,
        name="data.txt",
        kind=FileKind.TEXT,
        max_bytes=1024**2,
        is_optional=True,
        position=1,
    )
    for position, key in enumerate(keys or ("words",), 1):
        question = ManualQuestionFactory.create(
            revision=revision, key=key, position=position
        )
        assert question.rubric is not None
        add_items(question.rubric)
    assignment.revision = revision
    assignment.save()
    return assignment


def student_of(assignment: Assignment, **user: Any) -> User:
    """Return a new student of the course."""
    names = {f"user__{name}": value for name, value in user.items()}
    found: User = EnrolmentFactory.create(course=assignment.course, **names).user
    return found


def incoming(data: bytes = PDF, name: str = "report.pdf") -> IncomingFile:
    """Return a file as a form brings it."""
    return IncomingFile(
        name=name,
        original_name="final v2.pdf",
        content=io.BytesIO(data),
        size=len(data),
    )


def hand_in_report(
    assignment: Assignment,
    student: User | None = None,
    data: bytes = PDF,
    **more: Any,
) -> GradingRun:
    """Hand in a report, by a new student unless one is given."""
    return submit_work(
        actor=student or student_of(assignment),
        assignment=assignment,
        files=[incoming(data)],
        started_at=hours(-0.01),
        **more,
    )
