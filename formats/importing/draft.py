"""The options of an import, the assignment that it builds, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Unpack

from formats.assignment import Limits, Question, RequiredFile, Visibility
from formats.problems import (
    Place,
    Problem,
    ProblemList,
)
from runner.protocol.jobs import Scalar

Notebook = dict[str, Any]
_CENT: Final = Decimal("0.01")


class Format(StrEnum):
    """The format of a source."""

    SOFTMARK = "softmark"
    NBGRADER = "nbgrader"
    OTTER = "otter"


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """The options that a foreign format does not contain.

    `notebook` is a file beside the source, or the name of one in it. `points` are the
    points of questions by their keys, instead of those of the source. `hidden` is when
    students see the results of hidden tests. `required_files` are handed in beside the
    notebook. `solution` are such files of the model solution. `parameters` are names
    that are set before every cell that sets them.
    """

    format: Format | None = None
    notebook: Path | None = None
    title: str = ""
    environment: str = "default"
    queue: str = "cpu"
    limits: Limits = field(default_factory=Limits)
    hidden: Visibility = Visibility.AFTER_RELEASE
    max_notebook_mb: int = 10
    required_files: tuple[RequiredFile, ...] = ()
    points: Mapping[str, Decimal] = field(default_factory=dict)
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    solution: tuple[Path, ...] = ()

    @property
    def has_manifest_options(self) -> bool:
        """Whether an option is given that assignment.yaml contains itself."""
        usual = ImportOptions(
            format=self.format, notebook=self.notebook, hidden=self.hidden
        )
        return self != usual


@dataclass(frozen=True, kw_only=True)
class ImportedModule:
    """A module that is imported, as it is written in the source.

    `cell`, `place` and `line` are as in Problem.
    """

    module: str
    file: str
    line: int | None = None
    cell: int | None = None
    place: str = ""

    @property
    def package(self) -> str:
        """The name under which it is installed, such as torch for torch.nn."""
        return self.module.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class PreparedFolder:
    """A folder in our own format, converted or found, with notes for staff."""

    format: Format
    folder: Path
    notes: tuple[Problem, ...] = ()
    # The imports of a foreign source, with their places in it.
    imported: tuple[ImportedModule, ...] = ()


@dataclass(kw_only=True)
class Draft:
    """An assignment that is being converted from a foreign one."""

    title: str
    notebook_name: str
    staff: Notebook
    handout: Notebook
    questions: list[Question] = field(default_factory=list)
    tests: dict[str, str] = field(default_factory=dict)
    # Files, by the names that students have or hand in.
    public: dict[str, Path] = field(default_factory=dict)
    solution: dict[str, Path] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    skip_tags: tuple[str, ...] = ()
    seed: int = 0
    faults: ProblemList = field(default_factory=ProblemList)
    notes: list[Problem] = field(default_factory=list)
    imported: list[ImportedModule] = field(default_factory=list)

    def note(self, message: str, **where: Unpack[Place]) -> None:
        """Add a note for staff. It does not stop the import."""
        self.notes.append(self.faults.make(message, **where))


def split_evenly(total: Decimal, count: int) -> list[Decimal]:
    """Return `count` amounts that add up to `total` and differ by 0.01 at most."""
    if count == 0:
        return []
    each = (total / count).quantize(_CENT, rounding=ROUND_DOWN)
    over = int((total - each * count) / _CENT)
    return [each] * (count - over) + [each + _CENT] * over


def exact_points(value: object) -> Decimal | None:
    """Return a foreign number of points, rounded to 0.01, or None if it is invalid."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    points = Decimal(str(value))
    if not points.is_finite() or not 0 <= points <= 99_999:  # noqa: PLR2004
        return None
    return points.quantize(_CENT).normalize() + Decimal(0)
