"""What a bundle holds, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from formats.choices import FileKind, Part, QuestionKind
from runner.protocol.jobs import Scalar, TestStyle


class Visibility(StrEnum):
    """When a student sees what a check found."""

    ALWAYS = "always"
    AFTER_DEADLINE = "after_deadline"
    AFTER_RELEASE = "after_release"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a run may use: wall seconds, and mebibytes."""

    cell_seconds: int = 60
    question_seconds: int = 30
    run_seconds: int = 300
    memory_mb: int = 2048
    disk_mb: int = 256
    gpu_memory_mb: int = 8192


@dataclass(frozen=True, kw_only=True)
class RequiredFile:
    """A file that students hand in."""

    name: str
    kind: FileKind
    max_bytes: int
    description: str = ""
    is_optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Check:
    """One test of a question: a function in its test file, and what it is worth."""

    name: str
    points: Decimal
    visibility: Visibility = Visibility.AFTER_DEADLINE
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A part of the assignment that earns points. A manual one has no checks."""

    key: str
    title: str
    points: Decimal
    kind: QuestionKind = QuestionKind.AUTO
    style: TestStyle = TestStyle.FUNCTIONS
    description: str = ""
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BundleFile:
    """A file of the bundle. `name` is what runs and students see; `path` is here."""

    part: Part
    name: str
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A whole assignment, read and found in order. Nothing of it was executed."""

    title: str
    notebook: str
    environment: str = "default"
    queue: str = "cpu"
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    # Secret, for the tests alone. None: each attempt draws its own.
    grading_seed: int | None = None
    skip_tags: tuple[str, ...] = ()
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    # What a name in a script or doctest stands for: "numpy", or "torch.nn:Conv2d".
    imports: Mapping[str, str] = field(default_factory=dict)
    required_files: tuple[RequiredFile, ...] = ()
    questions: tuple[Question, ...] = ()
    files: tuple[BundleFile, ...] = ()

    @property
    def points(self) -> Decimal:
        """What the whole assignment is worth."""
        return sum((question.points for question in self.questions), Decimal(0))
