"""An attack as data: what is handed in, how it must end, and what it must report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from runner.protocol.jobs import Limits, QuestionSpec
from tests.runner.corpus.verdicts import SCORED, Ending
from tests.runner.notebooks import ANSWER, CellLike, cell

MIB: Final = 1024**2
CHECK: Final = cell("# softmark: check q1")
CHECK_2: Final = cell("# softmark: check q2")
HONEST: Final[tuple[CellLike, ...]] = ("answer = 42", CHECK)
QUICK: Final = Limits(cell_seconds=5, question_seconds=5, run_seconds=20)

Files = Callable[[], Mapping[str, bytes]]
Seen = Mapping[str, str | frozenset[str]]


def no_files() -> Mapping[str, bytes]:
    """Hand in the notebook alone."""
    return {}


def seen(*values: str) -> frozenset[str]:
    """Return the set of kernel answers, any of which is expected."""
    return frozenset(values)


# The kernel's answers to a call that a filter or a missing right forbids.
FORBIDDEN: Final = seen("EPERM", "EACCES")
# A worker that has no cores at all can give its jobs no limit of 1.
CORE_LIMITS: Final = seen("(1, 1)", "(0, 0)")
ABSENT: Final = "ENOENT"


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A hostile submission of one row of the catalogue.

    `scores` are those that an honest grader gives its honest outputs. `report` gives
    the expected result of each attempted call, by name: it proves that the attack was
    made, and that it was blocked where it claims to be. `control` is a similar honest
    notebook, which must earn full marks; `aftermath` runs in the next job, with its own
    report. An attack that needs a level that this machine does not have is skipped.

    `shows` is a text that the student must be shown. `within` is in seconds.
    """

    row: int
    name: str
    cells: tuple[CellLike, ...]
    expect: Ending = SCORED
    or_else: tuple[Ending, ...] = ()
    scores: Mapping[str, list[float]] = field(default_factory=lambda: {"q1": [1.0]})
    report: Seen = field(default_factory=dict)
    control: tuple[CellLike, ...] = HONEST
    aftermath: tuple[CellLike, ...] = ()
    aftermath_report: Seen = field(default_factory=dict)
    questions: tuple[QuestionSpec, ...] = (ANSWER,)
    limits: Limits = QUICK
    files: Files = no_files
    control_files: Files | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    needs_level: str = "L0"
    needs_gpu: bool = False
    needs_neighbour: bool = False
    within: float | None = None
    shows: str = ""

    @property
    def id(self) -> str:
        return f"{self.row}-{self.name}"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A hostile file for one of the slots of a hand-in, and a valid one for comparison.

    `expect` is None where the file is harmless to the portal and accepted as it is.
    """

    row: int
    name: str
    data: Callable[[], bytes]
    expect: str | None
    kind: str = "notebook"
    file_name: str = "work.ipynb"
    control: Callable[[], bytes]
    max_bytes: int = 50 * MIB

    @property
    def id(self) -> str:
        return f"{self.row}-{self.name}"
