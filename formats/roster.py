"""Read a roster: a CSV file of the people of a course. Nothing is stored here.

An empty cell, or a column that is left out, changes nothing: known values stay, and a
new person is a student. A cell that begins like a formula is only text.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from formats.addresses import is_email_address
from formats.choices import Role
from formats.problems import Problem

CellT = TypeVar("CellT")
MOST_BYTES: Final = 1024**2
MOST_ROWS: Final = 2_000
COLUMNS: Final = (
    "email",
    "first_name",
    "last_name",
    "login",
    "role",
    "module_code",
)
# Column names of other systems, in the form that `_plain` gives them.
SYNONYMS: Final = {
    "e mail": "email",
    "email address": "email",
    "forename": "first name",
    "given name": "first name",
    "surname": "last name",
    "family name": "last name",
    "username": "login",
    "college login": "login",
    "module": "module code",
    "code": "module code",
}
ROLES: Final = {
    "student": Role.STUDENT,
    "assistant": Role.ASSISTANT,
    "teaching assistant": Role.ASSISTANT,
    "ta": Role.ASSISTANT,
    "lecturer": Role.LECTURER,
    "admin": Role.ADMINISTRATOR,
    "administrator": Role.ADMINISTRATOR,
    "course administrator": Role.ADMINISTRATOR,
    "examiner": Role.EXAMINER,
    "external examiner": Role.EXAMINER,
}
LENGTHS: Final = {"email": 254, "first_name": 150, "last_name": 150, "login": 64}
DELIMITERS: Final = ",;\t"
# The first character of a formula in a spreadsheet. An export puts an apostrophe before
# it.
_FORMULA: Final = re.compile(r"[=+\-@\t\r]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NOT_TEXT: Final = "The file is not text in UTF-8."
_SAVE_AS: Final = "Save it as “CSV UTF-8” in the spreadsheet and choose it again."


class RosterError(Exception):
    """The file cannot be used. `problems` lists every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A person in the file. Values that the file does not give are empty, or None."""

    line: int
    email: str
    first_name: str = ""
    last_name: str = ""
    login: str = ""
    role: Role | None = None
    module_code: str = ""

    @property
    def name(self) -> str:
        """The full name, or the email address if no name is known."""
        return f"{self.first_name} {self.last_name}".strip() or self.email


@dataclass(frozen=True, kw_only=True)
class Roster:
    """The content of a roster file. `ignored` names the columns that are not used."""

    entries: Sequence[Entry]
    ignored: Sequence[str] = ()


def read_roster(content: bytes, *, module_codes: Sequence[str]) -> Roster:
    """Return the roster in the file, or raise RosterError with every fault."""
    rows = _rows(_text(content))
    try:
        line, header = next(rows)
    except StopIteration:
        raise RosterError([Problem(message="The file is empty.")]) from None
    places, ignored = _places(line, header)
    reading = _Reading(places, {code.casefold(): code for code in module_codes})
    entries = [reading.entry(*row) for row in _at_most(rows, MOST_ROWS)]
    faults = reading.faults
    if not entries and not faults:
        faults = [
            Problem(message="The file has no people.", hint="Add a line for each.")
        ]
    if faults:
        raise RosterError(faults)
    return Roster(entries=[entry for entry in entries if entry], ignored=ignored)


def write_roster(rows: Iterable[Mapping[str, str]]) -> str:
    """Return the rows as the text of a roster, safe to open in a spreadsheet."""
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow(COLUMNS)
    writer.writerows([escaped(row[name]) for name in COLUMNS] for row in rows)
    return sink.getvalue()


def escaped(cell: str) -> str:
    """Return the cell in a form that no spreadsheet takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescaped(cell: str) -> str:
    """Undo `escaped`."""
    hides = cell.startswith("'") and _FORMULA.match(cell, 1)
    return cell[1:] if hides else cell


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise RosterError(
            [Problem(message="The file is larger than 1 MB.", hint="Leave out rows.")]
        )
    if content.startswith(b"PK\x03\x04"):
        raise RosterError(
            [Problem(message="This is a spreadsheet, not CSV.", hint=_SAVE_AS)]
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RosterError(
            [Problem(line=line, message=_NOT_TEXT, hint=_SAVE_AS)]
        ) from error


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the line on which it begins."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True
    )
    line = 1
    try:
        for row in reader:
            cells = [unescaped(cell.strip()) for cell in row]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        fault = Problem(
            line=line,
            message="The file cannot be read from here on.",
            hint="A quotation mark is open, or text follows a closed one.",
        )
        raise RosterError([fault]) from error


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=first.count)


def _at_most(
    rows: Iterable[tuple[int, list[str]]], most: int
) -> Iterator[tuple[int, list[str]]]:
    for count, row in enumerate(rows):
        if count == most:
            fault = Problem(
                line=row[0],
                message=f"The file has more than {most:,} people.",
                hint="Split it into several files.",
            )
            raise RosterError([fault])
        yield row


def _plain(header: str) -> str:
    """Return a header for comparison: `First_Name ` and `first-name` are equal."""
    words = " ".join(re.split(r"[\s_-]+", header.strip().casefold()))
    return SYNONYMS.get(words, words).replace(" ", "_")


def _places(line: int, header: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """Return the index of each known column, and the names of the unknown ones."""
    places: dict[str, int] = {}
    ignored = []
    for index, cell in enumerate(header):
        name = _plain(cell)
        if name in places:
            message = f"Two columns are “{name.replace('_', ' ')}”."
            raise RosterError([Problem(line=line, message=message)])
        if name in COLUMNS:
            places[name] = index
        elif cell:
            ignored.append(cell[:60])
    if "email" not in places:
        fault = Problem(
            line=line,
            message="No column is called “email”.",
            hint=f"The first line names the columns: {', '.join(COLUMNS)}.",
        )
        raise RosterError([fault])
    return places, ignored


class _Reading:
    """Turns rows into entries, and collects their faults."""

    def __init__(self, places: Mapping[str, int], codes: Mapping[str, str]) -> None:
        self.places = places
        self.codes = codes
        self.faults: list[Problem] = []
        self.lines: dict[str, int] = {}

    def entry(self, line: int, cells: Sequence[str]) -> Entry | None:
        """Return the row's person, or None after noting the faults."""
        found = len(self.faults)
        values = {
            name: cells[index] if index < len(cells) else ""
            for name, index in self.places.items()
        }
        self._check_texts(line, values)
        email = self._checked(self._email, line, values.get("email", ""))
        role = self._checked(self._role, line, values.get("role", ""))
        code = self._checked(self._code, line, values.get("module_code", ""))
        if len(self.faults) > found:
            return None
        return Entry(
            line=line,
            email=email or "",
            first_name=values.get("first_name", ""),
            last_name=values.get("last_name", ""),
            login=values.get("login", ""),
            role=role,
            module_code=code or "",
        )

    def _check_texts(self, line: int, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            label = name.replace("_", " ")
            if len(value) > LENGTHS.get(name, MOST_BYTES):
                message = f"The {label} has more than {LENGTHS[name]} characters."
                self.faults.append(Problem(line=line, message=message))
            if _CONTROL.search(value):
                message = f"The {label} has a character that is not text."
                self.faults.append(Problem(line=line, message=message))

    def _checked(
        self, check: Callable[[int, str], CellT], line: int, value: str
    ) -> CellT | None:
        try:
            return check(line, value)
        except ValueError as error:
            self.faults.append(Problem(line=line, message=str(error)))
            return None

    def _email(self, line: int, value: str) -> str:
        email = value.lower()
        if not email:
            raise ValueError("There is no address.")
        if not is_email_address(email):
            raise ValueError(f"“{value[:60]}” is not an email address.")
        first = self.lines.setdefault(email, line)
        if first != line:
            raise ValueError(f"{email} is on line {first} already.")
        return email

    def _role(self, _line: int, value: str) -> Role | None:
        words = " ".join(value.casefold().split())
        if words and words not in ROLES:
            known = ", ".join(role.value for role in Role)
            raise ValueError(f"“{value[:60]}” is not a role. Write one of: {known}.")
        return ROLES.get(words)

    def _code(self, _line: int, value: str) -> str:
        if value and value.casefold() not in self.codes:
            known = ", ".join(self.codes.values()) or "none"
            raise ValueError(
                f"“{value[:60]}” is not a code of this course. The codes are: {known}."
            )
        return self.codes.get(value.casefold(), "")
