"""Read a table of marks from elsewhere: CSV, or the first sheet of an XLSX file.

Nothing is stored or executed here. A formula of a spreadsheet counts with the value that
was stored with it.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Any, Final

from formats.problems import ImportRefusedError, Problem
from formats.roster import DELIMITERS, unescaped

MOST_BYTES: Final = 5 * 1024**2
MOST_LINES: Final = 5_000
_MOST_COLUMNS: Final = 200
# The most that the parts of an XLSX file may be when they are unpacked.
_MOST_UNPACKED: Final = 60 * 1024**2
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
# More decimals of a computed value come from how computers add.
_EXACT: Final = 6
# Column names, as `plain_heading` gives them, the best first. The names are those of
# people, of nbgrader, Gradescope and Otter, and of the portal's own files.
EMAILS: Final = ("email", "e mail", "email address", "mail")
LOGINS: Final = (
    *("login", "username", "user name", "college login", "user", "cid"),
    *("student id", "sid", "student number", "student"),
)
POINTS: Final = (
    *("points", "mark", "marks", "score", "total score", "total", "final"),
    *("total points earned", "total points", "result"),
)
OUT_OF: Final = ("max score", "max points", "possible", "out of", "max")


@dataclass(frozen=True, kw_only=True)
class MarkLine:
    """A line of the table: whose mark, and the points as they are written.

    `fault` says why the cell with the points cannot be read.
    """

    line: int
    email: str = ""
    login: str = ""
    points: str = ""
    out_of: str = ""
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class MarkTable:
    """The lines of the table, and the headings of the columns that were used."""

    lines: tuple[MarkLine, ...]
    person_heading: str
    points_heading: str


@dataclass(frozen=True)
class _Cell:
    text: str
    fault: str = ""


_EMPTY: Final = _Cell("")
# A sheet may claim a million rows that it does not have.
_BOUNDS: Final = {"max_row": 4 * MOST_LINES, "max_col": _MOST_COLUMNS}
# What the library raises for files that are no spreadsheets, or damaged.
_UNREADABLE: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, SyntaxError),
    *(ValueError, TypeError, LookupError, AttributeError, RuntimeError),
)
_Row = tuple[int, Sequence[_Cell]]


def plain_heading(heading: str) -> str:
    """Return a heading for comparison: `Total_Score ` and `total score` are equal."""
    return " ".join(re.split(r"[\s_-]+", heading.strip().casefold()))


def read_mark_table(content: bytes, *, title: str = "") -> MarkTable:
    """Return the marks in the file. Raises ImportRefusedError if it cannot be used.

    Columns are found by their headings. One with the `title` of the assessment, perhaps
    with its points in brackets, has the points before any other.
    """
    if len(content) > MOST_BYTES:
        raise _refused(
            f"The file is larger than {MOST_BYTES >> 20} MB.", "Leave out other sheets."
        )
    if content.startswith(_OLD_EXCEL):
        raise _refused(
            "This is a spreadsheet in an old format.", "Save it as .xlsx or as CSV."
        )
    rows = _xlsx_rows(content) if content.startswith(_ZIP) else _csv_rows(content)
    heads = next(rows, None)
    if heads is None:
        raise _refused("The file is empty.", "Choose a file with a line of headings.")
    columns = _Columns.of([cell.text for cell in heads[1]], title)
    lines = tuple(columns.line(row) for row in _at_most(rows))
    if not lines:
        raise _refused("The file has headings alone.", "Add a line for each student.")
    return MarkTable(
        lines=lines,
        person_heading=columns.person_heading,
        points_heading=columns.headings[columns.points],
    )


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Where each value stands; -1 for a column that the file does not have."""

    headings: Sequence[str]
    email: int
    login: int
    points: int
    out_of: int

    @classmethod
    def of(cls, headings: Sequence[str], title: str) -> "_Columns":
        plain = [plain_heading(each) for each in headings]
        found = cls(
            headings=headings,
            email=_first(plain, EMAILS),
            login=_first(plain, LOGINS),
            points=_titled(plain, plain_heading(title)),
            out_of=_first(plain, OUT_OF),
        )
        seen = ", ".join(f"“{each[:40]}”" for each in headings if each)[:400]
        if found.email < 0 and found.login < 0:
            raise _refused(
                "No column says whose the marks are.",
                f"Call one “login” or “email”. The first line has: {seen}.",
            )
        if found.points < 0:
            raise _refused(
                "No column has the points.",
                f"Call one “points”, “mark” or “score”. The first line has: {seen}.",
            )
        return found

    @property
    def person_heading(self) -> str:
        """The headings of the columns that say whose the marks are."""
        return ", ".join(
            self.headings[index] for index in (self.email, self.login) if index >= 0
        )

    def line(self, row: _Row) -> MarkLine:
        number, cells = row
        points = self._cell(cells, self.points)
        return MarkLine(
            line=number,
            email=self._cell(cells, self.email).text,
            login=self._cell(cells, self.login).text,
            points=points.text,
            out_of=self._cell(cells, self.out_of).text,
            fault=points.fault,
        )

    @staticmethod
    def _cell(cells: Sequence[_Cell], index: int) -> _Cell:
        return cells[index] if 0 <= index < len(cells) else _EMPTY


def _first(headings: Sequence[str], names: Sequence[str]) -> int:
    return next((headings.index(name) for name in names if name in headings), -1)


def _titled(headings: Sequence[str], title: str) -> int:
    """Return the column of the assessment's title, or else of another word for points."""
    for index, heading in enumerate(headings):
        if title and re.sub(r" \([\d.]+\)$", "", heading) == title:
            return index
    return _first(headings, POINTS)


def _at_most(rows: Iterator[_Row]) -> Iterator[_Row]:
    for count, row in enumerate(rows):
        if count == MOST_LINES:
            raise _refused(f"The file has more than {MOST_LINES:,} lines.", "Split it.")
        yield row


# --- CSV ------------------------------------------------------------------------


def _csv_rows(content: bytes) -> Iterator[_Row]:
    """Yield the rows that are not empty, each with the line on which it begins."""
    text = _text(content)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for row in reader:
            cells = [unescaped(cell.strip()) for cell in row[:_MOST_COLUMNS]]
            if any(cells):
                yield line, [_Cell(cell) for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise _refused(
            f"The file cannot be read from line {line} on.",
            "A quotation mark is open, or a cell is very long.",
        ) from error


def _text(content: bytes) -> str:
    """Return the text. What is not Unicode is read as spreadsheets of Windows write it."""
    if b"\0" in content and not content.startswith(_UTF_16):
        raise _refused("This is no table.", "Choose a CSV or an XLSX file.")
    encodings = ("utf-16",) if content.startswith(_UTF_16) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


# --- XLSX -----------------------------------------------------------------------


def _xlsx_rows(content: bytes) -> Iterator[_Row]:
    """Yield the rows of the first sheet that are not empty.

    SECURITY: the parts are bounded before any is unpacked.
    """
    import openpyxl  # noqa: PLC0415  it takes long, and few files are spreadsheets

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            if sum(each.file_size for each in opened.infolist()) > _MOST_UNPACKED:
                raise _refused("The spreadsheet is too large.", "Save it as CSV.")
        sheets = [
            openpyxl.load_workbook(
                io.BytesIO(content), read_only=True, data_only=is_value
            ).worksheets[0]
            for is_value in (True, False)
        ]
        for number, (cells, texts) in enumerate(
            zip_longest(*(each.iter_rows(**_BOUNDS) for each in sheets), fillvalue=()),
            start=1,
        ):
            row = [
                _cell(cell, written)
                for cell, written in zip(
                    cells[:_MOST_COLUMNS], texts[:_MOST_COLUMNS], strict=False
                )
            ]
            if any(each.text or each.fault for each in row):
                yield number, row
    except _UNREADABLE as error:
        raise _refused(
            "The spreadsheet cannot be read.",
            "Open it in a spreadsheet program and save it again, or save it as CSV.",
        ) from error


def _cell(cell: Any, written: Any) -> _Cell:
    """Return a cell of a spreadsheet by its stored value, and by what is written in it."""
    value = cell.value
    if value is None:
        if written.value is None:
            return _EMPTY
        return _Cell(
            "",
            "This formula has no stored value. Open the file in a spreadsheet program "
            "and save it again.",
        )
    if isinstance(value, bool | date):
        return _Cell(str(value))
    if isinstance(value, int | float):
        if "%" in (cell.number_format or ""):
            return _Cell(str(value), "This cell is in percent. Write the points.")
        return _Cell(_number_text(value))
    return _Cell(str(value).strip())


def _number_text(value: float) -> str:
    text = f"{value:.{_EXACT}f}"
    return text.rstrip("0").rstrip(".")


def _refused(message: str, hint: str) -> ImportRefusedError:
    return ImportRefusedError((Problem(message=message, hint=hint),))
