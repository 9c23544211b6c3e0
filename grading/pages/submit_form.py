"""The form of the coursework page: its inputs, and what a refused form keeps."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import prefetch_related_objects

from accounts.models import User
from courses.models import Assignment, AssignmentRevision, RequiredFile
from formats.choices import FileKind
from formats.declaration import Declaration, DeclarationQuestion
from formats.problems import Problem
from grading.pages.hand_in_status import HandInStatus
from submissions.intake import rules_of as file_rules
from submissions.models import OpenedAttempt
from submissions.quota import Quota, quotas_of

# What the browser's file dialogue offers first. The server checks the content.
_ACCEPT = {
    FileKind.NOTEBOOK: ".ipynb",
    FileKind.SAFETENSORS: ".safetensors",
    FileKind.STATE_DICT: ".pt,.pth",
    FileKind.TORCHSCRIPT: ".pt,.pth",
    FileKind.PDF: ".pdf",
    FileKind.PNG: ".png",
    FileKind.JPEG: ".jpg,.jpeg",
    FileKind.TEXT: "",
    FileKind.ZIP: ".zip",
    FileKind.OTHER: "",
}
_WEIGHTS = (FileKind.SAFETENSORS, FileKind.STATE_DICT, FileKind.TORCHSCRIPT)
# How the names of form fields with answers begin.
_ANSWER = "answer:"


@dataclass(frozen=True, kw_only=True)
class FileSlot:
    """The form's input for one required file, with the problems of the last try."""

    field: str
    element_id: str
    file: RequiredFile
    max_bytes: int
    accept: str
    problems: tuple[Problem, ...]

    @property
    def is_weights(self) -> bool:
        """Whether the file holds weights of a model."""
        return self.file.kind in _WEIGHTS

    @property
    def described_by(self) -> str:
        """Ids of the texts that belong to the input, for screen readers."""
        parts = [f"{self.element_id}-limit", f"{self.element_id}-chosen"]
        if self.problems:
            parts.insert(0, f"{self.element_id}-problems")
        return " ".join(parts)


@dataclass(frozen=True, kw_only=True)
class AnswerField:
    """The form's input for a question of the declaration, with the last answer."""

    question: DeclarationQuestion
    field: str
    element_id: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class SubmitForm:
    """The form, with the problems of the last try beside their files.

    `opened` is the attempt whose files arrive in pieces, if the person has opened one.
    `quota` says how much room the person's files take in the course.
    """

    slots: tuple[FileSlot, ...]
    problems: tuple[Problem, ...]
    problem_count: int
    idempotency_key: str
    is_declared: bool
    statement: str
    questions: tuple[AnswerField, ...]
    is_check: bool
    max_bytes: int
    opened: OpenedAttempt | None
    quota: Quota


@dataclass(frozen=True, kw_only=True)
class LastTry:
    """What a refused form keeps for the next try. `is_check`: a check was refused."""

    problems: tuple[Problem, ...] = ()
    idempotency_key: str = ""
    is_declared: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    is_check: bool = False


def field_name(required: RequiredFile) -> str:
    """Return the name of the form field for this required file."""
    return f"file:{required.name}"


def shown_form(
    user: User,
    assignment: Assignment,
    status: HandInStatus,
    last_try: LastTry,
    now: dt.datetime,
) -> SubmitForm | None:
    """Return the form if the person may hand in, or go on with an opened attempt.

    It is None for everybody else. `last_try` is what a refused form keeps.
    """
    revision = assignment.revision
    if revision is None or status.blocked not in {"", "closed"}:
        return None
    mine = OpenedAttempt.objects.by(user).unfinished().filter(assignment=assignment)
    opened = mine.filter(expires_at__gt=now).prefetch_related("uploads").first()
    goes_on = opened is not None and now <= opened.complete_by
    if status.blocked and not goes_on:
        return None
    (quota,) = quotas_of(user, [assignment.course])
    return _form(assignment, revision, last_try, opened, quota)


def given_answers(sent: Mapping[str, Any]) -> dict[str, str]:
    """Return the answers of a form that was sent, by the keys of their questions."""
    return {
        name.removeprefix(_ANSWER): str(sent[name])
        for name in sent
        if name.startswith(_ANSWER)
    }


def _answer_fields(
    assignment: Assignment, last_try: LastTry, opened: OpenedAttempt | None
) -> tuple[AnswerField, ...]:
    """Return the inputs, filled in by the last try or by the opened attempt."""
    earlier = Declaration.from_json(opened.declared if opened else {})
    known = {each.question: each.answer for each in earlier.answers}
    return tuple(
        AnswerField(
            question=question,
            field=f"{_ANSWER}{question.key}",
            element_id=f"answer-{index}",
            answer=last_try.answers.get(question.key, known.get(question.text, "")),
        )
        for index, question in enumerate(assignment.asked, start=1)
    )


def _form(
    assignment: Assignment,
    revision: AssignmentRevision,
    last_try: LastTry,
    opened: OpenedAttempt | None,
    quota: Quota,
) -> SubmitForm:
    prefetch_related_objects([revision], "required_files")
    required = list(revision.required_files.all())
    rules = file_rules(revision)
    by_file = _problems_by_file(last_try.problems, set(rules))
    return SubmitForm(
        slots=tuple(
            FileSlot(
                field=field_name(file),
                element_id=f"file-{index}",
                file=file,
                max_bytes=rules[file.name].max_bytes,
                accept=_ACCEPT[FileKind(file.kind)],
                problems=tuple(by_file[file.name]),
            )
            for index, file in enumerate(required, start=1)
        ),
        problems=tuple(by_file[""]),
        problem_count=len(last_try.problems),
        idempotency_key=last_try.idempotency_key or uuid.uuid4().hex,
        is_declared=last_try.is_declared,
        statement=assignment.statement,
        questions=_answer_fields(assignment, last_try, opened),
        is_check=last_try.is_check,
        max_bytes=settings.MAX_SUBMISSION_BYTES,
        opened=opened,
        quota=quota,
    )


def _problems_by_file(
    problems: Iterable[Problem], names: set[str]
) -> defaultdict[str, list[Problem]]:
    """Return the problems by required file; "" has those of no file in the form."""
    found: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        found[problem.file if problem.file in names else ""].append(problem)
    return found
