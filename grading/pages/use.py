"""The page of what a course's runs have used: by week and by student."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from accounts.models import User
from courses.models import Course
from grading.services.use import self_check_use_in_course, use_in_course

# The page shows those who used most; the CSV file has everybody.
STUDENTS_SHOWN: Final = 100


@dataclass(kw_only=True)
class UseRow:
    """Runs, and the seconds that they used, of a week or a student.

    Self-checks are counted apart, and so are their seconds.
    """

    name: str = ""
    detail: str = ""
    week: dt.date | None = None
    runs: int = 0
    cpu_seconds: float = 0.0
    gpu_seconds: float = 0.0
    checks: int = 0
    checks_cpu_seconds: float = 0.0
    checks_gpu_seconds: float = 0.0

    @property
    def checks_in_words(self) -> str:
        return f"in {self.checks} check{'' if self.checks == 1 else 's'}"

    @property
    def runs_in_words(self) -> str:
        return f"in {self.runs} run{'' if self.runs == 1 else 's'}"

    def add(self, runs: int, cpu: float, gpu: float) -> None:
        self.runs += runs
        self.cpu_seconds += cpu
        self.gpu_seconds += gpu

    def add_checks(self, checks: int, cpu: float, gpu: float) -> None:
        self.checks += checks
        self.checks_cpu_seconds += cpu
        self.checks_gpu_seconds += gpu


@dataclass(frozen=True, kw_only=True)
class UsePage:
    """The sums of the course. `more_students` are those that are not shown."""

    total: UseRow
    weeks: Sequence[UseRow]
    students: Sequence[UseRow]
    more_students: int

    @property
    def has_gpu(self) -> bool:
        return self.total.gpu_seconds > 0 or self.total.checks_gpu_seconds > 0


def use_page(course: Course, viewer: User) -> UsePage:
    """Return the sums of the course as the viewer may see them. Two queries."""
    total = UseRow(name="All")
    weeks: dict[dt.date, UseRow] = {}
    students: dict[int, UseRow] = {}

    def rows_of(row: dict[str, Any]) -> tuple[UseRow, UseRow, UseRow]:
        day = row["week"]
        name = f"{row['first_name']} {row['last_name']}".strip() or row["email"]
        of_week = weeks.setdefault(day, UseRow(week=day))
        of_student = students.setdefault(
            row["student"], UseRow(name=name, detail=row["login"] or row["email"])
        )
        return total, of_week, of_student

    for row in use_in_course(course, viewer):
        for each in rows_of(row):
            each.add(row["runs"], row["cpu"], row["gpu"])
    for row in self_check_use_in_course(course, viewer):
        for each in rows_of(row):
            each.add_checks(row["runs"], row["cpu"], row["gpu"])
    ordered = sorted(
        students.values(), key=lambda row: (-row.gpu_seconds, -row.cpu_seconds)
    )
    return UsePage(
        total=total,
        weeks=sorted(weeks.values(), key=lambda row: row.week or dt.date.min),
        students=ordered[:STUDENTS_SHOWN],
        more_students=max(0, len(ordered) - STUDENTS_SHOWN),
    )
