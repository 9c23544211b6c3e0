"""Coursework that people mark, with an answer of each student, for the page times."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone

from accounts.models import User
from courses.models import (
    Assignment,
    AssignmentRevision,
    Course,
    Question,
    Rubric,
    RubricGroup,
    RubricItem,
)
from formats.choices import FileKind, QuestionKind
from grading.models import GradingRun, Marking
from grading.services.aliases import codes_of
from grading.states import State, Verdict
from storage.blobs import store_blob
from submissions.models import Submission, SubmittedFile

SLUG: Final = "essays"
QUESTIONS: Final = 5
_ITEMS: Final = 8
_MOST_BYTES: Final = 10**6
_WORDS: Final = (
    "The network takes the second digit for a seven because the stroke is short. "
    "A larger kernel would see both ends of it, so I would expect fewer mistakes. "
)


def fill_marked(course: Course, students: Sequence[User], marker: User) -> str:
    """Add the coursework, and return the code of a student who is not marked.

    Every student has handed in an answer to each question, and half of them are marked.
    """
    now = timezone.now()
    assignment = Assignment.objects.create(
        course=course,
        slug=SLUG,
        title="Essays",
        release_at=now - dt.timedelta(days=20),
        due_at=now - dt.timedelta(days=2),
    )
    revision = AssignmentRevision.objects.create(
        assignment=assignment,
        number=1,
        notebook_name="essays.ipynb",
        cell_seconds=10,
        question_seconds=10,
        run_seconds=60,
    )
    assignment.revision = revision
    assignment.save()
    rubrics = [_rubric(revision, number) for number in range(QUESTIONS)]
    works = Submission.objects.bulk_create(
        Submission(
            assignment=assignment,
            revision=revision,
            author=student,
            attempt=1,
            started_at=now - dt.timedelta(days=3),
            received_at=now - dt.timedelta(days=3),
        )
        for student in students
    )
    _add_files_and_runs(revision, works, now)
    Marking.objects.bulk_create(
        Marking(
            rubric=rubric,
            student=work.author,
            submission=work,
            marker=marker,
            adjustment=Decimal(4),
            comment="You name the reason, and what follows from it.",
            is_finished=True,
        )
        for work in works[: len(works) // 2]
        for rubric in rubrics
    )
    codes = codes_of(assignment, [student.pk for student in students])
    return codes[students[-1].pk]


def _rubric(revision: AssignmentRevision, number: int) -> Rubric:
    key = f"q{number + 1}"
    rubric = Rubric.objects.create(
        assignment=revision.assignment,
        key=key,
        points=10,
        definition_sha256=hashlib.sha256(key.encode()).hexdigest(),
    )
    Question.objects.create(
        revision=revision,
        key=key,
        title=f"Question {number + 1}",
        position=number,
        kind=QuestionKind.MANUAL.value,
        points=10,
        checks=[],
        rubric=rubric,
    )
    group = RubricGroup.objects.create(rubric=rubric, title="Argument")
    RubricItem.objects.bulk_create(
        RubricItem(group=group, text=f"Reason {place + 1}", points=1, position=place)
        for place in range(_ITEMS)
    )
    return rubric


def _add_files_and_runs(
    revision: AssignmentRevision, works: Sequence[Submission], now: dt.datetime
) -> None:
    files, runs = [], []
    for number, work in enumerate(works):
        blob = store_blob([_notebook(number).encode()], max_bytes=_MOST_BYTES)
        files.append(
            SubmittedFile(
                submission=work,
                name="essays.ipynb",
                original_name="essays.ipynb",
                kind=FileKind.NOTEBOOK.value,
                sha256=blob.sha256,
                size=blob.size,
            )
        )
        runs.append(
            GradingRun(
                submission=work,
                revision=revision,
                course=revision.assignment.course,
                number=1,
                grading_seed=2027,
                state=State.FINISHED.value,
                verdict=Verdict.COMPLETED.value,
                code="completed",
                started_at=now,
                finished_at=now,
                automatic_points=Decimal(0),
                executed_sha256=blob.sha256,
            )
        )
    SubmittedFile.objects.bulk_create(files)
    GradingRun.objects.bulk_create(runs)


def _notebook(number: int) -> str:
    """Return a notebook with code, and an answer of two paragraphs to each question."""
    cells: list[dict[str, Any]] = []
    for question in range(1, QUESTIONS + 1):
        cells += [
            {
                "cell_type": "code",
                "id": f"code-{question}",
                "metadata": {},
                "execution_count": question,
                "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": "0.914\n" * 5}
                ],
                "source": "print(accuracy(model, loader))\n" * 5,
            },
            {
                "cell_type": "markdown",
                "id": f"answer-{question}",
                "metadata": {"softmark": {"answer": f"q{question}"}},
                "source": f"Student {number} says:\n\n{_WORDS * 2}\n\n{_WORDS}",
            },
        ]
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    )
