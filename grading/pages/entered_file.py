"""The page on which marks are entered from a file: what the file would change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import User
from courses.models import Assignment
from formats.mark_table import MarkTable
from formats.problems import Problem
from grading.forms.entered_file import ReadLine, read_line
from grading.services.entered_marks import enterable_students, entered_points, plain


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """A student's mark as it is and as the file has it, as people write them."""

    line: int
    student: User
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class EnteredFilePage:
    """What a file would change. Lines with problems are left out.

    `same` are marks that are already what the file says; they are sent along, so that
    somebody is told if one changes before the rest is stored. `empty` lines change
    nothing. `others` are problems of lines about nobody who can get a mark here.
    """

    table: MarkTable
    new: tuple[FileRow, ...]
    changed: tuple[FileRow, ...]
    same: tuple[FileRow, ...]
    empty: int
    others: tuple[Problem, ...]
    faults: tuple[Problem, ...]

    @property
    def sent(self) -> tuple[FileRow, ...]:
        """The rows that the form sends."""
        return (*self.new, *self.changed, *self.same)

    @property
    def left_out(self) -> int:
        """How many lines are left out because of problems."""
        return len(self.others) + len(self.faults)

    @property
    def count(self) -> int:
        """How many marks would change."""
        return len(self.new) + len(self.changed)


def entered_file_page(assignment: Assignment, table: MarkTable) -> EnteredFilePage:
    """Return what the table would change. Four queries, whatever its length."""
    out_of = assignment.marks_out_of or Decimal(0)
    lines = [read_line(each, out_of) for each in table.lines]
    students = _Students.load(assignment)
    stored = entered_points(assignment)
    rows: dict[str, list[FileRow]] = {"new": [], "changed": [], "same": []}
    faults: list[Problem] = []
    others: list[Problem] = []
    empty = 0
    taken: dict[int, int] = {}
    for line in lines:
        student, words = students.of(line)
        if student is None:
            others.append(Problem(line=line.line, message=words))
            continue
        first = taken.setdefault(student.pk, line.line)
        fault = line.fault or words
        if first != line.line:
            fault = (
                f"{student.name} is on line {first} already. Leave one of the lines "
                "out."
            )
        if fault:
            who = f"{student.name}: " if line.fault else ""
            faults.append(Problem(line=line.line, message=f"{who}{fault}"))
        elif line.points is None:
            empty += 1
        else:
            before = stored.get(student.pk)
            row = _row(line, student, before)
            rows[_kind(before, line.points)].append(row)
    return EnteredFilePage(
        table=table,
        new=tuple(rows["new"]),
        changed=tuple(rows["changed"]),
        same=tuple(rows["same"]),
        empty=empty,
        others=tuple(others),
        faults=tuple(faults),
    )


def _kind(before: Decimal | None, after: Decimal) -> str:
    if before is None:
        return "new"
    return "same" if before == after else "changed"


def _row(line: ReadLine, student: User, before: Decimal | None) -> FileRow:
    return FileRow(
        line=line.line,
        student=student,
        before="" if before is None else plain(before),
        after="" if line.points is None else plain(line.points),
    )


@dataclass(frozen=True, kw_only=True)
class _Students:
    """Who can get a mark, by address and by login."""

    by_email: Mapping[str, User]
    by_login: Mapping[str, User]

    @classmethod
    def load(cls, assignment: Assignment) -> "_Students":
        people: Iterable[User] = User.objects.filter(
            pk__in=enterable_students(assignment)
        ).only("email", "login", "first_name", "last_name")
        found = list(people)
        return cls(
            by_email={each.email.casefold(): each for each in found},
            by_login={each.login.casefold(): each for each in found if each.login},
        )

    def of(self, line: ReadLine) -> tuple[User | None, str]:
        """Return whose line it is, and what is wrong with that, or ''."""
        email, login = line.email.casefold(), line.login.casefold()
        by_email = self.by_email.get(email)
        # Other systems put addresses in the place of logins.
        by_login = self.by_login.get(login) or self.by_email.get(login)
        if not (email or login):
            return None, "The line does not say whose mark it is. Add a login."
        if by_email and by_login and by_email != by_login:
            return by_email, (
                f"The address is that of {by_email.name}, but the login is that of "
                f"{by_login.name}. Correct one of them."
            )
        found = by_email or by_login
        who = (line.email or line.login)[:80]
        return found, "" if found else f"“{who}” is no student of this course."
