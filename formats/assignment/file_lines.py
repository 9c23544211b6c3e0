"""Assignments without a notebook as people type them: a line for each file and question.

“report.pdf = 20” is a file of 20 MB at most, “data.csv = 5 [optional]” one that need not
be handed in, and “Method = 6” a question of 6 points.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Final

from formats.assignment.assignment_content import Bundle, Question, RequiredFile
from formats.assignment.manifest import NAME
from formats.choices import FileKind, QuestionKind

_KINDS: Final = {
    ".pdf": FileKind.PDF,
    ".png": FileKind.PNG,
    ".jpg": FileKind.JPEG,
    ".jpeg": FileKind.JPEG,
    ".zip": FileKind.ZIP,
    ".txt": FileKind.TEXT,
    ".md": FileKind.TEXT,
    ".csv": FileKind.TEXT,
    ".tex": FileKind.TEXT,
}
_OPTIONAL: Final = "[optional]"
_MEBIBYTE: Final = 1024**2
_LARGEST_MB: Final = 1024**2
_MOST_POINTS: Final = Decimal(99_999)
_POINTS: Final = re.compile(r"[0-9]{1,5}(?:[.,][0-9]{1,2})?")
_LONGEST_TITLE: Final = 200
_LONGEST_KEY: Final = 60
MOST_LINES: Final = 50
# These bundles are told from others by their content alone.
_TITLE: Final = "Files only"


class LineError(ValueError):
    """A line is malformed. `str` says why, and shows the right form."""


def read_file_line(text: str) -> RequiredFile:
    """Return the file in “report.pdf = 20 [optional]”. Raises LineError."""
    is_optional = text.strip().lower().endswith(_OPTIONAL)
    plain = text.strip()[: -len(_OPTIONAL)] if is_optional else text
    name, equals, size = (part.strip() for part in plain.rpartition("="))
    is_size = size.isascii() and size.isdecimal() and 0 < int(size) <= _LARGEST_MB
    if not equals or not is_size:
        raise LineError(
            f"“{text.strip()}” has no largest size. Write the name and the size in MB, "
            "such as report.pdf = 20."
        )
    if not NAME.fullmatch(name):
        raise LineError(
            f"“{name}” is not allowed as a file name: use letters, digits, dots, "
            "dashes, spaces and brackets only."
        )
    ending = PurePosixPath(name).suffix.lower()
    if ending == ".ipynb":
        raise LineError(
            f"“{name}” is a notebook. Import an assignment with a notebook, or ask for "
            "other files."
        )
    return RequiredFile(
        name=name,
        kind=_KINDS.get(ending, FileKind.OTHER),
        max_bytes=int(size) * _MEBIBYTE,
        is_optional=is_optional,
    )


def read_question_line(text: str) -> tuple[str, Decimal]:
    """Return the title and the points in “Method = 6”. Raises LineError."""
    title, equals, points = (part.strip() for part in text.rpartition("="))
    if not equals or not title or not _POINTS.fullmatch(points):
        raise LineError(
            f"“{text.strip()}” has no points. Write what is marked and its points, such "
            "as Method = 6."
        )
    if len(title) > _LONGEST_TITLE:
        raise LineError(f"“{title[:40]}…” is longer than {_LONGEST_TITLE} characters.")
    return title, Decimal(points.replace(",", "."))


def check_files(files: Sequence[RequiredFile]) -> None:
    """Raise LineError if the files cannot be asked for together."""
    times = Counter(file.name.casefold() for file in files)
    repeated = next(
        (file.name for file in files if times[file.name.casefold()] > 1), ""
    )
    if repeated:
        raise LineError(f"“{repeated}” is here twice.")
    if all(file.is_optional for file in files):
        raise LineError("At least one file must not be optional.")
    _check_count(files)


def check_questions(questions: Sequence[tuple[str, Decimal]]) -> None:
    """Raise LineError if the questions cannot be asked together."""
    _check_count(questions)


def _check_count(lines: Sequence[object]) -> None:
    if len(lines) > MOST_LINES:
        raise LineError(f"Write at most {MOST_LINES} lines.")


def files_bundle(
    files: Iterable[RequiredFile], questions: Iterable[tuple[str, Decimal]]
) -> Bundle:
    """Return the bundle of these files and questions, which people mark."""
    found: list[Question] = []
    for title, points in questions:
        key = _key(title, {each.key for each in found})
        found.append(
            Question(key=key, title=title, points=points, kind=QuestionKind.MANUAL)
        )
    return Bundle(title=_TITLE, required_files=tuple(files), questions=tuple(found))


def _key(title: str, taken: set[str]) -> str:
    """Return a key from the title that no other question has."""
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    stem = plain[: _LONGEST_KEY - 4].strip("-") or "question"
    key, number = stem, 1
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    return key


def file_line(file: RequiredFile) -> str:
    """Return the line of a file, as `read_file_line` reads it."""
    line = f"{file.name} = {file.max_bytes // _MEBIBYTE}"
    return f"{line} {_OPTIONAL}" if file.is_optional else line


def question_line(title: str, points: Decimal) -> str:
    """Return the line of a question, as `read_question_line` reads it."""
    return f"{title} = {points.normalize():f}"
