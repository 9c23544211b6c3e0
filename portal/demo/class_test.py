"""A class test of the demo course, whose marks the lecturer has entered."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from accounts.models import User
from courses.models import Assignment, Component
from formats.choices import ComponentKind, Role
from grading.models import Standing
from grading.services.entered_marks import MarkEntry, enter_marks
from grading.services.mark_standing import set_standing
from portal.demo.people import DOMAIN, EVERYBODY

CLASS_TEST: Final = "class-test"
OUT_OF: Final = Decimal(50)
HELD_AGO: Final = dt.timedelta(days=6)
# Who was not there has no mark yet, and who was ill is excused.
NOT_THERE: Final = f"quentin.moreau@{DOMAIN}"
ILL: Final = f"rosa.delgado@{DOMAIN}"
# Whose mark is withheld while the lecturer asks about it.
ASKED_ABOUT: Final = f"una.byrne@{DOMAIN}"
# Of the students in their order, again from the beginning if there are more.
POINTS: Final = ("41", "35.5", "28", "46", "17.5", "38", "31", "22", "44.5", "26")


def make_class_test(
    exam: Component, people: Mapping[str, User], now: dt.datetime
) -> Assignment:
    """Make a test that was held last week, with marks that students see."""
    held_at = (now - HELD_AGO).replace(minute=0, second=0, microsecond=0)
    test = Assignment.objects.create(
        course=exam.course,
        component=exam,
        slug=CLASS_TEST,
        title="Class test",
        summary="An hour on paper, on lectures 1 to 3.",
        release_at=held_at - dt.timedelta(days=14),
        due_at=held_at,
        marks_out_of=OUT_OF,
        marks_released_at=now,
    )
    students = [
        people[person.email]
        for person in EVERYBODY
        if person.role == Role.STUDENT and person.email not in {NOT_THERE, ILL}
    ]
    lecturer = people[f"lecturer@{DOMAIN}"]
    enter_marks(
        actor=lecturer,
        assignment=test,
        entries=[
            MarkEntry(
                student=student.pk,
                points=Decimal(POINTS[index % len(POINTS)]),
                seen=None,
            )
            for index, student in enumerate(students)
        ],
        reason="",
    )
    for email, standing, reason in (
        (ILL, Standing.EXCUSED, "A doctor's certificate of that day."),
        (ASKED_ABOUT, Standing.WITHHELD, "Two scripts have the same answers."),
    ):
        set_standing(
            actor=lecturer,
            assignment=test,
            student=people[email],
            standing=standing,
            reason=reason,
        )
    return test


def exam_of(exercises: Component) -> Component:
    """Return the part of the course mark that is the exam."""
    return exercises.course.components.get(kind=ComponentKind.EXAM)
