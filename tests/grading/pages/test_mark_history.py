"""The page of one mark for staff: its parts, and every change of it."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment
from grading.services.mark_adjustment import adjust_mark
from tests.factories import (
    EnrolmentFactory,
    EnteredAssignmentFactory,
    GradingRunFactory,
    MarkFactory,
)
from tests.grading.entered import enter, lecturer_of
from tests.grading.pages import signed_in, staff_of, words

pytestmark = pytest.mark.django_db


def address(assignment: Assignment, student: User) -> str:
    slugs = [assignment.course.slug, assignment.slug]
    return reverse("grading:mark-history", args=[*slugs, student.pk])


def test_parts_and_changes_of_an_entered_mark() -> None:
    exam = EnteredAssignmentFactory.create()
    student = EnrolmentFactory.create(course=exam.course).user
    enter(exam, student, "60")
    lecturer = lecturer_of(exam)
    adjust_mark(
        actor=lecturer,
        assignment=exam,
        student=student,
        by=Decimal("2.5"),
        reason="Page 3 was left out.",
    )
    text = words(signed_in(lecturer).get(address(exam, student)))
    assert "Entered 60 Adjustment +2.5 Final 62.5 / 100" in text
    assert f"{lecturer.name} 60 62.5 Page 3 was left out." in text
    assert "no points" not in text
    enter(exam, student, None, seen="60")
    text = words(signed_in(lecturer).get(address(exam, student)))
    assert "No mark yet" in text
    assert "62.5 no points Entry removed" in text


def test_parts_of_a_mark_of_handed_in_work() -> None:
    run = GradingRunFactory.create(finished=True, automatic_points=Decimal("1.5"))
    mark = MarkFactory.create(run=run)
    reader = signed_in(staff_of(mark.assignment))
    text = words(reader.get(address(mark.assignment, mark.student)))
    assert "Attempt 1 counts" in text
    assert "Automatic 1.5" in text
    assert "Final 1.5 / 2" in text


def test_only_those_who_see_all_work_read_it() -> None:
    exam = EnteredAssignmentFactory.create()
    student = EnrolmentFactory.create(course=exam.course).user
    assert signed_in(student).get(address(exam, student)).status_code == 403
    Assignment.objects.update(marking_is_anonymous=True)
    assert signed_in(staff_of(exam)).get(address(exam, student)).status_code == 403
    stranger = EnrolmentFactory.create().user
    lecturer = signed_in(lecturer_of(exam))
    assert lecturer.get(address(exam, stranger)).status_code == 404
