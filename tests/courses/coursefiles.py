"""Course files for tests: the example, a small one, and how they are imported."""

from io import StringIO
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.actors import SYSTEM
from courses.models import Course
from courses.services.course_files import CourseImport, import_course_file
from formats.course.dates import AcademicYear

EXAMPLE: Final[Path] = settings.BASE_DIR / "examples" / "deep-learning" / "course.yaml"
YEAR: Final = "2024-25"
# Two weeks, a room with its other spellings, a lecture, a tutorial, one deadline.
SMALL: Final = """\
format: 1
course:
  title: Deep Learning
  module_codes: ["70010", "97111"]
  released: 6 January 09:00
components:
  - {title: Exam, kind: exam, weight: 50}
  - {title: Coursework, kind: coursework, weight: 50}
rooms:
  - {name: Huxley 308, aliases: ["308", HXL 308]}
teachers: [Kainz]
lectures:
  - {number: "02", title: Building blocks}
weeks:
  - number: 2
    starts: 13 January
    sessions:
      - {key: w2-lecture, kind: lecture, day: friday, from: "09:00", to: "10:00", room: "308"}
  - number: 3
    starts: 20 January
    sessions:
      - {key: w3-tutorial, kind: tutorial, day: friday, from: "10:00", to: "11:00", room: HXL 308}
    materials:
      - {key: t01, kind: tutorial, title: Signals, url: "https://example.org/t01"}
coursework:
  - {slug: cw1, title: Coursework Task 1, week: 2, due: "24 January 19:00", component: Coursework, weight: 50}
"""


def save(folder: Path, text: str) -> Path:
    """Write a course file and return its path."""
    path = folder / "course.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def small(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the small course file with some text replaced; each must occur."""
    text = SMALL
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return save(folder, text)


def import_file(path: Path = EXAMPLE, **options: Any) -> CourseImport:
    """Import a file of the year 2024-25 as the portal itself."""
    options.setdefault("actor", SYSTEM)
    options["year"] = AcademicYear.parse(options.get("year", YEAR))
    return import_course_file(path=path, **options)


def imported_course(path: Path = EXAMPLE, **options: Any) -> Course:
    """Import a file and return the course."""
    course = import_file(path, **options).course
    assert course is not None
    return course


def run(path: Path, *arguments: str) -> str:
    """Return the output of `manage.py import_course`."""
    said = StringIO()
    call_command("import_course", str(path), "--year", YEAR, *arguments, stdout=said)
    return said.getvalue()


def faults(path: Path, *arguments: str) -> str:
    """Return the faults that `manage.py import_course` prints for a file."""
    try:
        run(path, *arguments)
    except CommandError as error:
        return str(error)
    raise AssertionError("The file has no fault.")
