"""The contents of a bundle, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from formats.assignment.rubric import Rubric
from formats.choices import FileKind, Part, QuestionKind
from runner.protocol.jobs import Scalar, TestStyle


class Visibility(StrEnum):
    """When a student sees the result of a check."""

    ALWAYS = "always"
    AFTER_DEADLINE = "after_deadline"
    AFTER_RELEASE = "after_release"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of a run: wall seconds, and mebibytes."""

    cell_seconds: int = 60
    question_seconds: int = 30
    run_seconds: int = 300
    memory_mb: int = 2048
    disk_mb: int = 256
    gpu_memory_mb: int = 8192


@dataclass(frozen=True, kw_only=True)
class RequiredFile:
    """A file that students must hand in."""

    name: str
    kind: FileKind
    max_bytes: int
    description: str = ""
    is_optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Check:
    """One test of a question: a name in its test file, and the points for it.

    Students read `success` or `failure` beside the check's result.
    """

    name: str
    points: Decimal
    visibility: Visibility = Visibility.AFTER_DEADLINE
    description: str = ""
    success: str = ""
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A part of the assignment that earns points.

    A manual one has no checks, and may have a rubric.
    """

    key: str
    title: str
    points: Decimal
    kind: QuestionKind = QuestionKind.AUTO
    style: TestStyle = TestStyle.FUNCTIONS
    description: str = ""
    checks: tuple[Check, ...] = ()
    rubric: Rubric | None = None


@dataclass(frozen=True, kw_only=True)
class BundleFile:
    """A file of the bundle. Runs and students see `name`; `path` is its place here."""

    part: Part
    name: str
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A whole assignment that was read and is sound. Nothing of it was executed.

    Without a `notebook`, students hand in files alone, and people mark them.
    """

    title: str
    notebook: str = ""
    environment: str = "default"
    queue: str = "cpu"
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    # Secret, for the tests alone. If None, each attempt draws its own.
    grading_seed: int | None = None
    skip_tags: tuple[str, ...] = ()
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    # What a name in a script or doctest imports: "numpy", or "torch.nn:Conv2d".
    imports: Mapping[str, str] = field(default_factory=dict)
    required_files: tuple[RequiredFile, ...] = ()
    questions: tuple[Question, ...] = ()
    files: tuple[BundleFile, ...] = ()

    @property
    def is_files_only(self) -> bool:
        """Whether it has no notebook, so that nothing is run."""
        return not self.notebook

    @property
    def points(self) -> Decimal:
        """The points of the whole assignment."""
        return sum((question.points for question in self.questions), Decimal(0))
