"""Read assignment.yaml."""

import keyword
import re
from collections import Counter
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Final

from formats.assignment.assignment_content import (
    Bundle,
    Check,
    Limits,
    Question,
    RequiredFile,
    Visibility,
)
from formats.assignment.files_only import report_checked_question, report_run_settings
from formats.assignment.rubric import RUBRIC, Rubric, read_rubric
from formats.choices import FileKind, QuestionKind
from formats.document_checks import ENDINGS
from formats.problems import ProblemList
from formats.yaml_document import Section, parse
from runner.protocol.jobs import Scalar, TestStyle

FILE: Final = "assignment.yaml"
FORMAT: Final = 1
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ ()-]{0,119}")
# A data file may also be named like a module, such as __init__.py.
_DATA_NAME: Final = re.compile(r"_{0,2}[A-Za-z0-9][A-Za-z0-9._ ()-]{0,119}")
_LONGEST_NAME: Final = 120
# Of what students read when a check has passed or failed.
LONGEST_WORDS: Final = 400
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_IMPORT: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(:[^\W\d]\w*)?")
_TOP: Final = (
    "format",
    "title",
    "notebook",
    "environment",
    "queue",
    "limits",
    "seed",
    "grading_seed",
    "skip_tags",
    "parameters",
    "imports",
    "required_files",
    "questions",
)
_REQUIRED_FILE: Final = ("name", "kind", "max_mb", "description", "optional")
_QUESTION: Final = (
    *("key", "title", "description", "points", "kind", "style", "checks", "rubric"),
)
_CHECK: Final = (
    *("name", "points", "visibility", "description"),
    *("success", "failure"),
)
_LIMITS: Final = tuple(limit.name for limit in fields(Limits))
_DAY: Final = 86_400
_MEBIBYTE: Final = 1024**2
# The largest number that the document may hold. There are too many to try them all.
_LARGEST_SECRET: Final = 10**12 - 1
_MOST_POINTS: Final = Decimal(99_999)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The document's content, and the line of each question and check.

    `has_notebook` is false if it does not ask for a notebook, so that nothing is run.
    """

    bundle: Bundle
    question_lines: dict[str, int]
    check_lines: dict[tuple[str, str], int]
    has_notebook: bool = True


def read_manifest(data: bytes, faults: ProblemList) -> Manifest | None:
    """Return the contents of assignment.yaml, or None if it cannot be parsed.

    Faults are noted. A faulty value is replaced by a default, so that reading goes on.
    """
    node = parse(data, file=FILE, faults=faults)
    if node is None:
        return None
    top = Section(node, known=_TOP, file=FILE, faults=faults)
    top.require("format", "title", "required_files", "questions")
    if "format" in top:
        top.whole("format", FORMAT, lowest=FORMAT, highest=FORMAT)
    required = _required_files(top)
    has_notebook = _has_notebook(top, required)
    reader = _Questions(top, has_notebook=has_notebook)
    bundle = Bundle(
        title=top.text("title", longest=200),
        notebook=top.text("notebook", longest=120),
        environment=top.text("environment", "default", longest=40),
        queue=top.choice("queue", ("cpu", "gpu"), "cpu"),
        limits=_limits(top),
        seed=top.whole("seed", 0, lowest=0, highest=2**31 - 1),
        grading_seed=_grading_seed(top),
        skip_tags=top.texts("skip_tags"),
        parameters=_parameters(top),
        imports=_imports(top),
        required_files=required,
        questions=reader.read(),
    )
    if not has_notebook:
        report_run_settings(top, required)
    return Manifest(
        bundle=bundle,
        question_lines=reader.question_lines,
        check_lines=reader.check_lines,
        has_notebook=has_notebook,
    )


def is_file_name(name: str) -> bool:
    """Return whether a data file may have this name: a path below its folder."""
    parts = name.split("/")
    return len(name) <= _LONGEST_NAME and all(map(_DATA_NAME.fullmatch, parts))


def _grading_seed(top: Section) -> int | None:
    if "grading_seed" not in top:
        return None
    return top.whole("grading_seed", 0, lowest=0, highest=_LARGEST_SECRET)


def _limits(top: Section) -> Limits:
    section = top.section("limits", _LIMITS)
    if section is None:
        return Limits()
    found = {
        field.name: section.whole(
            field.name,
            int(str(field.default)),
            lowest=1,
            highest=_DAY if field.name.endswith("_seconds") else _MEBIBYTE,
        )
        for field in fields(Limits)
    }
    limits = Limits(**found)
    for name in ("cell_seconds", "question_seconds"):
        if found[name] > limits.run_seconds:
            section.fault(
                f"“{name}” is longer than the whole run may take "
                f"({limits.run_seconds} s).",
                name if name in section else None,
            )
    return limits


def _parameters(top: Section) -> dict[str, Scalar]:
    section = top.section("parameters", None)
    if section is None:
        return {}
    for name in section:
        if not name.isidentifier() or keyword.iskeyword(name):
            section.fault(f"“{name}” is not a valid name of a Python variable.", name)
    return section.scalars()


def _imports(top: Section) -> dict[str, str]:
    """Return the names that scripts and doctests always import from a library."""
    section = top.section("imports", None)
    if section is None:
        return {}
    found = {}
    for name in section:
        target = section.text(name, longest=200)
        if not name.isidentifier() or keyword.iskeyword(name):
            section.fault(f"“{name}” is not a valid name of a Python variable.", name)
        elif target and not _IMPORT.fullmatch(target):
            section.fault(
                f"“{target}” cannot be imported.",
                name,
                hint='Write a module, "numpy", or a name in a module, "torch.nn:Conv2d".',
            )
        found[name] = target
    return found


def _required_files(top: Section) -> tuple[RequiredFile, ...]:
    sections = top.sections("required_files", _REQUIRED_FILE)
    files = tuple(_required_file(section) for section in sections)
    _refuse_repeats(top, "required_files", [file.name.casefold() for file in files])
    notebooks = [file.name for file in files if file.kind == FileKind.NOTEBOOK]
    wanted = top.text("notebook", longest=120)
    if "notebook" in top and sections and notebooks != [wanted]:
        top.fault(
            "Exactly one required file must be of the kind “notebook”, and be "
            f"called “{wanted}”, as “notebook” says.",
            "required_files",
        )
    return files


def _has_notebook(top: Section, required: tuple[RequiredFile, ...]) -> bool:
    """Return whether the assignment has a notebook.

    Its line may be forgotten, and without required files nobody can tell.
    """
    notebooks = [file.name for file in required if file.kind == FileKind.NOTEBOOK]
    if notebooks and "notebook" not in top:
        hint = f"Add “notebook: {notebooks[0]}”."
        top.fault("“notebook” is missing here.", hint=hint)
    return bool(notebooks) or "notebook" in top or "required_files" not in top


def _required_file(section: Section) -> RequiredFile:
    section.require("name", "kind", "max_mb")
    name = section.text("name", longest=120)
    if name and not NAME.fullmatch(name):
        section.fault(
            f"“{name}” is not allowed as a file name.",
            "name",
            hint="Use letters, digits, dots, dashes, spaces and brackets only.",
        )
    megabytes = section.number("max_mb")
    if megabytes is not None and not 0 < megabytes <= _MEBIBYTE:
        section.fault("“max_mb” must be above 0.", "max_mb")
        megabytes = None
    kind = FileKind(section.choice("kind", list(FileKind), FileKind.OTHER))
    if kind == FileKind.NOTEBOOK and not name.endswith(".ipynb"):
        section.fault("A notebook's name must end in .ipynb.", "name")
    endings = ENDINGS.get(kind, ())
    if name and endings and not name.lower().endswith(endings):
        section.fault(
            f"The name of a file of the kind “{kind}” must end in "
            f"{' or '.join(endings)}.",
            "name",
        )
    return RequiredFile(
        name=name,
        kind=kind,
        max_bytes=max(1, int((megabytes or Decimal(1)) * _MEBIBYTE)),
        description=section.text("description", longest=200),
        is_optional=section.flag("optional"),
    )


def _refuse_repeats(section: Section, key: str, names: list[str]) -> None:
    for name, times in Counter(names).items():
        if name and times > 1:
            section.fault(f"“{name}” is {times} times in “{key}”.", key)


class _Questions:
    """Reads the questions, and keeps their lines for the faults of test files."""

    def __init__(self, top: Section, *, has_notebook: bool = True) -> None:
        self._top = top
        self._has_notebook = has_notebook
        self.question_lines: dict[str, int] = {}
        self.check_lines: dict[tuple[str, str], int] = {}

    def read(self) -> tuple[Question, ...]:
        sections = self._top.sections("questions", _QUESTION)
        if "questions" in self._top and not sections:
            self._top.fault("There must be at least one question.", "questions")
        return tuple(self._question(section) for section in sections)

    def _question(self, section: Section) -> Question:
        section.require("key", "title", "points")
        key = section.text("key")
        if key and not _KEY.fullmatch(key):
            section.fault(
                f"“{key}” cannot be a key.",
                "key",
                hint="Use up to 60 letters, digits, dashes and underscores.",
            )
        elif key and key in self.question_lines:
            section.fault(
                f"“{key}” is already the key of the question on line "
                f"{self.question_lines[key]}.",
                "key",
            )
        self.question_lines.setdefault(key, section.line)
        question = Question(
            key=key,
            title=section.text("title", longest=200),
            points=_points(section),
            kind=QuestionKind(
                section.choice("kind", list(QuestionKind), QuestionKind.AUTO)
            ),
            style=TestStyle(
                section.choice("style", list(TestStyle), TestStyle.FUNCTIONS)
            ),
            description=section.text("description"),
            checks=tuple(
                self._check(key, check) for check in section.sections("checks", _CHECK)
            ),
            rubric=_rubric(section),
        )
        if question.kind == QuestionKind.AUTO and not self._has_notebook:
            report_checked_question(section, question)
        else:
            _check_points(section, question)
        return question

    def _check(self, key: str, section: Section) -> Check:
        section.require("name", "points")
        name = section.text("name", longest=60)
        if name and (not name.isidentifier() or keyword.iskeyword(name)):
            section.fault(f"“{name}” is not a valid name of a Python function.", "name")
        elif name and (key, name) in self.check_lines:
            section.fault(f"The question has a check “{name}” already.", "name")
        self.check_lines.setdefault((key, name), section.line)
        visibility = section.choice(
            "visibility", list(Visibility), Visibility.AFTER_DEADLINE
        )
        return Check(
            name=name,
            points=_points(section),
            visibility=Visibility(visibility),
            description=section.text("description", longest=500),
            success=section.text("success", longest=LONGEST_WORDS),
            failure=section.text("failure", longest=LONGEST_WORDS),
        )


def _rubric(section: Section) -> Rubric | None:
    rubric = section.section("rubric", RUBRIC)
    return None if rubric is None else read_rubric(rubric)


def _points(section: Section) -> Decimal:
    points = section.number("points")
    if points is None:
        return Decimal(0)
    exponent = points.normalize().as_tuple().exponent
    if not 0 <= points <= _MOST_POINTS:
        section.fault(f"“points” must be from 0 to {_MOST_POINTS}.", "points")
    elif isinstance(exponent, int) and exponent < -2:  # noqa: PLR2004
        section.fault("“points” may have two decimals at most.", "points")
    return points


def _check_points(section: Section, question: Question) -> None:
    if question.kind == QuestionKind.MANUAL:
        if "style" in section:
            section.fault(
                f"“{question.key}” is marked by hand and has no style of tests.",
                "style",
                hint="Remove the line.",
            )
        if question.checks:
            section.fault(
                f"“{question.key}” is marked by hand and cannot have checks.",
                "checks",
                hint="Remove the checks, or make it a question of the kind “auto”.",
            )
        return
    if question.rubric is not None:
        section.fault(
            f"“{question.key}” is checked by tests and has no rubric.",
            "rubric",
            hint="Remove the rubric, or write “kind: manual” and remove the checks.",
        )
    if not question.checks:
        section.fault(
            f"“{question.key}” is checked by tests but has no checks.",
            hint="List them under “checks”, or write “kind: manual”.",
        )
        return
    total = sum((check.points for check in question.checks), Decimal(0))
    if total != question.points:
        section.fault(
            f"The checks of “{question.key}” are worth {total} points in all, but the "
            f"question is worth {question.points}.",
            "points",
            hint="Change one of them so that both are the same.",
        )
