"""What an import is asked for, what it finds, and what it makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Unpack

from formats.assignment import Limits, Question, RequiredFile, Visibility
from formats.problems import (
    FaultList,
    Place,
    Problem,
)
from runner.protocol.jobs import Scalar

Notebook = dict[str, Any]
_CENT: Final = Decimal("0.01")


class Format(StrEnum):
    """Whose format a source is in."""

    SOFTMARK = "softmark"
    NBGRADER = "nbgrader"
    OTTER = "otter"


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What a foreign format does not say.

    `notebook` is a file beside the source, or the name of one in it. `points` are
    worth of questions by their keys, in place of the source's own; `hidden` is when
    students see what hidden tests found. `required_files` are handed in beside the
    notebook; `solution` are such files of the model solution. `parameters` are names
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
    def says_what_our_own_format_says(self) -> bool:
        """Whether anything is asked for that assignment.yaml says itself."""
        usual = ImportOptions(
            format=self.format, notebook=self.notebook, hidden=self.hidden
        )
        return self != usual


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A module that is imported, as it is written there.

    `cell`, `place` and `line` are as in Problem.
    """

    module: str
    file: str
    line: int | None = None
    cell: int | None = None
    place: str = ""

    @property
    def package(self) -> str:
        """The name under which it is installed: of torch.nn, torch."""
        return self.module.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A folder in our own format, made or found, and what staff should know of it."""

    format: Format
    folder: Path
    notes: tuple[Problem, ...] = ()
    # Of a foreign source, with the places there.
    imported: tuple[Imported, ...] = ()


@dataclass(kw_only=True)
class Draft:
    """An assignment as it is being made out of a foreign one."""

    title: str
    notebook_name: str
    staff: Notebook
    handout: Notebook
    questions: list[Question] = field(default_factory=list)
    tests: dict[str, str] = field(default_factory=dict)
    # Files by the names under which students have them, or hand them in.
    public: dict[str, Path] = field(default_factory=dict)
    solution: dict[str, Path] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    skip_tags: tuple[str, ...] = ()
    seed: int = 0
    faults: FaultList = field(default_factory=FaultList)
    notes: list[Problem] = field(default_factory=list)
    imported: list[Imported] = field(default_factory=list)

    def note(self, message: str, **where: Unpack[Place]) -> None:
        """Tell staff something that stops nothing."""
        self.notes.append(self.faults.make(message, **where))


def share(total: Decimal, count: int) -> list[Decimal]:
    """Return `count` amounts in hundredths that make `total`, a cent apart at most."""
    if count == 0:
        return []
    each = (total / count).quantize(_CENT, rounding=ROUND_DOWN)
    over = int((total - each * count) / _CENT)
    return [each] * (count - over) + [each + _CENT] * over


def exact_points(value: object) -> Decimal | None:
    """Return a foreign number of points to the hundredth, or None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    points = Decimal(str(value))
    if not points.is_finite() or not 0 <= points <= 99_999:  # noqa: PLR2004
        return None
    return points.quantize(_CENT).normalize() + Decimal(0)
