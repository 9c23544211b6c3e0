"""The page of what a course's runs have used: by week and by student."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from courses.models import Course
from grading.services.use import use_in_course

# The page shows those who used most; the CSV file has everybody.
STUDENTS_SHOWN: Final = 100


@dataclass(kw_only=True)
class UseRow:
    """Runs, and the seconds that they used, of a week or a student."""

    name: str = ""
    detail: str = ""
    week: dt.date | None = None
    runs: int = 0
    cpu_seconds: float = 0.0
    gpu_seconds: float = 0.0

    @property
    def runs_in_words(self) -> str:
        return f"in {self.runs} run{'' if self.runs == 1 else 's'}"

    def add(self, runs: int, cpu: float, gpu: float) -> None:
        self.runs += runs
        self.cpu_seconds += cpu
        self.gpu_seconds += gpu


@dataclass(frozen=True, kw_only=True)
class UsePage:
    """The sums of the course. `more_students` are those that are not shown."""

    total: UseRow
    weeks: Sequence[UseRow]
    students: Sequence[UseRow]
    more_students: int

    @property
    def has_gpu(self) -> bool:
        return self.total.gpu_seconds > 0


def use_page(course: Course) -> UsePage:
    """Return the sums of the course. One query."""
    total = UseRow(name="All")
    weeks: dict[dt.date, UseRow] = {}
    students: dict[int, UseRow] = {}
    for row in use_in_course(course):
        day = row["week"]
        name = f"{row['first_name']} {row['last_name']}".strip() or row["email"]
        of_week = weeks.setdefault(day, UseRow(week=day))
        of_student = students.setdefault(
            row["student"], UseRow(name=name, detail=row["login"] or row["email"])
        )
        for each in (total, of_week, of_student):
            each.add(row["runs"], row["cpu"], row["gpu"])
    ordered = sorted(
        students.values(), key=lambda row: (-row.gpu_seconds, -row.cpu_seconds)
    )
    return UsePage(
        total=total,
        weeks=sorted(weeks.values(), key=lambda row: row.week or dt.date.min),
        students=ordered[:STUDENTS_SHOWN],
        more_students=max(0, len(ordered) - STUDENTS_SHOWN),
    )
