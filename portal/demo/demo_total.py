"""What counts in the demo course: an exam, coursework and exercises, with letters."""

from decimal import Decimal
from typing import Final

from courses.models import Component, Course
from formats.choices import ComponentKind, Split
from formats.letter_scale import LETTER_SCALES

EXERCISES: Final = "Exercises"
EXAM_WEIGHT: Final = Decimal(40)
EXERCISES_WEIGHT: Final = Decimal(10)
REQUIRED_IN_EXAM: Final = Decimal(40)


def add_exercises(course: Course) -> Component:
    """Add a part for the exercises, and letters; whoever fails the exam fails.

    Each student's worse exercise is dropped. The exam gives up what the exercises weigh.
    """
    course.letter_scale = next(iter(LETTER_SCALES.values()))
    course.save(update_fields=["letter_scale"])
    exam = course.components.get(kind=ComponentKind.EXAM)
    exam.weight_percent, exam.required_percent = EXAM_WEIGHT, REQUIRED_IN_EXAM
    exam.save(update_fields=["weight_percent", "required_percent"])
    return Component.objects.create(
        course=course,
        kind=ComponentKind.COURSEWORK,
        title=EXERCISES,
        weight_percent=EXERCISES_WEIGHT,
        split=Split.EQUAL,
        drop_lowest=1,
        note="The better of the two counts.",
        position=course.components.count(),
    )
