"""Make the demo course of the year before, which is at its end and frozen."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.contrib.auth.hashers import make_password

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment, Component, Course
from courses.services.enrolments import enrol
from formats.choices import ComponentKind, Role
from formats.letter_scale import LETTER_SCALES
from grading.models import Standing
from grading.services.board import WantedMark, confirm_proposal, propose_mark
from grading.services.entered_marks import MarkEntry, enter_marks
from grading.services.freezing import freeze_marks
from grading.services.mark_standing import set_standing
from portal.demo.people import DOMAIN

FINISHED: Final = "deep-learning-last-year"
EXAM: Final = "exam"
_PASS: Final = Decimal(40)
_WEEK: Final = dt.timedelta(weeks=1)
# First and last name, and the points in the exam, in task 1 and in task 2.
_CLASS: Final = (
    ("Aiko", "Mori", "71", "38.5", "41"),
    ("Bruno", "Castro", "39", "27", "31.5"),
    ("Clara", "Weiss", "84.5", "46", "47"),
    ("Dev", "Anand", "58", "33", "29.5"),
    ("Esme", "Harrow", "66", "40", "36"),
    ("Farid", "Nouri", "35", "30", "33"),
    ("Greta", "Lund", "92", "48.5", "49"),
    ("Hugo", "Marsh", "47.5", "25", "28"),
    ("Irma", "Prado", "62", None, "37.5"),
    ("Jonah", "Ellis", "55", "31", "35.5"),
    ("Kaya", "Demirel", "78", "44", "40.5"),
    ("Liam", "Doyle", None, "22", "26"),
)
_EXCUSED: Final = "irma.prado"
_ASKED_ABOUT: Final = "jonah.ellis"
_ABSENT: Final = "liam.doyle"
_LIFTED: Final = "bruno.castro"


@dataclass(frozen=True, kw_only=True)
class _Assessment:
    """What is assessed: out of how many points, its weight, and when it ended."""

    slug: str
    title: str
    out_of: Decimal
    weight: Decimal
    weeks_ago: int


_ASSESSMENTS: Final = (
    _Assessment(
        slug=EXAM,
        title="Written exam",
        out_of=Decimal(100),
        weight=Decimal(50),
        weeks_ago=24,
    ),
    _Assessment(
        slug="task-1",
        title="Coursework Task 1",
        out_of=Decimal(50),
        weight=Decimal(25),
        weeks_ago=36,
    ),
    _Assessment(
        slug="task-2",
        title="Coursework Task 2",
        out_of=Decimal(50),
        weight=Decimal(25),
        weeks_ago=32,
    ),
)


def make_finished_course(
    now_running: Course, people: Mapping[str, User], now: dt.datetime
) -> Course:
    """Make the course with its marks, its totals, and the decision of its board."""
    course = _course(now_running, now)
    lecturer, office = people[f"lecturer@{DOMAIN}"], people[f"office@{DOMAIN}"]
    for user, role in (
        (lecturer, Role.LECTURER),
        (office, Role.ADMINISTRATOR),
        (people[f"examiner@{DOMAIN}"], Role.EXAMINER),
    ):
        enrol(actor=SYSTEM, course=course, user=user, role=role)
    students = _students(course)
    works = _assessments(course, now)
    for index, work in enumerate(works.values()):
        enter_marks(
            actor=lecturer,
            assignment=work,
            entries=[
                MarkEntry(student=students[name].pk, points=Decimal(points), seen=None)
                for name, points in (
                    (_name(first, last), given[index]) for first, last, *given in _CLASS
                )
                if points is not None
            ],
            reason="",
        )
    for name, slug, standing, reason in (
        (_EXCUSED, "task-1", Standing.EXCUSED, "In hospital for three weeks."),
        (_ABSENT, EXAM, Standing.ABSENT, "Did not come, and gave no reason."),
        (
            _ASKED_ABOUT,
            "task-2",
            Standing.WITHHELD,
            "An inquiry into the work is open.",
        ),
    ):
        set_standing(
            actor=lecturer,
            assignment=works[slug],
            student=students[name],
            standing=standing,
            reason=reason,
        )
    _decide(course, works[EXAM], students[_LIFTED], lecturer, office)
    return course


def _name(first_name: str, last_name: str) -> str:
    return f"{first_name}.{last_name}".lower()


def _course(now_running: Course, now: dt.datetime) -> Course:
    year = int(now_running.academic_year[:4]) - 1
    return Course.objects.create(
        slug=FINISHED,
        title=now_running.title,
        module_codes=now_running.module_codes,
        academic_year=f"{year}-{(year + 1) % 100:02}",
        time_zone=now_running.time_zone,
        release_at=now - 52 * _WEEK,
        letter_scale=next(iter(LETTER_SCALES.values())),
    )


def _students(course: Course) -> dict[str, User]:
    """Return the students of that year by their names. They have no passwords."""
    locked = make_password(None)
    found = {}
    for first_name, last_name, *_ in _CLASS:
        name = _name(first_name, last_name)
        user = User.objects.create(
            email=f"{name}@{DOMAIN}",
            password=locked,
            first_name=first_name,
            last_name=last_name,
            login=f"{first_name[0]}{last_name[0]}1125".lower(),
        )
        enrol(actor=SYSTEM, course=course, user=user, role=Role.STUDENT)
        found[name] = user
    return found


def _assessments(course: Course, now: dt.datetime) -> dict[str, Assignment]:
    exam = Component.objects.create(
        course=course,
        kind=ComponentKind.EXAM,
        title="Exam",
        weight_percent=50,
        required_percent=_PASS,
    )
    coursework = Component.objects.create(
        course=course,
        kind=ComponentKind.COURSEWORK,
        title="Coursework",
        weight_percent=50,
        position=1,
    )
    return {
        each.slug: Assignment.objects.create(
            course=course,
            component=exam if each.slug == EXAM else coursework,
            slug=each.slug,
            title=each.title,
            release_at=now - (each.weeks_ago + 2) * _WEEK,
            due_at=now - each.weeks_ago * _WEEK,
            marks_out_of=each.out_of,
            weight_percent=each.weight,
            marks_released_at=now - (each.weeks_ago - 2) * _WEEK,
        )
        for each in _ASSESSMENTS
    }


def _decide(
    course: Course, exam: Assignment, student: User, lecturer: User, office: User
) -> None:
    """Freeze the marks, and let the board lift one student over the bound."""
    freeze = freeze_marks(
        actor=office,
        course=course,
        board=f"Board of {course.academic_year}",
        members=[lecturer.pk, office.pk],
    )
    proposal = propose_mark(
        actor=lecturer,
        freeze=freeze,
        wanted=WantedMark(assignment=exam, student=student.pk, points=_PASS),
        reason="One point below the bound, and a marker had counted a page twice.",
    )
    confirm_proposal(actor=office, proposal=proposal)
