"""An assignment that people mark, with students whose answers are known."""

import json
from typing import Any

from django.urls import reverse

from accounts.models import User
from courses.models import Assignment, Rubric, RubricGroup, RubricItem
from formats.assignment.rubric import Choose
from grading.models import GradingRun, Marking, Stage
from grading.services.aliases import codes_of
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    ManualQuestionFactory,
    SubmissionFactory,
    store_text,
)


def marked_assignment(*keys: str, **fields: Any) -> Assignment:
    """Return an assignment with questions of 10 points, each with the same rubric.

    The groups are "Clear" (4) and "Wrong sign" (-1), of which several are chosen, and
    "Full" (6) and "Half" (3), of which one is.
    """
    assignment: Assignment = AssignmentFactory.create(**fields)
    for position, key in enumerate(keys or ("words",), 1):
        ManualQuestionFactory.create(
            revision=assignment.revision, key=key, position=position
        )
    for rubric in Rubric.objects.filter(assignment=assignment):
        add_items(rubric)
    return assignment


def add_items(rubric: Rubric) -> None:
    """Give the rubric the groups and items that `marked_assignment` says."""
    groups = (
        ("Argument", Choose.SEVERAL, (("Clear", 4), ("Wrong sign", -1))),
        ("Proof", Choose.ONE, (("Full", 6), ("Half", 3))),
    )
    for place, (title, choose, items) in enumerate(groups):
        group = RubricGroup.objects.create(
            rubric=rubric, title=title, choose=choose.value, position=place
        )
        for position, (text, points) in enumerate(items):
            RubricItem.objects.create(
                group=group, text=text, points=points, position=position
            )


def item_id(text: str, key: str = "words") -> int:
    """Return the id of the rubric's item with these words."""
    return RubricItem.objects.get(text=text, group__rubric__key=key).pk


def notebook(answers: dict[str, str], *, ran: bool = False, **metadata: Any) -> str:
    """Return a notebook with a cell of text for each question, after a cell of code."""
    code: dict[str, Any] = {
        "cell_type": "code",
        "id": "start",
        "metadata": {},
        "execution_count": 1 if ran else None,
        "outputs": (
            [{"output_type": "stream", "name": "stdout", "text": "42\n"}] if ran else []
        ),
        "source": "print(6 * 7)",
    }
    cells = [
        {
            "cell_type": "markdown",
            "id": f"answer-{key}",
            "metadata": {"softmark": {"answer": key}},
            "source": text,
        }
        for key, text in answers.items()
    ]
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": metadata,
            "cells": [code, *cells],
        }
    )


def answered(
    assignment: Assignment,
    text: str = "Because.",
    *,
    student: User | None = None,
    **run: Any,
) -> GradingRun:
    """Return the run of a new attempt that says this for every question."""
    author = student or EnrolmentFactory.create(course=assignment.course).user
    assert assignment.revision is not None
    questions = assignment.revision.questions.filter(kind="manual")
    answers = {each.key: text for each in questions}
    submission = SubmissionFactory.create(
        assignment=assignment, author=author, notebook=notebook(answers)
    )
    fields = {
        "finished": True,
        "executed_sha256": store_text(notebook(answers, ran=True))[0],
        **run,
    }
    found: GradingRun = GradingRunFactory.create(submission=submission, **fields)
    return found


def marker_of(assignment: Assignment, role: str = "assistant", **user: Any) -> User:
    """Return a person who may mark."""
    names = {f"user__{name}": value for name, value in user.items()}
    found: User = EnrolmentFactory.create(
        course=assignment.course, role=role, **names
    ).user
    return found


def code_of(assignment: Assignment, student: User) -> str:
    """Return the code by which markers know the student."""
    return codes_of(assignment, [student.pk])[student.pk]


def address(run: GradingRun, key: str = "words", name: str = "marking-work") -> str:
    """Return the address of the marking page of the run's student."""
    assignment = run.work.assignment
    code = code_of(assignment, run.work.author)
    return reverse(
        f"grading:{name}", args=[assignment.course.slug, assignment.slug, key, code]
    )


def marking_of(run: GradingRun, stage: Stage = Stage.FIRST) -> Marking | None:
    """Return the marking of the run's attempt, or None."""
    return Marking.objects.filter(submission=run.work, stage=stage).first()
