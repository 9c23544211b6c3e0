"""A student's own marks: each part by itself, no hidden points before their time."""

import html
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment, Course
from formats.choices import QuestionKind
from grading.models import Mark
from tests.factories import (
    AssignmentFactory,
    ComponentFactory,
    EnrolmentFactory,
    ManualQuestionFactory,
    MarkFactory,
    MarkingFactory,
    QuestionFactory,
    RevisionFactory,
    hours,
)
from tests.gradebook.world import gradebook_world
from tests.grading.pages import (
    Answer,
    add_question,
    finished_run,
    signed_in,
    staff_of,
    student_of,
    words,
)

pytestmark = pytest.mark.django_db


def page(course: Course, user: User) -> Answer:
    return signed_in(user).get(reverse("gradebook:marks", args=[course.slug]))


def test_assignment_without_a_mark_says_so() -> None:
    assignment = AssignmentFactory.create(weight_percent=25)
    text = words(page(assignment.course, student_of(assignment)))
    assert "25 % of the course mark" in text
    assert "No mark yet / 2" in text


def test_released_mark_shows_every_part() -> None:
    assignment = AssignmentFactory.create(due_at=hours(-2), marks_released_at=hours(-1))
    student = student_of(assignment)
    ManualQuestionFactory.create(revision=assignment.revision, points=1)
    run = finished_run(assignment, student, automatic_points=Decimal("1.5"))
    MarkFactory.create(run=run, adjustment=Decimal("-0.5"))
    MarkingFactory.create(run=run, adjustment=Decimal("0.25"))
    text = words(page(assignment.course, student))
    assert "Released" in text
    assert "Automatic 1.5 Marked by hand 0.25 Adjustment \N{MINUS SIGN}0.5" in text
    assert "Late penalty 0 Final 1.25 / 3" in text


def test_mark_is_provisional_until_release() -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    MarkFactory.create(run=finished_run(assignment, student))
    text = words(page(assignment.course, student))
    assert "Provisional" in text
    assert "So far 2 / 2" in text


def test_provisional_mark_counts_no_hidden_check() -> None:
    assignment = AssignmentFactory.create()
    add_question(assignment, "after_release")
    student = student_of(assignment)
    points = Decimal("4.75")
    run = finished_run(assignment, student, secret=1, automatic_points=points)
    MarkFactory.create(run=run)
    text = words(page(assignment.course, student))
    assert "4.75" not in text
    assert "2 / 5" in text
    assert "2 / 2" not in text
    assert "so far" in text
    assert "3 points are shown when marks are released" in text


def test_points_given_by_hand_are_named_beside_hidden_ones() -> None:
    assignment = AssignmentFactory.create()
    add_question(assignment, "after_release")
    QuestionFactory.create(
        revision=assignment.revision,
        key="words",
        points=4,
        kind=QuestionKind.MANUAL,
        checks=[],
    )
    student = student_of(assignment)
    MarkFactory.create(run=finished_run(assignment, student))
    text = words(page(assignment.course, student))
    assert "2 / 9" in text
    assert "so far" in text
    assert "4 points are marked by hand" in text


def test_staff_have_a_tab_for_submissions_and_students_for_marks() -> None:
    assignment = AssignmentFactory.create()
    path = reverse("courses:course", args=[assignment.course.slug])
    marks = reverse("gradebook:marks", args=[assignment.course.slug])
    tab = '<a class="tab" href="{}">{}</a>'
    staff = signed_in(staff_of(assignment)).get(path).content.decode()
    student = signed_in(student_of(assignment)).get(path).content.decode()
    assert tab.format(marks, "Submissions") in staff
    assert tab.format(marks, "Marks") in student


def test_attempt_that_counts_is_linked() -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    run = finished_run(assignment, student)
    MarkFactory.create(run=run)
    answer = page(assignment.course, student)
    assert "attempt 1 counts" in words(answer)
    assert run.get_absolute_url() in answer.content.decode()


def test_which_attempt_is_best_does_not_reveal_hidden_checks() -> None:
    assignment = AssignmentFactory.create(counting="best")
    add_question(assignment, "after_release")
    student = student_of(assignment)
    MarkFactory.create(run=finished_run(assignment, student))
    assert "attempt 1 counts" not in words(page(assignment.course, student))


def test_nobody_elses_mark_is_shown() -> None:
    assignment = AssignmentFactory.create()
    MarkFactory.create(run=finished_run(assignment, student_of(assignment)))
    text = words(page(assignment.course, student_of(assignment)))
    assert "No mark yet" in text


def test_unreleased_assignments_are_not_listed() -> None:
    assignment = AssignmentFactory.create(hidden=True, title="The secret one")
    text = words(page(assignment.course, student_of(assignment)))
    assert "The secret one" not in text
    assert "No coursework yet" in text


def test_components_are_shown_with_their_coursework() -> None:
    assignment = AssignmentFactory.create(title="Digits")
    course = assignment.course
    ComponentFactory.create(course=course, title="Exam", position=0)
    work = ComponentFactory.create(course=course, title="Practical", position=1)
    assignment.component = work
    assignment.save()
    # A single piece of coursework would have all of its part.
    AssignmentFactory.create(course=course, component=work, hidden=True)
    text = words(page(course, student_of(assignment)))
    assert "Exam 50 %" in text
    assert (
        "Practical Digits The lecturer has not decided yet how this part is split. 50 %"
        in text
    )


def test_staff_see_a_warning_if_components_do_not_add_up_to_100() -> None:
    assignment = AssignmentFactory.create()
    ComponentFactory.create(course=assignment.course, weight_percent=40)
    text = words(page(assignment.course, staff_of(assignment)))
    assert "The weights add up to 40 %, not to 100 %." in text
    assert "add up" not in words(page(assignment.course, student_of(assignment)))


@pytest.mark.parametrize(
    ("component", "inside", "alone", "total"),
    [(40, 40, 30, "70"), (40, 10, 0, "40"), (60, 60, 40, ""), (0, 0, 0, "0")],
)
def test_components_add_up_equally_on_manage_and_submissions(
    component: int, inside: int, alone: int, total: str
) -> None:
    course = AssignmentFactory.create(weight_percent=alone).course
    part = ComponentFactory.create(course=course, weight_percent=component)
    one = AssignmentFactory.create(course=course, component=part, weight_percent=inside)
    client = signed_in(staff_of(one))
    manage = words(client.get(reverse("courses:manage", args=[course.slug])))
    submissions = words(client.get(reverse("gradebook:marks", args=[course.slug])))
    assert (f"The shares of the mark add up to {total} %" in manage) == bool(total)
    said = f"The weights add up to {total} %, not to 100 %."
    assert (said in submissions) == bool(total)
    assert ("The weights add up" in submissions) == bool(total)


def test_coursework_without_a_component_is_listed_with_the_components() -> None:
    assignment = AssignmentFactory.create(title="Digits", weight_percent=30)
    text = words(page(assignment.course, student_of(assignment)))
    assert "Digits By itself 30 %" in text


def test_staff_have_a_link_to_all_submissions() -> None:
    assignment = AssignmentFactory.create()
    answer = page(assignment.course, staff_of(assignment))
    assert "Submissions" in words(answer)
    assert "My marks" not in words(answer)
    assert f"{assignment.get_absolute_url()}staff/" in answer.content.decode()


def test_outsider_gets_404() -> None:
    assignment = AssignmentFactory.create()
    assert page(assignment.course, EnrolmentFactory.create().user).status_code == 404


@pytest.mark.parametrize("assignments", [1, 6])
def test_queries_do_not_grow_with_assignments(
    assignments: int,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    student = EnrolmentFactory.create().user
    course = student.enrolments.get().course
    for _ in range(assignments):
        assignment = AssignmentFactory.create(course=course)
        MarkFactory.create(run=finished_run(assignment, student))
    client = signed_in(student)
    with assert_max_queries(14):
        client.get(reverse("gradebook:marks", args=[course.slug]))


# --- The total --------------------------------------------------------------------


def test_total_so_far_is_from_what_is_released() -> None:
    world = gradebook_world(letter_scale="A 70, B 60, F 0")
    student = world.student("60", "70", "90")
    assert "No part of the course has a released mark yet." in words(
        page(world.course, student)
    )
    world.release(world.first)
    text = words(page(world.course, student))
    assert "Total so far" in text
    assert "parts that make up 50 % of the course" in text
    assert "70 % A so far" in text
    world.release()
    text = words(page(world.course, student))
    assert "Total of the course" in text
    assert "71 % A" in text
    assert "Passed" in text


def test_unreleased_mark_is_in_no_total() -> None:
    world = gradebook_world()
    student = world.student("60", "70", "91")
    world.release(world.exam, world.first)
    text = words(page(world.course, student))
    # 50 of 60 and 50 of 70: the second task is not in it.
    assert "65 % so far" in text


def test_nothing_handed_in_counts_as_nothing_after_the_release() -> None:
    world = gradebook_world()
    student = world.student("60", "70", None)
    world.release()
    text = words(page(world.course, student))
    assert "44 %" in text
    assert "Nothing handed in / 100" in text


def test_single_piece_of_a_part_needs_no_share() -> None:
    world = gradebook_world()
    world.exam.weight_percent = Decimal(0)
    world.exam.save()
    student = world.student("60", "70", "90")
    world.release()
    assert "71 %" in words(page(world.course, student))


def test_student_tries_out_marks_and_nothing_is_stored() -> None:
    world = gradebook_world()
    student = world.student("60", None, None)
    world.release(world.exam)
    url = reverse("gradebook:marks", args=[world.course.slug])
    client = signed_in(student)
    assumed = {
        f"assumed-{world.first.pk}": "80",
        f"assumed-{world.second.pk}": "80,0",
        f"assumed-{world.exam.pk}": "100",
        "assumed-x": "5",
        "assumed-1": "NaN",
    }
    text = words(client.get(url, assumed))
    assert "Total, if you had these marks" in text
    # The released mark of the exam stays.
    assert "70 % assumed" in text
    assert "60 % so far" in words(client.get(url))


def test_what_is_no_number_of_points_is_named() -> None:
    world = gradebook_world()
    student = world.student("60")
    url = reverse("gradebook:marks", args=[world.course.slug])
    assumed = {
        f"assumed-{world.first.pk}": "<b>",
        f"assumed-{world.second.pk}": "1.234",
        f"assumed-{world.exam.pk}": " ",
    }
    answer = signed_in(student).get(url, assumed)
    text = words(answer)
    assert "such as 12.5. “<b>”, “1.234” were left out." in html.unescape(text)
    assert "“<b>”" not in answer.content.decode()
    assert "left out" not in words(signed_in(student).get(url))


def test_assumed_points_are_at_most_all_points() -> None:
    world = gradebook_world()
    student = world.student()
    url = reverse("gradebook:marks", args=[world.course.slug])
    text = words(signed_in(student).get(url, {f"assumed-{world.exam.pk}": "900"}))
    assert "100 % assumed" in text


def test_points_are_assumed_out_of_those_of_the_revision_that_graded() -> None:
    world = gradebook_world()
    student = world.student("60")
    revision = RevisionFactory.create(assignment=world.exam)
    Assignment.objects.filter(pk=world.exam.pk).update(revision=revision)
    url = reverse("gradebook:marks", args=[world.course.slug])
    text = words(signed_in(student).get(url, {f"assumed-{world.exam.pk}": "50"}))
    assert "Points that you assume for Written exam / 100" in text
    assert "50 % assumed" in text


def test_hidden_assignment_is_not_named_and_keeps_the_total_open() -> None:
    world = gradebook_world()
    student = world.student("60", "70", "90")
    world.release()
    Assignment.objects.filter(pk=world.second.pk).update(release_at=None)
    Mark.objects.filter(assignment=world.second).delete()
    text = words(page(world.course, student))
    assert "Second task" not in text
    assert "so far" in text
    assert "Passed" not in text


def test_no_total_while_it_is_not_decided_what_counts() -> None:
    world = gradebook_world()
    student = world.student("60", "70", "90")
    world.release()
    world.exam_part.weight_percent = Decimal(10)
    world.exam_part.save()
    text = words(page(world.course, student))
    assert "The lecturer has not decided yet how the total is made." in text
    assert "71 %" not in text


def test_who_lacks_what_is_required_does_not_pass() -> None:
    world = gradebook_world(letter_scale="A 70, F 0")
    world.exam_part.required_percent = Decimal(65)
    world.exam_part.save()
    student = world.student("60", "90", "90")
    world.release()
    text = words(page(world.course, student))
    assert "Not passed Less than what is required in Exam." in text
    assert "75 % F" in text


def test_only_editors_are_led_from_submissions_to_what_counts() -> None:
    assignment = AssignmentFactory.create(weight_percent=100)
    course = assignment.course
    address = reverse("gradebook:formula", args=[course.slug])
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    assert address in page(course, lecturer).content.decode()
    assistant = EnrolmentFactory.create(course=course, assistant=True).user
    assert address not in page(course, assistant).content.decode()
