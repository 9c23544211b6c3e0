"""What the API answers, as far as the commands need it."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from softmark_cli.command_errors import CommandError, ExitCode, Finding

RowT = TypeVar("RowT")
Json = Mapping[str, Any]
OWN_WORK: Final = "This is my own, unaided work."


@dataclass(frozen=True, kw_only=True)
class RequiredFile:
    """A file that an assignment asks for."""

    name: str
    kind: str
    max_bytes: int
    is_optional: bool

    @classmethod
    def read(cls, row: Json) -> "RequiredFile":
        """Return the file from its row in an answer."""
        return cls(
            name=row["name"],
            kind=row["kind"],
            max_bytes=int(row["max_bytes"]),
            is_optional=bool(row["is_optional"]),
        )


@dataclass(frozen=True, kw_only=True)
class DeclarationQuestion:
    """A question that a student answers when they hand in."""

    key: str
    text: str
    is_number: bool
    is_required: bool

    @classmethod
    def read(cls, row: Json) -> "DeclarationQuestion":
        """Return the question from its row in an answer."""
        return cls(
            key=row["key"],
            text=row["text"],
            is_number=bool(row["is_number"]),
            is_required=bool(row["is_required"]),
        )


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """An assignment, with the deadline of the person who asks.

    `given_names` are the files that stand beside the notebook when it runs.
    `declaration` is what a student confirms when they hand in.
    """

    id: int
    course: str
    slug: str
    title: str
    due_at: dt.datetime
    closes_at: dt.datetime
    attempts_used: int
    max_attempts: int | None
    latest_counts: bool
    is_published: bool
    required: tuple[RequiredFile, ...]
    given_names: frozenset[str]
    declaration: str
    questions: tuple[DeclarationQuestion, ...]
    raw: Json = field(repr=False)

    @classmethod
    def read(cls, row: Json) -> "Assignment":
        """Return the assignment from its row in an answer."""
        revision = row["revision"] or {"required_files": [], "files": []}
        return cls(
            id=row["id"],
            course=row["course"],
            slug=row["slug"],
            title=row["title"],
            due_at=moment(row["mine"]["due_at"]),
            closes_at=moment(row["mine"]["closes_at"]),
            attempts_used=row["attempts_used"],
            max_attempts=row["max_attempts"],
            latest_counts=row["counting"] == "latest",
            is_published=row["revision"] is not None,
            required=tuple(map(RequiredFile.read, revision["required_files"])),
            given_names=frozenset(file["name"] for file in revision["files"]),
            # Portals without these ask for the same declaration everywhere.
            declaration=row.get("declaration") or OWN_WORK,
            questions=tuple(
                map(DeclarationQuestion.read, row.get("declaration_questions", ()))
            ),
            raw=row,
        )

    @property
    def key(self) -> str:
        """The words by which a command finds it: the course's key and its own."""
        return f"{self.course}/{self.slug}"


@dataclass(frozen=True, kw_only=True)
class HandInStatus:
    """Whether the person may hand in now, and what it would cost.

    `asked_at` is the time by the portal's clock.
    """

    asked_at: dt.datetime
    refusals: tuple[Finding, ...]
    is_late: bool
    cost_now: str
    late_days: str
    attempts_left: int | None
    opened: "OpenedAttempt | None"

    @classmethod
    def read(cls, row: Json) -> "HandInStatus":
        """Return the status from an answer."""
        opened = row["opened_attempt"]
        return cls(
            asked_at=moment(row["asked_at"]),
            refusals=tuple(map(problem_of, row["refusals"])),
            is_late=row["is_late"],
            cost_now=row["cost_now"],
            late_days=row["late_days"],
            attempts_left=row["attempts_left"],
            opened=None if opened is None else OpenedAttempt.read(opened),
        )


@dataclass(frozen=True, kw_only=True)
class OpenedAttempt:
    """An attempt whose files arrive in pieces. `urls` are where to send each file.

    It is not declared yet if it was opened for a check.
    """

    id: str
    opened_at: dt.datetime
    complete_by: dt.datetime
    expires_at: dt.datetime
    urls: Mapping[str, str]
    hashes: Mapping[str, str]
    is_declared: bool = True

    @classmethod
    def read(cls, row: Json) -> "OpenedAttempt":
        """Return the attempt from an answer."""
        return cls(
            id=row["id"],
            opened_at=moment(row["opened_at"]),
            complete_by=moment(row["complete_by"]),
            expires_at=moment(row["expires_at"]),
            urls={file["name"]: file["url"] for file in row["files"]},
            hashes={file["name"]: file["sha256"] for file in row["files"]},
            # Older portals open an attempt only once it is declared.
            is_declared=row.get("is_declared", True),
        )


@dataclass(frozen=True, kw_only=True)
class SubmittedFile:
    """A file of an attempt. `url` is None if the portal has removed its content."""

    name: str
    size: int
    sha256: str
    url: str | None

    @classmethod
    def read(cls, row: Json) -> "SubmittedFile":
        """Return the file from its row in an answer."""
        return cls(
            name=row["name"], size=row["size"], sha256=row["sha256"], url=row["url"]
        )


@dataclass(frozen=True, kw_only=True)
class Submission:
    """An attempt that was handed in.

    `run_url` is its latest run, and `receipt_url` its signed receipt. They are empty
    where there is none.
    """

    id: str
    attempt: int
    received_at: dt.datetime
    is_late: bool
    files: tuple[SubmittedFile, ...]
    warnings: tuple[Finding, ...]
    run_url: str
    receipt_url: str
    raw: Json = field(repr=False)

    @classmethod
    def read(cls, row: Json) -> "Submission":
        """Return the attempt from its row in an answer."""
        runs: Sequence[Json] = row["runs"]
        return cls(
            id=row["id"],
            attempt=row["attempt"],
            received_at=moment(row["received_at"]),
            is_late=row["is_late"],
            files=tuple(map(SubmittedFile.read, row["files"])),
            warnings=tuple(map(problem_of, row["warnings"])),
            run_url=runs[0]["url"] if runs else "",
            receipt_url=row.get("receipt_url") or "",
            raw=row,
        )

    @property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each file, by its name."""
        return {file.name: file.sha256 for file in self.files}


def problem_of(row: Json) -> Finding:
    """Return a problem of the portal's as a finding."""
    return Finding(
        code=row["code"], message=row["message"], hint=row["hint"], file=row["file"]
    )


def moment(text: str) -> dt.datetime:
    """Return a time of an answer."""
    return dt.datetime.fromisoformat(text)


def read(kind: Callable[[Json], RowT], row: Any) -> RowT:
    """Return the row as `kind` reads it. Raises CommandError if something is missing."""
    with reading():
        return kind(row)


@contextmanager
def reading() -> Iterator[None]:
    """Turn the errors of an unexpected answer into an error in words."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise CommandError(
            "The portal's answer is not what this program expects.",
            "Perhaps one of the two is newer. Update it: pip install --upgrade, as in "
            "the portal's documents.",
            exit_code=ExitCode.PORTAL_FAILED,
            code="unexpected_answer",
        ) from error
