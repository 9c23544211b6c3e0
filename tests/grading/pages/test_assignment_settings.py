"""Lecturers change the settings of coursework, after a preview of effects."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses.models import Assignment, Course, CourseChange
from grading.forms.assignment_settings import CourseworkForm
from grading.models import Mark
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    EnteredAssignmentFactory,
    ExtensionFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.entered import enter
from tests.grading.pages import signed_in, words
from tests.grading.test_marks import attempt, recompute

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(slug="dl", time_zone="Europe/London")


@pytest.fixture
def page(course: Course) -> Client:
    return signed_in(EnrolmentFactory.create(course=course, lecturer=True).user)


@pytest.fixture
def assignment(course: Course) -> Assignment:
    made: Assignment = AssignmentFactory.create(
        course=course, title="Digits", due_at=hours(-5), closes_at=hours(50)
    )
    return made


def address(assignment: Assignment) -> str:
    return reverse("grading:assignment-settings", args=["dl", assignment.slug])


def store(page: Client, assignment: Assignment, **changes: object) -> Any:
    """Send the form as the page shows it, with these changes."""
    form = page.get(address(assignment)).context["form"]
    shown = {field.html_name: field.value() for field in form}
    sent = {
        name: form[name].field.widget.format_value(value)
        if name.endswith("_at")
        else value
        for name, value in shown.items()
    }
    given = {**sent, **changes}
    return page.post(
        address(assignment), {name: "" if v is None else v for name, v in given.items()}
    )


def test_settings_sent_unchanged_change_nothing(
    page: Client, assignment: Assignment
) -> None:
    before = Assignment.objects.values().get()
    assert store(page, assignment).status_code == 302
    assert Assignment.objects.values().get() == before
    assert not CourseChange.objects.exists()


def test_every_field_stands_in_one_part_of_the_form(course: Course) -> None:
    form = CourseworkForm.new(course)
    shown = [field.name for _, fields in form.sections for field in fields]
    assert sorted(shown) == sorted(form.fields)


def test_changed_deadline_is_stored_and_announced(
    page: Client, assignment: Assignment
) -> None:
    assert store(page, assignment, due_at="2027-06-04T19:00", closes_at="").url
    told = CourseChange.objects.get(kind=CourseChange.Kind.DEADLINE)
    assert told.is_public
    assert told.summary == "Digits is due on Fri 4 Jun 2027, 19:00 BST."


def test_marks_changed_by_another_rule_are_previewed(
    page: Client, assignment: Assignment
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    for points in ("9", "4"):
        attempt(assignment, student, points)
    recompute(assignment, student)
    answer = store(page, assignment, counting="best")
    (row,) = answer.context["plan"].marks
    assert (row.attempt, row.before, row.after) == (1, Decimal(4), Decimal(9))
    assert "1 mark would change" in words(answer)
    assert Mark.objects.get().final_points == Decimal(4)
    store(page, assignment, counting="best", seen=answer.context["plan"].digest)
    assert Mark.objects.get().final_points == row.after


def test_rule_that_changes_no_mark_is_stored_at_once(
    page: Client, assignment: Assignment
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    attempt(assignment, student, "4")
    recompute(assignment, student)
    assert store(page, assignment, counting="best").status_code == 302


def test_students_who_become_late_or_on_time_are_previewed(
    page: Client, assignment: Assignment
) -> None:
    late, extended = (
        SubmissionFactory.create(
            assignment=assignment, started_at=hours(-4), received_at=hours(-4)
        )
        for _ in range(2)
    )
    ExtensionFactory.create(
        assignment=assignment, student=extended.author, due_at=hours(1)
    )
    answer = store(page, assignment, due_at=_entered(hours(-2)))
    (row,) = answer.context["plan"].lateness
    assert (row.student, row.attempt, row.becomes_late) == (late.author, 1, False)
    assert late.is_late
    assert "1 late attempt would be on time." in words(answer)


def test_outdated_preview_is_shown_again(page: Client, assignment: Assignment) -> None:
    def hand_in() -> None:
        SubmissionFactory.create(
            assignment=assignment, started_at=hours(-4), received_at=hours(-4)
        )

    hand_in()
    seen = store(page, assignment, due_at=_entered(hours(-2))).context["plan"].digest
    hand_in()
    again = store(page, assignment, due_at=_entered(hours(-2)), seen=seen)
    assert len(again.context["plan"].lateness) == 2
    assert not CourseChange.objects.exists()


@pytest.mark.parametrize(
    ("closes_at", "said"),
    [
        (50, ""),
        (None, "Students can no longer hand in"),
        (-1, "Students can no longer hand in"),
    ],
)
def test_end_of_handing_in_is_previewed(
    page: Client, assignment: Assignment, closes_at: int | None, said: str
) -> None:
    entered = _entered(hours(closes_at)) if closes_at is not None else ""
    answer = store(page, assignment, closes_at=entered)
    assert bool(said) == (answer.status_code == 200)
    assert said in words(answer)


def test_students_who_would_have_no_attempt_left_are_counted(
    page: Client, assignment: Assignment
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    for number in (1, 2):
        SubmissionFactory.create(assignment=assignment, author=student, attempt=number)
    answer = store(page, assignment, max_attempts=2)
    assert "1 student has no attempt left." in words(answer)
    assert store(page, assignment, max_attempts=3).status_code == 302


def test_changed_key_redirects_to_the_new_address(
    page: Client, assignment: Assignment
) -> None:
    answer = store(page, assignment, slug="moved")
    assert re.search(r"/coursework/moved/staff/$", answer.headers["Location"])
    assert page.get(answer.headers["Location"]).status_code == 200


def _entered(moment: Any) -> str:
    local = timezone.localtime(moment, CourseFactory._meta.model.objects.get().tz)
    return f"{local:%Y-%m-%dT%H:%M}"


def test_questions_that_are_none_are_refused_in_words(
    page: Client, assignment: Assignment
) -> None:
    answer = store(page, assignment, declaration_questions="Hours worked [numbers]")
    assert answer.status_code == 422
    assert "“[numbers]” at the end of a question is not known." in words(answer)
    stored = store(page, assignment, declaration_questions="Hours worked [number]")
    assert stored.status_code == 302
    (question,) = Assignment.objects.get().asked
    assert question.is_number


def test_settings_of_an_exam_keep_its_marks_possible(
    page: Client, course: Course
) -> None:
    exam = EnteredAssignmentFactory.create(course=course)
    enter(exam, EnrolmentFactory.create(course=course).user, "60")
    assert "Late work" not in words(page.get(address(exam)))
    answer = store(page, exam, marks_out_of="59")
    assert "Marks of up to 60 points are entered." in words(answer)
    store(page, exam, marks_out_of="60")
    exam.refresh_from_db()
    assert exam.marks_out_of == 60
