"""Importing a course from a course file, and exporting it as one."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from accounts.actors import Actor
from courses.course_file.apply import Applier
from courses.course_file.export import ExportedCourse, write_course
from courses.course_file.plan import Plan, make_plan
from courses.course_file.stored import read_stored, without_stored_course
from courses.models import Course
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.course_file_record import record_import
from courses.services.creating import enrol_creator, require_course_creator
from courses.services.rubrics import edit_from_course_file, lock_rubrics
from formats.course.course_content import Content, CourseworkRow, RubricRow
from formats.course.course_reader import CourseFile, read_course_file
from formats.course.dates import AcademicYear
from formats.problems import ImportRefusedError, Problem, ProblemList

_LONGEST_SLUG: Final = 60


@dataclass(frozen=True, kw_only=True)
class CourseImport:
    """What an import did, or would do. `course` is None while there is none."""

    slug: str
    plan: Plan
    warnings: tuple[Problem, ...]
    course: Course | None


def import_course_file(
    *,
    actor: Actor,
    path: Path,
    year: AcademicYear,
    slug: str = "",
    first_week: dt.date | None = None,
    prune: bool = False,
    must_be_new: bool = False,
    dry_run: bool = False,
) -> CourseImport:
    """Make the course as the file says: all of it or, if there is a fault, nothing.

    A second import of the same file changes nothing. What people did in the meantime is
    kept. The person who creates a course becomes its lecturer. Raises ImportRefusedError with
    all faults, also if `must_be_new` and the course exists, and PermissionDenied if the
    actor may neither edit the course nor create a new one.
    """
    file = read_course_file(path, year=year, first_week=first_week)
    slug = slug or default_slug(file.content)
    applier: Applier | None = None
    try:
        with transaction.atomic():
            course = Course.objects.select_for_update().filter(slug=slug).first()
            _authorise(actor, course, path, must_be_new=must_be_new)
            plan = _plan(file, course, prune=prune, name=path.name)
            _check_entered_marks(plan, path.name)
            if not dry_run:
                lock_rubrics([rubric.pk for *_, rubric in _changed_rubrics(plan)])
            if not dry_run and not plan.is_empty:
                applier = Applier(plan, slug)
                course = applier.apply()
                record_import(actor, course, plan, applier)
                if plan.is_new:
                    enrol_creator(actor=actor, course=course)
            _edit_rubrics(actor, plan, path.name, dry_run=dry_run)
    except BaseException:
        for stored in applier.stored_files if applier else []:
            stored.storage.delete(stored.name or "")
        raise
    return CourseImport(slug=slug, plan=plan, warnings=file.warnings, course=course)


def export_course(*, actor: Actor, course: Course, folder: Path) -> ExportedCourse:
    """Write the course to the folder as course.yaml, with the files that it names.

    Raises PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, course)
    return write_course(read_stored(course).content, folder)


def default_slug(content: Content) -> str:
    """Return the slug of a course whose file gives none: 70010-2024-25."""
    course = content.course
    first = course.module_codes[0] if course.module_codes else course.title
    room = _LONGEST_SLUG - len(course.academic_year) - 1
    return f"{slugify(first)[:room]}-{course.academic_year}"


def _check_entered_marks(plan: Plan, name: str) -> None:
    """Raise ImportRefusedError where the file's `marks_out_of` does not fit.

    Coursework with a notebook has none, and entered marks stay possible.
    """
    faults = ProblemList()
    for change in plan.changed:
        row = change.row
        if not isinstance(row, CourseworkRow):
            continue
        stored = plan.stored.objects[row.NOUN, row.key]
        stored.marks_out_of, before = row.marks_out_of, stored.marks_out_of
        try:
            stored.check_entered_marks()
        except ValidationError as error:
            words = " ".join(error.messages)
            faults.add(f"{change.name}: {words}", file=name, line=row.line)
        stored.marks_out_of = before
    faults.raise_if_any()


def _edit_rubrics(actor: Actor, plan: Plan, name: str, *, dry_run: bool) -> None:
    """Change the rubrics that the file changes, and raise ImportRefusedError if it may not."""
    faults = ProblemList()
    for change, row, rubric in _changed_rubrics(plan):
        refused = edit_from_course_file(
            actor=actor, rubric=rubric, written=row.items, dry_run=dry_run
        )
        if refused:
            faults.add(
                f"{change}: {refused}",
                file=name,
                line=row.line,
                hint="Open the page of the rubric, which shows these marks, and "
                "fill its form with the rubric of the file.",
            )
    faults.raise_if_any()


def _changed_rubrics(plan: Plan) -> Iterator[tuple[str, RubricRow, Any]]:
    """Yield the name and the row of each rubric that changes, with the stored rubric."""
    for change in plan.changed:
        row = change.row
        if isinstance(row, RubricRow):
            yield change.name, row, plan.stored.objects[row.NOUN, row.key]


def _authorise(
    actor: Actor, course: Course | None, path: Path, *, must_be_new: bool
) -> None:
    if course is None:
        require_course_creator(actor)
        return
    if must_be_new:
        fault = Problem(
            message=f"There is a course with the address {course.slug} already.",
            file=path.name,
            hint="To change it, upload the file on its Manage page. To make a new "
            "course for another year, give that year.",
        )
        raise ImportRefusedError((fault,))
    require_right(actor, Right.EDIT, course)


def _plan(file: CourseFile, course: Course | None, *, prune: bool, name: str) -> Plan:
    stored = (
        read_stored(course) if course else without_stored_course(file.content.course)
    )
    return make_plan(
        file.content, stored, is_new=course is None, prune=prune, file=name
    )
