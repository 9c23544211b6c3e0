"""The runner's interface: a JobSpec goes in, events follow, and a JobResult comes out.

All of them are plain data. Data that comes out of a jail is hostile: only its shape can
be trusted, and only once the host has checked it.

A JobSpec holds no address, token or name of a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from runner.protocol.check_reports import NO_REPORT, CheckReport

VERSION: Final = 3

Scalar = None | bool | int | float | str


class Device(StrEnum):
    """The device on which a job computes."""

    CPU = "cpu"
    CUDA = "cuda"


class Outcome(StrEnum):
    """How a question ended."""

    PASSED = "passed"
    PARTIAL = "partial"
    FAILED = "failed"
    TIMEOUT = "timeout"
    NOT_REACHED = "not_reached"


class Verdict(StrEnum):
    """How a job ended. PLATFORM means that we failed, never the notebook."""

    COMPLETED = "completed"
    STUDENT_ERROR = "student_error"
    LIMIT = "limit"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    PLATFORM = "platform"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of a job. Seconds are wall time; sizes are bytes.

    `run_seconds` are for all cells together; each question has its own seconds on top.
    `gpu_memory_bytes` is the memory that a job on a GPU declares: it gets that, and no
    more.
    """

    cell_seconds: float = 60
    question_seconds: float = 30
    run_seconds: float = 300
    memory_bytes: int = 2 * 1024**3
    disk_bytes: int = 256 * 1024**2
    cell_output_bytes: int = 1024**2
    job_output_bytes: int = 10 * 1024**2
    processes: int = 128
    open_files: int = 1024
    gpu_memory_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class JobFile:
    """A file that the job finds beside its notebook.

    `path` is its place on the host; `name` is the name that the job sees. The runner
    checks the content against `sha256` and `size` when it copies the file.
    """

    name: str
    path: str
    sha256: str
    size: int


class TestStyle(StrEnum):
    """How a question's tests are written.

    FUNCTIONS: the question's source is a module, each check a function in it. SCRIPT:
    each check's own source is a piece of code, as in an nbgrader test cell. DOCTEST:
    each check's own source is an interpreter session, as in Otter's OK format. CASES:
    the question's source is a module in Otter's exception format.
    """

    __test__ = False

    FUNCTIONS = "functions"
    SCRIPT = "script"
    DOCTEST = "doctest"
    CASES = "cases"

    @property
    def has_sections(self) -> bool:
        """Whether each check has source of its own, a section of the test file."""
        return self in {TestStyle.SCRIPT, TestStyle.DOCTEST}


@dataclass(frozen=True, kw_only=True)
class CheckSpec:
    """One test of a question: a name in the question's source, or code of its own.

    `worth` is the largest number that a SCRIPT may end in. Checks of a lower `secrecy`
    are asked first, in all questions. It is 0 for checks whose results the student sees
    at once. So no result reveals what a check that is hidden for longer gave to the
    student's code.
    """

    name: str
    source: str = ""
    worth: float = 1.0
    secrecy: int = 0


@dataclass(frozen=True, kw_only=True)
class QuestionSpec:
    """A question and its tests, whose code only the grader's process holds.

    In the styles FUNCTIONS and CASES a check's parameters are names from the notebook,
    except `files` (folder of the handed-in and public files), `private` (folder of the
    private files) and, in CASES, `env` (all of the notebook's names). In SCRIPT and
    DOCTEST a name that the code does not define itself is looked up in the notebook. A
    check passes if it ends, or returns None or True. It fails if it raises or returns
    False. It earns a share by returning a number from 0 to 1. A SCRIPT may end in its
    points.
    """

    key: str
    source: str = ""
    checks: tuple[CheckSpec, ...]
    style: TestStyle = TestStyle.FUNCTIONS


@dataclass(frozen=True, kw_only=True)
class HandoutCell:
    """The features of a hand-out's cell by which the places of questions are found.

    `name` is the name that the importer or nbgrader gave to the cell. `source` is the
    fingerprint of its text, and `question` is the key of the question that it checks.
    `binds` are the names that it binds at its top level. `related` are the names that are
    connected with its own; "*" stands for any name.
    """

    id: str = ""
    name: str = ""
    source: str = ""
    question: str = ""
    is_code: bool = True
    binds: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """Everything that a job needs.

    `notebook` is nbformat 4 JSON text. `restored` maps a question's key to the staff's
    own source of the visible check cell, which replaces the student's copy. `files` are
    the student's, `public_files` are the course's. If both have a file of the same name,
    the course's counts. `test_names` maps a name in a SCRIPT or DOCTEST to the object for
    which it stands, whatever the notebook makes of it: "numpy" or "torch.nn:Conv2d".

    `defined_names` are the names that the staff's own notebook defines at its top level,
    without imports. `defined_classes` and `defined_functions` are those of them that it
    defines as classes and by `def`. Tests get these names from the student's notebook,
    before built-in functions and libraries. `defined_methods` are the names of methods
    and attributes that its objects have; `vocab.__contains__` among them says that the
    name `vocab` has an object of a class with that method.

    `handout` are the cells of the hand-out, in their order. They tell where to test a
    question whose check cell the student has deleted, edited or moved.

    `seed` starts the notebook's random generators and is shown to the student.
    `grading_seed` starts those of the tests. It is a secret of the run: neither the
    notebook nor its author may learn it, or anything that follows from it. With 0 the
    runner draws one.
    """

    job_id: str
    environment: str
    notebook: str
    notebook_name: str
    files: tuple[JobFile, ...] = ()
    public_files: tuple[JobFile, ...] = ()
    private_files: tuple[JobFile, ...] = ()
    questions: tuple[QuestionSpec, ...] = ()
    test_names: Mapping[str, str] = field(default_factory=dict)
    defined_names: tuple[str, ...] = ()
    defined_classes: tuple[str, ...] = ()
    defined_functions: tuple[str, ...] = ()
    defined_methods: tuple[str, ...] = ()
    restored: Mapping[str, str] = field(default_factory=dict)
    handout: tuple[HandoutCell, ...] = ()
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    grading_seed: int = 0
    skip_tags: tuple[str, ...] = ()
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    device: Device = Device.CPU
    version: int = VERSION


@dataclass(frozen=True, kw_only=True)
class CheckOutcome:
    """The result of one check: `score` from 0 to 1, and a message for the student.

    `message` is one of `runner.protocol.check_words`, and `report` is what the check's
    author shows. `trace` is for staff alone: the error that the test raised, with the
    test's own lines.
    """

    name: str
    score: float
    message: str = ""
    report: CheckReport = NO_REPORT
    trace: str = ""


@dataclass(frozen=True, kw_only=True)
class QuestionOutcome:
    """The results of a question's checks, and how long these took, in seconds.

    The seconds are for staff alone: the tested code can choose them.
    """

    key: str
    outcome: Outcome
    checks: tuple[CheckOutcome, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Measures:
    """The figures of a job for the record: what it used, and where it ran.

    `seconds`, `cpu_seconds` and `peak_memory_bytes` are of the notebook alone, up to the
    moment when the host stops reading from it. What its questions used afterwards is in
    the `checking_` fields. These are for staff alone: the tested code could choose the
    numbers to tell what the tests gave it.

    `gpu` and `gpu_driver` are "" for a job that had no GPU. Peaks are the most that the
    host measured for the job's processes at any one time; 0 if it cannot measure them.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    checking_seconds: float = 0.0
    checking_cpu_seconds: float = 0.0
    checking_peak_memory_bytes: int = 0
    cells_run: int = 0
    cells_total: int = 0
    level: str = "L0"
    seed: int = 0
    threads: int = 1
    hardware: str = ""
    gpu: str = ""
    gpu_driver: str = ""
    peak_gpu_memory_bytes: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """How a job ended and what it made.

    `code` names a message in grading.messages; `detail` holds the values for it.
    `notebook` is the executed notebook, nbformat 4 JSON text, or "" if none was made.
    """

    job_id: str
    verdict: Verdict
    code: str
    detail: Mapping[str, Scalar] = field(default_factory=dict)
    questions: tuple[QuestionOutcome, ...] = ()
    notebook: str = ""
    measures: Measures = field(default_factory=Measures)
    version: int = VERSION


@dataclass(frozen=True, kw_only=True)
class CellStarted:
    """The start of cell number `cell` of `cells`, counted from 1."""

    cell: int
    cells: int


@dataclass(frozen=True, kw_only=True)
class OutputAdded:
    """The last lines of text that the running cell printed, cut by the runner."""

    cell: int
    tail: str


@dataclass(frozen=True, kw_only=True)
class QuestionDone:
    """A question has been checked."""

    question: QuestionOutcome


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The time and memory used so far. Sent only while the job's notebook runs."""

    seconds: float
    memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class Checking:
    """The notebook has ended and its questions are being checked.

    Sent once a second until the result is there. It holds no measured number, because
    nobody may learn from the event how long a test took, or what it used.
    """


Event = CellStarted | OutputAdded | QuestionDone | Usage | Checking
