"""Final marks of many pieces of coursework are those of each piece alone."""

from decimal import Decimal

import pytest

from grading.models import Mark, Standing
from grading.services.final_marks import final_marks
from grading.services.marks import load_counting_runs
from tests.factories import ManualQuestionFactory, MarkingFactory
from tests.gradebook.world import gradebook_world

pytestmark = pytest.mark.django_db


def test_marking_without_work_counts_for_its_own_coursework_alone() -> None:
    """One student has 0 points for nothing here, and was marked on paper there."""
    world = gradebook_world()
    student = world.student("60", None, None)
    for each in (world.first, world.second):
        question = ManualQuestionFactory.create(revision=each.revision, points=50)
        Mark.objects.create(assignment=each, student=student, standing=Standing.ZERO)
        if each == world.first:
            MarkingFactory.create(
                rubric=question.rubric,
                submission=None,
                student=student,
                adjustment=Decimal(20),
            )
    found = final_marks([world.first, world.second])
    assert found[world.first.pk, student.pk].points.final == 20
    second = found[world.second.pk, student.pk]
    assert not second.waiting
    assert not second.has_work
    marks = load_counting_runs(Mark.objects.filter(student=student))
    by_id = {mark.assignment_id: mark for mark in marks}
    assert by_id[world.second.pk].decision == Standing.ZERO
