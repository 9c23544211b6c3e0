"""An excused student has no points anywhere, until the decision is taken back."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment
from grading.models import Mark, MarkChange, Marking, Standing
from grading.pages.assignment_staff import staff_page
from grading.services.agreement import differing_answers
from grading.services.class_marks import class_shares
from grading.services.counting_files import take_counting_files
from grading.services.mark_standing import StandingRefusedError, set_standing
from grading.services.marker_records import marker_records
from grading.services.marker_scope import EVERYTHING
from grading.services.marking_plan import plan_marking
from grading.services.marking_progress import marking_progress
from grading.services.marking_queue import load_marking_queue
from grading.services.regrade_requests import (
    RegradeRequestRefusedError,
    ask_for_regrade,
)
from grading.services.release_plan import plan_release
from tests.api.asking import rows
from tests.factories import AssignmentFactory, EnrolmentFactory, hours
from tests.grading.feedback_world import FeedbackWorld, feedback_world
from tests.grading.marking import address
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


def excuse(
    world: FeedbackWorld,
    student: User,
    standing: Standing | None = Standing.EXCUSED,
) -> Mark | None:
    return set_standing(
        actor=world.lecturer,
        assignment=world.assignment,
        student=student,
        standing=standing,
        reason="Ill.",
    )


def of_work(world: FeedbackWorld, name: str) -> str:
    args = [world.assignment.course.slug, world.assignment.slug]
    return reverse(f"grading:{name}", args=args)


def csv_row(world: FeedbackWorld, student: User) -> dict[str, str]:
    file = signed_in(world.lecturer).get(of_work(world, "marks-file"))
    table = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
    return next(row for row in table if row["email"] == student.email)


def api_row(reader: User, student: User) -> dict[str, Any]:
    found = rows(reader, "marks/")
    return next(row for row in found if row["student"]["id"] == student.pk)


def mark_all(world: FeedbackWorld, *texts: str) -> None:
    for run in world.runs:
        world.mark(run, *texts)


def test_an_excused_student_with_work_has_no_points_for_staff() -> None:
    world = feedback_world(3)
    mark_all(world, "Clear")
    student = world.student
    before = staff_page(assignment=world.assignment).summary
    excuse(world, student)
    mark = Mark.objects.get(student=student)
    assert (mark.final_points, mark.points.final) == (None, Decimal(6))
    cells = csv_row(world, student)
    assert cells["standing"] == "excused"
    assert {cells[name] for name in ("final", "possible", "automatic")} == {""}
    row = api_row(world.lecturer, student)
    nothing = (row["standing"], row["earned"], row["shown_points"], row["run"])
    assert nothing == ("excused", None, None, None)
    assert row["parts"] is None
    page = staff_page(assignment=world.assignment)
    (shown,) = staff_page(assignment=world.assignment, state="excused").rows
    assert (shown.student_id, shown.mark, shown.counting_attempt) == (
        *(student.pk, None, None),
    )
    assert (page.summary.median, page.summary.excused) == (before.median, 1)
    assert "Excused" in words(signed_in(world.lecturer).get(of_work(world, "release")))
    taken = take_counting_files(actor=world.lecturer, assignment=world.assignment)
    assert student in taken.without
    assert "excused: no attempt counts" in taken.manifest([]).decode()


def test_a_student_who_is_excused_and_handed_in_nothing_is_not_missing() -> None:
    world = feedback_world(2)
    absent = EnrolmentFactory.create(course=world.assignment.course).user
    assert staff_page(assignment=world.assignment, state="none").rows
    excuse(world, absent)
    page = staff_page(assignment=world.assignment, state="none")
    assert not page.rows
    assert (page.summary.handed_in, page.summary.expected) == (2, 2)
    html = words(signed_in(world.lecturer).get(of_work(world, "assignment-staff")))
    assert "1 excused" in html
    plan = plan_release(world.assignment, at=timezone.now())
    assert (plan.without_mark, len(plan.excused), len(plan.marks)) == (0, 1, 2)


def test_the_student_reads_it_with_the_release_everywhere() -> None:
    world = feedback_world()
    mark_all(world, "Clear")
    student, client = world.student, signed_in(world.student)
    marks = reverse("gradebook:marks", args=[world.assignment.course.slug])
    pages = [
        marks,
        *(of_work(world, name) for name in ("feedback", "assignment")),
        of_work(world, "feedback-file"),
    ]
    excuse(world, student)
    for path in pages[:3]:
        assert "xcused" not in words(client.get(path))
    assert api_row(student, student)["standing"] is None
    world.release()
    for path in pages:
        assert "xcused" in words(client.get(path)), path
    for path in (pages[0], pages[1], pages[3]):
        said = words(client.get(path))
        assert "6 / 12" not in said
        assert "Question by question" not in said
    row = api_row(student, student)
    assert (row["standing"], row["earned"], row["run"]) == ("excused", None, None)
    (attempt,) = client.get(of_work(world, "assignment")).context["page"].attempts
    assert attempt.counts == ""
    run = words(client.get(world.run.get_absolute_url()))
    assert "This attempt counts" not in run


def test_work_and_markings_that_come_later_change_nothing() -> None:
    world = feedback_world(0)
    student = EnrolmentFactory.create(course=world.assignment.course).user
    excuse(world, student)
    run = world.hand_in(2)
    run.work.author, run.work.attempt = student, 1
    run.work.save()
    world.mark(run, "Clear")
    mark = Mark.objects.get(student=student)
    assert (mark.run, mark.final_points) == (run, None)
    assert list(mark.changes.values_list("after", flat=True)) == [None]
    page = words(signed_in(world.lecturer).get(address(run)))
    assert "This student is excused, so nothing counts" in page
    excuse(world, student, None)
    mark = Mark.objects.get(student=student)
    assert mark.final_points == Decimal(6)
    assert MarkChange.objects.filter(mark=mark).latest("pk").after == Decimal(6)
    assert csv_row(world, student)["final"] == "6.00"


def test_taking_it_back_leaves_no_zero_for_nothing() -> None:
    world = feedback_world(1)
    absent = EnrolmentFactory.create(course=world.assignment.course).user
    excuse(world, absent)
    excuse(world, absent, None)
    assert csv_row(world, absent)["final"] == ""
    world.release()
    assert api_row(absent, absent)["earned"] is None
    marks = reverse("gradebook:marks", args=[world.assignment.course.slug])
    assert "Nothing handed in" in words(signed_in(absent).get(marks))


def test_zero_points_hold_only_while_nothing_counts() -> None:
    world = feedback_world(1)
    absent = EnrolmentFactory.create(course=world.assignment.course).user
    for student in (absent, world.student):
        excuse(world, student, Standing.ZERO)
    found = [csv_row(world, each) for each in (absent, world.student)]
    assert [(row["standing"], row["final"]) for row in found] == [
        ("zero", "0.00"),
        ("", "2.00"),
    ]
    standings = [
        api_row(world.lecturer, each)["standing"] for each in (absent, world.student)
    ]
    assert standings == ["zero", None]


def test_what_waits_and_what_is_counted_leaves_them_out() -> None:
    world = feedback_world(3)
    for each in world.runs[:2]:
        world.mark(each, "Clear")
    for run in world.runs:
        Marking.objects.create(
            rubric=world.rubric,
            student=run.work.author,
            submission=run.work,
            stage="second",
            marker=world.lecturer,
            is_finished=True,
        )
    queue = load_marking_queue(world.assignment, EVERYTHING)
    assert [each.is_to_mark for each in queue.items].count(True) == 1
    assert len(marker_records(world.assignment)) == 5
    assert len(differing_answers(world.assignment)) == 2
    for run in world.runs[1:]:
        excuse(world, run.work.author)
    queue = load_marking_queue(world.assignment, EVERYTHING)
    assert not any(each.is_to_mark for each in queue.items)
    (progress,) = marking_progress(world.assignment)
    assert (progress.answers, progress.marked, progress.waiting) == (1, 1, 0)
    assert len(marker_records(world.assignment)) == 2
    assert len(differing_answers(world.assignment)) == 1
    page = staff_page(assignment=world.assignment)
    assert page.summary.to_mark == 1


def test_previews_have_no_row_of_an_excused_student() -> None:
    world = feedback_world(2)
    mark_all(world, "Clear")
    for run in world.runs:
        Marking.objects.create(
            rubric=world.rubric,
            student=run.work.author,
            submission=run.work,
            stage="second",
            is_finished=True,
        )
    Assignment.objects.update(agreed_above=100)
    before, after = Assignment.objects.get(), Assignment.objects.get()
    after.agreed_above = Decimal(1)
    assert len(plan_marking(before=before, after=after).marks) == 2
    excuse(world, world.student)
    (row,) = plan_marking(before=before, after=after).marks
    assert row.mark.student == world.runs[1].work.author


def test_the_class_leaves_them_out_and_takes_nobody_in_later() -> None:
    world = feedback_world(6)
    mark_all(world, "Clear")
    early, late = world.runs[0].work.author, world.runs[1].work.author
    excuse(world, early)
    world.release()
    MarkChange.objects.update(at=hours(-3))
    now = hours(1)
    assert len(class_shares(world.assignment, now=now)) == 5
    excuse(world, early, None)
    assert len(class_shares(world.assignment, now=now)) == 5
    excuse(world, late)
    assert len(class_shares(world.assignment, now=now)) == 4


def test_no_question_of_an_excused_student_is_marked_again() -> None:
    world = feedback_world()
    mark_all(world, "Clear")
    world.release()
    excuse(world, world.student)
    with pytest.raises(RegradeRequestRefusedError, match="You are excused"):
        ask_for_regrade(
            actor=world.student, assignment=world.assignment, key="words", reason="x"
        )


def test_the_marking_page_excuses_and_takes_it_back() -> None:
    world = feedback_world()
    client, run = signed_in(world.marker), world.run
    decide = address(run, name="marking-standing")
    answer = client.post(decide, {"standing": "excused", "reason": " "}, follow=True)
    assert "Give a reason." in words(answer)
    name = world.student.name
    form = {"standing": "excused", "reason": "Ill."}
    answer = client.post(decide, form, follow=True)
    assert f"{name} is excused." in words(answer)
    assert "No longer excuse" in words(answer)
    assert Mark.objects.get(student=world.student).is_excused
    answer = client.post(decide, {"reason": "Well again."}, follow=True)
    assert f"{name} is not excused any more." in words(answer)
    assert not Mark.objects.get(student=world.student).is_excused
    Assignment.objects.update(markers_see_own_only=True)
    assert client.post(decide, form).status_code == 404


def test_who_is_given_nothing_decides_nothing_where_no_question_is_marked() -> None:
    assignment = AssignmentFactory.create(markers_see_own_only=True)
    student = EnrolmentFactory.create(course=assignment.course).user
    marker = EnrolmentFactory.create(course=assignment.course, role="assistant").user

    def decide() -> Mark | None:
        return set_standing(
            actor=marker,
            assignment=assignment,
            student=student,
            standing=Standing.EXCUSED,
            reason="Ill.",
        )

    with pytest.raises(StandingRefusedError, match="may mark all questions"):
        decide()
    assert not Mark.objects.exists()
    assignment.markers_see_own_only = False
    assignment.save()
    assert decide() is not None
