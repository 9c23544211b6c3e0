"""Read a CSV file of extensions: a student, a deadline and a reason in each line."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from formats.problems import Problem
from formats.roster import unescaped

MOST_BYTES: Final = 256 * 1024
MOST_ROWS: Final = 1_000
LONGEST_REASON: Final = 1_000
_COLUMNS: Final = ("student", "due_at", "reason")
_SYNONYMS: Final = {
    "login": "student",
    "email": "student",
    "due": "due_at",
    "deadline": "due_at",
    "why": "reason",
}
_HEADER: Final = "The first line must name the columns student, due_at and reason."


class ExtensionRowsError(Exception):
    """The file cannot be used. `problems` lists every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True)
class ExtensionRow:
    """A line of the file. `student` is a login or an address."""

    line: int
    student: str
    due_at: str
    reason: str


def decode_extension_rows(content: bytes) -> str:
    """Return the file's text, or raise ExtensionRowsError."""
    if len(content) > MOST_BYTES:
        raise ExtensionRowsError([Problem(message="The file is larger than 256 KB.")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        hint = "Save it as “CSV UTF-8” in the spreadsheet and choose it again."
        problem = Problem(message="The file is not text in UTF-8.", hint=hint)
        raise ExtensionRowsError([problem]) from None


def read_extension_rows(text: str) -> list[ExtensionRow]:
    """Return the lines of the file, or raise ExtensionRowsError with every fault."""
    reader = _lines(text)
    line, header = next(reader, (1, []))
    names = [_name(cell) for cell in header]
    if any(name not in names for name in _COLUMNS):
        raise ExtensionRowsError([Problem(line=line, message=_HEADER)])
    rows: list[ExtensionRow] = []
    problems: list[Problem] = []
    for line, cells in reader:
        if len(rows) == MOST_ROWS:
            message = f"A file has at most {MOST_ROWS} lines."
            raise ExtensionRowsError([Problem(line=line, message=message)])
        given = dict(zip(names, map(unescaped, cells), strict=False))
        row = ExtensionRow(
            line=line, **{name: given.get(name, "").strip() for name in _COLUMNS}
        )
        rows.append(row)
        problems += _faults(row)
    if not rows:
        problems.append(Problem(message="The file has no line after the first."))
    if problems:
        raise ExtensionRowsError(problems)
    return rows


def _faults(row: ExtensionRow) -> Iterator[Problem]:
    for name in _COLUMNS:
        if not getattr(row, name):
            yield Problem(line=row.line, message=f"The cell “{name}” is empty.")
    if len(row.reason) > LONGEST_REASON:
        words = f"The reason is longer than {LONGEST_REASON} characters."
        yield Problem(line=row.line, message=words)
    if "\x00" in row.reason:
        words = "The reason has a character that cannot be stored."
        yield Problem(line=row.line, message=words)


def _name(cell: str) -> str:
    name = cell.strip().casefold().replace(" ", "_")
    return _SYNONYMS.get(name, name)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that is not empty, with its number in the file."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error:
        problem = Problem(line=reader.line_num, message="This is not a line of CSV.")
        raise ExtensionRowsError([problem]) from None
