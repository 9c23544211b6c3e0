"""The choices that files and models share, each with the label that people read.

Models build their choices and constraints from these: `choices=Role.choices`,
`default=Role.STUDENT.value`, `role__in=Role.values`. A plain value as the default keeps
this module out of migrations.
"""

from enum import IntEnum, StrEnum
from typing import ClassVar, Final, Self

from runner.protocol.jobs import TestStyle


class Choice(StrEnum):
    """A value with a label. A subclass lists its members as `NAME = "value", "Label"`.

    `choices` and `values` of a subclass are the same as those of Django's TextChoices.
    """

    _value_: str
    label: str
    choices: ClassVar[list[tuple[str, str]]]
    values: ClassVar[list[str]]

    # The label has a default because mypy takes `Role("student")` for a call of this
    # method.
    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.choices = [(member.value, member.label) for member in cls]
        cls.values = [member.value for member in cls]


class Role(Choice):
    """A person's role in one course. courses.permissions lists the rights of roles."""

    STUDENT = "student", "Student"
    ASSISTANT = "assistant", "Teaching assistant"
    LECTURER = "lecturer", "Lecturer"
    ADMINISTRATOR = "admin", "Course administrator"
    EXAMINER = "examiner", "External examiner"


class Weekday(IntEnum):
    """The days of the week, numbered as `datetime.date.weekday` does."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6

    @property
    def label(self) -> str:
        """The day's English name."""
        return self.name.capitalize()


class SessionKind(Choice):
    """The kind of a session."""

    LECTURE = "lecture", "Lecture"
    TUTORIAL = "tutorial", "Tutorial"
    LAB = "lab", "Lab"
    REVISION = "revision", "Revision"
    OTHER = "other", "Session"


class Examinable(Choice):
    """Whether something is part of the exam."""

    UNKNOWN = "", "Not said"
    ALL = "all", "Examinable"
    PARTS = "parts", "Marked parts examinable"
    NO = "no", "Not examinable"


class MaterialKind(Choice):
    """The kind of a material."""

    NOTES = "notes", "Notes"
    SLIDES = "slides", "Slides"
    PAPER = "paper", "Paper"
    TUTORIAL = "tutorial", "Tutorial sheet"
    NOTEBOOK = "notebook", "Notebook"
    RECORDING = "recording", "Recording"
    QUIZ = "quiz", "Quiz"
    LINK = "link", "Link"


class MaterialAccess(Choice):
    """Who can open the link of a material."""

    PUBLIC = "public", "Anybody"
    COLLEGE = "college", "College sign-in needed"


class ComponentKind(Choice):
    """The kind of work that a component of the course's total stands for."""

    EXAM = "exam", "Exam"
    COURSEWORK = "coursework", "Coursework"
    OTHER = "other", "Other"


class Split(Choice):
    """How the assessments of a component share its weight: see gradebook.totals."""

    WEIGHT = "weight", "By the share of each"
    POINTS = "points", "By the possible points of each"
    EQUAL = "equal", "Equally"


class Counting(Choice):
    """Which attempt at an assignment counts."""

    LATEST = "latest", "The latest attempt counts"
    BEST = "best", "The best attempt counts"
    CHOICE = "choice", "The student chooses the attempt that counts"


class LateMode(Choice):
    """How late work loses points: see courses.late_rules."""

    NONE = "none", "Late work loses no points; it is only labelled"
    CAP = "cap", "Late work gets at most the pass mark"
    POSSIBLE = "possible", "A share of the possible points for each unit"
    RAW = "raw", "A share of the work's own points for each unit"
    POINTS = "points", "Points for each unit"
    MULTIPLIER = "multiplier", "The points are multiplied for each unit"


class LateUnit(Choice):
    """The unit in which lateness is counted. A unit that has begun counts whole."""

    HOUR = "hour", "Hour"
    DAY = "day", "Day"


class QuestionKind(Choice):
    """Who marks a question."""

    AUTO = "auto", "Checked by tests"
    MANUAL = "manual", "Marked by hand"


TEST_STYLE_LABELS: Final[dict[TestStyle, str]] = {
    TestStyle.FUNCTIONS: "Functions",
    TestStyle.SCRIPT: "Scripts, as in nbgrader",
    TestStyle.DOCTEST: "Interpreter sessions, as in Otter",
    TestStyle.CASES: "Cases, as in Otter",
}


class FileKind(Choice):
    """The kind of a file that students hand in."""

    NOTEBOOK = "notebook", "Jupyter notebook (.ipynb)"
    SAFETENSORS = "safetensors", "Weights (.safetensors)"
    STATE_DICT = "state_dict", "PyTorch state dict (.pt, .pth)"
    TORCHSCRIPT = "torchscript", "TorchScript program (.pt)"
    PDF = "pdf", "PDF document (.pdf)"
    PNG = "png", "Picture (.png)"
    JPEG = "jpeg", "Picture (.jpg, .jpeg)"
    TEXT = "text", "Plain text"
    ZIP = "zip", "Zip archive (.zip)"
    OTHER = "other", "Any file"


class Part(Choice):
    """The part of an assignment to which a file of its folder belongs."""

    HANDOUT = "handout", "Hand-out notebook, for students"
    PUBLIC = "public", "Public data, beside the notebook in every run"
    STAFF = "staff", "Staff notebook"
    TESTS = "tests", "Tests"
    PRIVATE = "private", "Private data, for tests only"
    SOLUTION = "solution", "Files of the model solution"
