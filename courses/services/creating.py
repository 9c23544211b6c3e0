"""Creating a course without a file. With one: `courses.services.course_files`."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts.actors import Actor, System, actor_user
from courses.models import Course, CourseChange, Enrolment, Week
from courses.services.changes import record_change
from courses.services.field_refusals import FieldsRefusedError
from courses.wall_clock import start_of_day
from formats.choices import Role

_MONDAY: Final = 0
_AUGUST: Final = 8
MOST_WEEKS: Final = 52
HIGHEST_WEEK: Final = 60


class CourseRefusedError(FieldsRefusedError):
    """The course's values were refused, and nothing was created or changed."""


@dataclass(frozen=True, kw_only=True)
class NewCourse:
    """A new course: what it is called, and when its teaching weeks are.

    Weeks are numbered from `first_week` on. The first begins on `first_week_on`, a
    Monday.
    """

    title: str
    module_codes: Sequence[str]
    academic_year: str
    slug: str
    time_zone: str
    first_week_on: dt.date
    first_week: int = 1
    weeks: int = 10


def require_course_creator(actor: Actor) -> None:
    """Raise PermissionDenied unless the actor may create courses."""
    if not isinstance(actor, System) and not actor.may_create_courses:
        raise PermissionDenied


@transaction.atomic
def create_course(*, actor: Actor, new: NewCourse) -> Course:
    """Store a hidden course with its weeks, and make the actor its lecturer.

    Each week is released on its Monday, but students see it only once the course is
    released. Raises CourseRefusedError, and PermissionDenied if the actor may not
    create courses.
    """
    require_course_creator(actor)
    course = Course(
        title=new.title,
        module_codes=list(new.module_codes),
        academic_year=new.academic_year,
        slug=new.slug,
        time_zone=new.time_zone,
        release_at=None,
    )
    check_course(course)
    check_monday(new.first_week_on)
    _check_in_year(new)
    course.save(force_insert=True)
    Week.objects.bulk_create(_weeks(course, new))
    enrol_creator(actor=actor, course=course)
    record_change(
        actor=actor,
        course=course,
        kind=CourseChange.Kind.CONTENT,
        summary="The course was created.",
    )
    return course


def check_course(course: Course, *, fields: Collection[str] = ()) -> None:
    """Raise CourseRefusedError for what the course's own fields refuse.

    With `fields`, only these fields are validated. The slug must be free and the
    academic year valid in both cases.
    """
    names = {field.name for field in Course._meta.fields}  # noqa: SLF001  documented
    try:
        course.clean_fields(exclude=names - set(fields) if fields else None)
    except ValidationError as error:
        raise CourseRefusedError.of(error) from error
    if Course.objects.filter(slug=course.slug).exists():
        raise CourseRefusedError(
            {
                "slug": (
                    f"There is a course with the address {course.slug} already. Choose "
                    "another one."
                )
            }
        )
    check_academic_year(course.academic_year)


def check_monday(day: dt.date) -> None:
    """Raise CourseRefusedError unless the day is a Monday."""
    if day.weekday() != _MONDAY:
        raise CourseRefusedError(
            {"first_week_on": f"This day is a {day:%A}. Give a Monday."}
        )


def _check_in_year(new: NewCourse) -> None:
    """Raise CourseRefusedError unless teaching begins within the academic year."""
    first = int(new.academic_year.split("-")[0])
    begins, ends = dt.date(first, _AUGUST, 1), dt.date(first + 1, _AUGUST, 1)
    if not begins <= new.first_week_on < ends:
        raise CourseRefusedError(
            {
                "first_week_on": f"The academic year {new.academic_year} is from "
                f"August {first} to July {first + 1}. Give a Monday "
                "in that time, or another academic year."
            }
        )


def check_academic_year(text: str) -> None:
    """Raise CourseRefusedError unless the second year follows the first: 2026-27."""
    year, following = text.split("-")
    expected = (int(year) + 1) % 100
    if int(following) != expected:
        raise CourseRefusedError(
            {
                "academic_year": (
                    f"The two parts must be years that follow each other: after {year} "
                    f"write {expected:02}."
                )
            }
        )


def enrol_creator(*, actor: Actor, course: Course) -> None:
    """Enrol the person who creates the course as its lecturer, unless it is SYSTEM."""
    person = actor_user(actor)
    if person is not None:
        Enrolment.objects.create(course=course, user=person, role=Role.LECTURER)


def _weeks(course: Course, new: NewCourse) -> list[Week]:
    weeks = []
    for index in range(new.weeks):
        monday = new.first_week_on + dt.timedelta(weeks=index)
        weeks.append(
            Week(
                course=course,
                number=new.first_week + index,
                starts_on=monday,
                release_at=start_of_day(monday, course.tz),
            )
        )
    return weeks
