"""The checklist of a new course: what it needs before students can use it."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.urls import reverse

from courses.models import Assignment, Course, Enrolment, Material, Session, Week
from courses.release_times import is_released


@dataclass(frozen=True, kw_only=True)
class ChecklistItem:
    """Something to do, the address of the page for it, and whether it is done."""

    title: str
    detail: str
    address: str
    is_done: bool


def course_checklist(course: Course, now: dt.datetime) -> tuple[ChecklistItem, ...]:
    """Return the items in order, or none once the course has everything. One query."""
    has = Course.objects.annotate(
        weeks_there=Exists(Week.objects.filter(course=OuterRef("pk"))),
        students_there=Exists(
            Enrolment.objects.students().filter(course=OuterRef("pk"))
        ),
        sessions_there=Exists(Session.objects.filter(course=OuterRef("pk"))),
        materials_there=Exists(Material.objects.filter(course=OuterRef("pk"))),
        coursework_there=Exists(Assignment.objects.filter(course=OuterRef("pk"))),
    ).values(
        "weeks_there",
        "students_there",
        "sessions_there",
        "materials_there",
        "coursework_there",
    )
    there = has.get(pk=course.pk)
    if all(there.values()):
        return ()
    settings = reverse("courses:course-settings", args=[course.slug])
    file = reverse("courses:course-file", args=[course.slug])
    coursework = reverse("grading:assignment-new", args=[course.slug])
    return (
        ChecklistItem(
            title="Weeks and sessions",
            detail="Say when and where the course meets. Upload a course file.",
            address=file,
            is_done=there["weeks_there"] and there["sessions_there"],
        ),
        ChecklistItem(
            title="Materials",
            detail="Add notes, slides, sheets and recordings to the weeks. Use the "
            "same course file, or a zip of its folder.",
            address=file,
            is_done=there["materials_there"],
        ),
        ChecklistItem(
            title="Coursework",
            detail="Set its deadline and its share of the mark, here or in the "
            "course file. Then import its notebook and tests on its own page, or say "
            "there which files are handed in.",
            address=coursework,
            is_done=there["coursework_there"],
        ),
        ChecklistItem(
            title="People",
            detail="Import a roster, or add people by their email address.",
            address=reverse("courses:people", args=[course.slug]),
            is_done=there["students_there"],
        ),
        ChecklistItem(
            title="Release",
            detail="Students do not see the course before you release it.",
            address=settings,
            is_done=is_released(course.release_at, now),
        ),
    )
