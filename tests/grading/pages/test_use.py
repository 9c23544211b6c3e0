"""The page Use of a course, its CSV file, and a student's budget before handing in."""

import csv
import io
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.urls import reverse

from courses.models import Assignment
from tests.factories import AssignmentFactory, GradingRunFactory, SubmissionFactory
from tests.grading.pages import signed_in, staff_of, student_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    assignment = AssignmentFactory.create(cpu_budget_seconds=600)
    for seconds in (90, 30):
        GradingRunFactory.create(
            submission=SubmissionFactory.create(
                assignment=assignment, author=student_of(assignment)
            ),
            finished=True,
            cpu_seconds=seconds,
            checking_cpu_seconds=30,
        )
    return assignment


def test_the_page_has_sums_by_week_and_by_student(assignment: Assignment) -> None:
    url = reverse("grading:use", args=[assignment.course.slug])
    text = words(signed_in(staff_of(assignment)).get(url))
    assert "CPU time 3 min in 2 runs" in text
    assert text.index("2 min") < text.index("1 min")
    assert "GPU time" not in text


def test_the_page_of_a_new_course_says_that_nothing_has_run() -> None:
    assignment = AssignmentFactory.create()
    url = reverse("grading:use", args=[assignment.course.slug])
    assert "Nothing has run yet" in words(signed_in(staff_of(assignment)).get(url))


def test_the_page_takes_few_queries(
    assignment: Assignment,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    client = signed_in(staff_of(assignment))
    with assert_max_queries(8):
        client.get(reverse("grading:use", args=[assignment.course.slug]))


def test_the_file_has_a_row_for_each_student_and_week(assignment: Assignment) -> None:
    author = assignment.submissions.first().author  # type: ignore[union-attr]
    author.first_name = "=1+1"
    author.save()
    url = reverse("grading:use-file", args=[assignment.course.slug])
    answer = signed_in(staff_of(assignment)).get(url)
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert sorted(row["cpu_seconds"] for row in table) == ["120.0", "60.0"]
    assert {row["runs"] for row in table} == {"1"}
    # A cell that begins like a formula is only text.
    assert "'=1+1" in {row["first_name"] for row in table}


def test_a_student_sees_what_is_left_before_handing_in(assignment: Assignment) -> None:
    student = student_of(assignment)
    GradingRunFactory.create(
        submission=SubmissionFactory.create(assignment=assignment, author=student),
        finished=True,
        cpu_seconds=60,
    )
    text = words(signed_in(student).get(assignment.get_absolute_url()))
    assert "CPU time left for your runs: 9 min of 10 min" in text


def test_a_used_up_budget_takes_the_place_of_the_form(assignment: Assignment) -> None:
    student = student_of(assignment)
    GradingRunFactory.create(
        submission=SubmissionFactory.create(assignment=assignment, author=student),
        finished=True,
        cpu_seconds=600,
    )
    text = words(signed_in(student).get(assignment.get_absolute_url()))
    assert "Running time used up" in text
    assert "my own, unaided work" not in text
