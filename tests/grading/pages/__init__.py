"""Helpers for pages: their words, and clients of different readers."""

import re
from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from courses.models import Assignment, Question
from grading.models import GradingRun
from tests.factories import (
    EnrolmentFactory,
    GradingRunFactory,
    QuestionFactory,
    QuestionResultFactory,
    SubmissionFactory,
    small_notebook,
)

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

    Answer = _MonkeyPatchedWSGIResponse
else:
    Answer = HttpResponse

KEY = "0123456789abcdef0123456789abcdef"


def signed_in(user: User) -> Client:
    """Return a client that is signed in as this person."""
    client = Client()
    client.force_login(user)
    return client


def student_of(assignment: Assignment) -> User:
    """Return a student who is enrolled in the assignment's course."""
    student: User = EnrolmentFactory.create(course=assignment.course).user
    return student


def staff_of(assignment: Assignment) -> User:
    """Return an assistant of the assignment's course."""
    assistant: User = EnrolmentFactory.create(
        course=assignment.course, assistant=True
    ).user
    return assistant


def words(response: Answer) -> str:
    """Return the text of a page, with single spaces."""
    body = re.sub(
        r"<(script|style|head)\b.*?</\1>",
        " ",
        response.content.decode(),
        flags=re.DOTALL,
    )
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def downloaded(response: Answer) -> bytes:
    """Return the bytes of a download, and close it as a server does."""
    content = response.getvalue()
    response.close()
    return content


def form(**changes: Any) -> dict[str, Any]:
    """Return the form's fields with a valid notebook; None leaves a field out."""
    fields = {
        "idempotency_key": KEY,
        "declaration": "yes",
        "file:work.ipynb": SimpleUploadedFile(
            "my work.ipynb", small_notebook().encode()
        ),
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def upload(content: bytes | str) -> SimpleUploadedFile:
    """Return a file for the form."""
    data = content.encode() if isinstance(content, str) else content
    return SimpleUploadedFile("work.ipynb", data)


def add_question(assignment: Assignment, visibility: str, **fields: Any) -> Question:
    """Add a second question, worth 3 points, whose one check has this visibility."""
    question: Question = QuestionFactory.create(
        revision=assignment.revision,
        key="secret",
        title="The harder one",
        points=Decimal(3),
        checks=[
            {
                "name": "check_secret",
                "points": "3",
                "visibility": visibility,
                "description": "Works on unseen images.",
            }
        ],
        **fields,
    )
    return question


def finished_run(
    assignment: Assignment, author: User, *, secret: float = 0.0, **fields: Any
) -> GradingRun:
    """Return a run that passed question one, and the harder one as `secret` says."""
    run: GradingRun = GradingRunFactory.create(
        submission=SubmissionFactory.create(assignment=assignment, author=author),
        finished=True,
        **fields,
    )
    for question in run.revision.questions.all():
        score = secret if question.key == "secret" else 1.0
        points = Decimal(str(score)) * question.points
        QuestionResultFactory.create(
            run=run,
            question=question,
            outcome="passed" if score == 1 else "failed",
            points=points,
            checks=[
                {
                    "name": check["name"],
                    "score": score,
                    "points": str(points),
                    "message": "passed" if score == 1 else "returned False",
                }
                for check in question.checks
            ],
        )
    return run
