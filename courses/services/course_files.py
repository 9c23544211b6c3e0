"""A course from a file, and a file from a course."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.actors import Actor, System
from courses.bundle.faults import Fault
from courses.coursefile.applying import Applier
from courses.coursefile.contents import (
    Content,
    CourseworkRow,
    MaterialRow,
    Released,
    SessionRow,
)
from courses.coursefile.dates import AcademicYear
from courses.coursefile.planning import Change, Plan, label, make_plan
from courses.coursefile.reading import CourseFile, read_course_file
from courses.coursefile.stored import nothing_stored, read_stored
from courses.coursefile.writing import Written, write_course
from courses.models import (
    Assignment,
    Course,
    CourseChange,
    Material,
    Session,
    SessionKind,
)
from courses.permissions import Right
from courses.services.access import require
from courses.services.changes import record_change

_LONGEST_SLUG: Final = 60
_SUBJECTS: Final = (Session, Material, Assignment)
# What about a session students are told of.
_WHEN_AND_WHERE: Final = ("starts_at", "ends_at", "room", "online", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did, or would do; `course` is None while there is none."""

    slug: str
    plan: Plan
    warnings: tuple[Fault, ...]
    course: Course | None


def import_course_file(
    *,
    actor: Actor,
    path: Path,
    year: AcademicYear,
    slug: str = "",
    first_week: dt.date | None = None,
    prune: bool = False,
    dry_run: bool = False,
) -> Imported:
    """The course is as the file says, all of it or, with a fault, nothing.

    A second import of the same file changes nothing. What people did meanwhile stays.
    Raises BundleError with every fault, and PermissionDenied if the actor may not edit
    the course, or make a new one: only the portal itself and site staff may.
    """
    file = read_course_file(path, year=year, first_week=first_week)
    slug = slug or default_slug(file.content)
    applier: Applier | None = None
    try:
        with transaction.atomic():
            course = Course.objects.select_for_update().filter(slug=slug).first()
            _authorise(actor, course)
            plan = _plan(file, course, prune=prune, name=path.name)
            if not dry_run and not plan.is_empty:
                applier = Applier(plan, slug)
                course = applier.apply()
                _record(actor, course, plan, applier)
    except BaseException:
        for stored in applier.stored_files if applier else []:
            stored.storage.delete(stored.name or "")
        raise
    return Imported(slug=slug, plan=plan, warnings=file.warnings, course=course)


def export_course(*, actor: Actor, course: Course, folder: Path) -> Written:
    """The folder holds the course as a file, course.yaml, with what it names.

    Raises PermissionDenied if the actor may not edit the course.
    """
    require(actor, Right.EDIT, course)
    return write_course(read_stored(course).content, folder)


def default_slug(content: Content) -> str:
    """Return the address of a course whose file gives it none: 70010-2024-25."""
    course = content.course
    first = course.module_codes[0] if course.module_codes else course.title
    room = _LONGEST_SLUG - len(course.academic_year) - 1
    return f"{slugify(first)[:room]}-{course.academic_year}"


def _authorise(actor: Actor, course: Course | None) -> None:
    if course is not None:
        require(actor, Right.EDIT, course)
    elif not isinstance(actor, System) and not actor.is_superuser:
        raise PermissionDenied


def _plan(file: CourseFile, course: Course | None, *, prune: bool, name: str) -> Plan:
    stored = read_stored(course) if course else nothing_stored(file.content.course)
    return make_plan(
        file.content, stored, is_new=course is None, prune=prune, file=name
    )


# --- The record of changes ----------------------------------------------------------


def _record(actor: Actor, course: Course, plan: Plan, applier: Applier) -> None:
    """What changed in a course that people see is on record."""
    now = timezone.now()
    was = plan.stored.content.course
    if plan.is_new or was.release_at is None or was.release_at > now:
        return
    for verb, changes in (
        ("is new", plan.added),
        ("changed", plan.changed),
        ("was deleted", plan.deleted),
    ):
        for change in changes:
            _record_one(
                change, verb, actor=actor, course=course, applier=applier, now=now
            )


def _record_one(
    change: Change,
    verb: str,
    *,
    actor: Actor,
    course: Course,
    applier: Applier,
    now: dt.datetime,
) -> None:
    found = applier.find(change.row)
    about = found if isinstance(found, _SUBJECTS) else None
    told = change.differs(*_told_of(change)) if _is_out(change.before, now) else []
    fields = told or list(change.fields)
    record_change(
        actor=actor,
        course=course,
        kind=_kind(change),
        summary=_sentence(change, verb, told=bool(told)),
        reason="Imported from a course file.",
        before="; ".join(f"{label(f.field)}: {f.before}" for f in fields),
        after="; ".join(f"{label(f.field)}: {f.after}" for f in fields),
        is_public=bool(told),
        about=about,
    )


def _is_out(row: object, now: dt.datetime) -> bool:
    return (
        isinstance(row, Released)
        and row.release_at is not None
        and row.release_at <= now
    )


def _told_of(change: Change) -> tuple[str, ...]:
    if isinstance(change.row, SessionRow):
        return _WHEN_AND_WHERE
    return ("due_at",) if isinstance(change.row, CourseworkRow) else ()


def _kind(change: Change) -> CourseChange.Kind:
    if isinstance(change.row, SessionRow):
        return CourseChange.Kind.SESSION
    if isinstance(change.row, CourseworkRow) and change.differs("due_at"):
        return CourseChange.Kind.DEADLINE
    if isinstance(change.row, MaterialRow):
        return CourseChange.Kind.MATERIAL
    return CourseChange.Kind.CONTENT


def _sentence(change: Change, verb: str, *, told: bool) -> str:
    """What is new, in words; students read those that they are told of."""
    row = change.row
    if not told:
        name = change.name
        return f"{name[0].upper()}{name[1:]} {verb}."
    if isinstance(row, CourseworkRow):
        return f"The deadline of {row.title} moved."
    assert isinstance(row, SessionRow)  # noqa: S101  see _told_of
    name = row.title or str(SessionKind(row.kind).label).lower()
    if change.differs("cancelled"):
        state = "is cancelled" if row.cancelled else "takes place after all"
    else:
        state = "moved"
    return f"The {name} of week {row.week} {state}."
