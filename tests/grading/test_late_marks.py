"""Late penalties in marks: which attempt counts, what follows a change, what is told."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment, Course, Extension
from courses.services.course_late_rule import save_late_rule
from courses.services.edited_rows import save_assignment
from courses.services.extensions import grant_extension, withdraw_extension
from formats.choices import Counting, LateMode
from grading.models import GradingRun, Mark, Marking
from grading.pages.staff_rows import student_rows
from grading.services import counting_run, load_counting_runs, recompute_mark
from grading.services.extra_time_plan import plan_extensions
from grading.services.settings_plan import plan_late_rule, plan_settings
from grading.services.visibility import student_mark
from grading.states import State
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    ManualQuestionFactory,
    MarkFactory,
    MarkingFactory,
    QuestionResultFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def assignment() -> Assignment:
    """Return coursework of 100 points that was due two days ago, by Scientia's rule."""
    return make_assignment()


def make_assignment(course: Course | None = None, **values: object) -> Assignment:
    given = {
        "due_at": hours(-48),
        "closes_at": hours(300),
        "late_mode": LateMode.CAP.value,
        "late_zero_after": 1,
        "counting": Counting.BEST,
        **values,
    }
    if course is not None:
        given["course"] = course
    made: Assignment = AssignmentFactory.create(**given)
    assert made.revision is not None
    made.revision.questions.update(
        points=100,
        checks=[{"name": "check_answer", "points": "100", "visibility": "always"}],
    )
    return made


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


@pytest.fixture
def lecturer(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course, lecturer=True).user


def attempt(
    assignment: Assignment, student: User, points: str, late_hours: float
) -> GradingRun:
    at = assignment.due_at + dt.timedelta(hours=late_hours)
    submission = SubmissionFactory.create(
        assignment=assignment, author=student, started_at=at, received_at=at
    )
    run: GradingRun = GradingRunFactory.create(
        submission=submission, finished=True, automatic_points=Decimal(points)
    )
    for question in run.revision.questions.all():
        found = {"name": "check_answer", "score": 1, "points": points, "message": ""}
        QuestionResultFactory.create(
            run=run, question=question, points=Decimal(points), checks=[found]
        )
    return run


def marked(assignment: Assignment, student: User) -> Mark:
    mark = recompute_mark(
        actor=SYSTEM, assignment=assignment, student=student, reason="first"
    )
    assert mark is not None
    return mark


# --- Which attempt counts --------------------------------------------------------------


def test_a_capped_late_attempt_never_beats_a_better_one_on_time(
    assignment: Assignment, student: User
) -> None:
    on_time = attempt(assignment, student, "70", -1)
    attempt(assignment, student, "75", 1)
    mark = marked(assignment, student)
    assert (mark.run, mark.final_points, mark.late_penalty) == (
        on_time,
        Decimal(70),
        Decimal(0),
    )


def test_a_late_attempt_counts_if_it_is_better_after_its_penalty(
    assignment: Assignment, student: User
) -> None:
    attempt(assignment, student, "30", -1)
    late = attempt(assignment, student, "75", 1)
    mark = marked(assignment, student)
    assert (mark.run, mark.final_points, mark.late_penalty) == (
        late,
        Decimal(40),
        Decimal(35),
    )


def test_the_latest_attempt_counts_with_its_own_penalty(
    assignment: Assignment, student: User
) -> None:
    Assignment.objects.update(counting=Counting.LATEST)
    attempt(assignment, student, "70", -1)
    late = attempt(assignment, student, "75", 25)
    mark = marked(assignment, student)
    assert (mark.run, mark.final_points, mark.late_penalty) == (
        late,
        Decimal(0),
        Decimal(75),
    )


def test_points_given_by_hand_are_part_of_what_is_compared(
    assignment: Assignment, student: User
) -> None:
    on_time = attempt(assignment, student, "20", -1)
    late = attempt(assignment, student, "60", 1)
    ManualQuestionFactory.create(revision=assignment.revision, points=35)
    MarkFactory.create(run=on_time)
    # Each could still get 35 points: 55 on time, or 95 capped at the pass mark of 54.
    assert marked(assignment, student).run == on_time
    marking = MarkingFactory.create(run=on_time, adjustment=35)
    mark = marked(assignment, student)
    assert (mark.run, mark.final_points) == (on_time, Decimal(55))
    Marking.objects.filter(pk=marking.pk).update(adjustment=30)
    mark = marked(assignment, student)
    assert (mark.run, mark.manual_points) == (late, Decimal(0))
    assert mark.counting().hand.waiting == 35


def test_an_adjustment_comes_after_the_penalty(
    assignment: Assignment, student: User
) -> None:
    late = attempt(assignment, student, "75", 1)
    MarkFactory.create(run=late, adjustment=Decimal(5))
    assert marked(assignment, student).final_points == 45


def test_every_way_to_the_mark_agrees(assignment: Assignment, student: User) -> None:
    other = EnrolmentFactory.create(course=assignment.course).user
    for who, early in ((student, "70"), (other, "30")):
        attempt(assignment, who, early, -1)
        attempt(assignment, who, "75", 1)
        marked(assignment, who)
    attached = load_counting_runs(Mark.objects.all())
    rows = {row.email: row for row in student_rows(assignment)}
    for mark in attached:
        alone = Mark.objects.get(pk=mark.pk)
        assert mark.run == alone.run == counting_run(assignment, mark.student)
        assert mark.final_points == alone.final_points
        row = rows[mark.student.email].counting
        assert row is not None
        assert row.points.final == mark.final_points
        assert row.points.late_penalty == mark.late_penalty
        assert mark.run is not None
        assert row.attempt == mark.run.work.attempt
    assert {mark.final_points for mark in attached} == {70, 40}


@pytest.mark.parametrize("people", [1, 6])
def test_the_number_of_queries_does_not_grow_with_the_course(
    assignment: Assignment,
    people: int,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    Course.objects.update(late_days=3)
    Assignment.objects.update(late_days_limit=1)
    for _ in range(people):
        one = EnrolmentFactory.create(course=assignment.course).user
        attempt(assignment, one, "30", -1)
        attempt(assignment, one, "75", 25)
        MarkFactory.create(run=attempt(assignment, one, "75", 26))
    with assert_max_queries(6):
        load_counting_runs(Mark.objects.all())
    with assert_max_queries(9):
        student_rows(assignment)


# --- Where the rule comes from ---------------------------------------------------------


def test_an_empty_rule_takes_the_courses(assignment: Assignment, student: User) -> None:
    Assignment.objects.update(late_mode="", late_zero_after=None)
    attempt(assignment, student, "75", 1)
    assert marked(assignment, student).late_penalty == 0
    Course.objects.update(late_mode=LateMode.POSSIBLE, late_step=10)
    assert Mark.objects.get().late_penalty == 10
    Assignment.objects.update(late_mode=LateMode.NONE)
    assert Mark.objects.get().late_penalty == 0


def test_the_cap_is_at_the_assignments_own_pass_mark_if_it_has_one(
    assignment: Assignment, student: User
) -> None:
    attempt(assignment, student, "75", 1)
    marked(assignment, student)
    Course.objects.update(pass_mark=50)
    assert Mark.objects.get().final_points == 50
    Assignment.objects.update(pass_mark=60)
    assert Mark.objects.get().final_points == 60


# --- Changes after work is in ----------------------------------------------------------


def last_change(mark: Mark) -> tuple[Decimal | None, Decimal | None, str]:
    change = mark.changes.latest("at", "pk")
    return change.before, change.after, change.reason


def test_a_changed_rule_is_recorded_with_every_mark(
    assignment: Assignment, student: User, lecturer: User
) -> None:
    attempt(assignment, student, "75", 1)
    mark = marked(assignment, student)
    after = Assignment.objects.get()
    after.late_mode, after.late_zero_after = LateMode.NONE.value, None
    (row,) = plan_settings(before=assignment, after=after, now=timezone.now()).marks
    assert (row.before, row.after) == (Decimal(40), Decimal(75))
    save_assignment(actor=lecturer, assignment=after)
    assert last_change(mark) == (
        Decimal(40),
        Decimal(75),
        "The rule for late work changed.",
    )


def test_a_moved_deadline_is_recorded_with_every_mark(
    assignment: Assignment, student: User, lecturer: User
) -> None:
    attempt(assignment, student, "75", 1)
    mark = marked(assignment, student)
    after = Assignment.objects.get()
    after.due_at += dt.timedelta(hours=2)
    plan = plan_settings(before=assignment, after=after, now=timezone.now())
    assert [(row.before, row.after) for row in plan.marks] == [
        (Decimal(40), Decimal(75))
    ]
    save_assignment(actor=lecturer, assignment=after)
    assert last_change(mark) == (Decimal(40), Decimal(75), "The deadline changed.")


def test_an_extension_is_recorded_when_it_is_granted_and_withdrawn(
    assignment: Assignment, student: User, lecturer: User
) -> None:
    attempt(assignment, student, "75", 1)
    mark = marked(assignment, student)
    due_at = assignment.due_at + DAY
    rows = plan_extensions(assignment=assignment, due_at={student.pk: due_at}).marks
    assert [(row.before, row.after) for row in rows] == [(Decimal(40), Decimal(75))]
    granted = grant_extension(
        actor=lecturer,
        assignment=assignment,
        student=student,
        due_at=due_at,
        reason="Illness",
    )
    assert last_change(mark) == (Decimal(40), Decimal(75), "An extension was granted.")
    withdraw_extension(actor=lecturer, extension=granted)
    assert last_change(mark) == (
        Decimal(75),
        Decimal(40),
        "An extension was withdrawn.",
    )


def test_a_course_rule_is_previewed_and_recorded(
    assignment: Assignment, student: User, lecturer: User
) -> None:
    Assignment.objects.update(late_mode="", late_zero_after=None)
    attempt(assignment, student, "75", 1)
    mark = marked(assignment, student)
    before, after = (Course.objects.get() for _ in range(2))
    after.late_mode = LateMode.CAP.value
    rows = plan_late_rule(before=before, after=after).marks
    assert [(row.before, row.after) for row in rows] == [(Decimal(75), Decimal(40))]
    assert Mark.objects.get().final_points == 75
    save_late_rule(actor=lecturer, course=after)
    assert last_change(mark)[:2] == (Decimal(75), Decimal(40))
    change = after.changes.latest("pk")
    assert change.is_public
    assert "at most the pass mark" in change.after


# --- Late days --------------------------------------------------------------------------


@pytest.fixture
def two(assignment: Assignment) -> tuple[Assignment, Assignment]:
    """Return two assignments that may both use late days; there are two in all."""
    Course.objects.update(late_days=2)
    Assignment.objects.update(late_days_limit=2)
    first = Assignment.objects.get()
    return first, make_assignment(first.course, due_at=hours(-30), late_days_limit=2)


def test_late_days_cover_the_lateness(
    two: tuple[Assignment, Assignment], student: User
) -> None:
    first, second = two
    attempt(first, student, "75", 30)
    attempt(second, student, "75", 1)
    assert marked(first, student).final_points == 75
    assert marked(second, student).final_points == 40


def test_work_at_an_earlier_deadline_takes_days_from_later_ones(
    two: tuple[Assignment, Assignment], student: User
) -> None:
    first, second = two
    attempt(second, student, "75", 1)
    later = marked(second, student)
    assert later.final_points == 75
    attempt(first, student, "75", 30)
    marked(first, student)
    assert last_change(later)[:2] == (Decimal(75), Decimal(40))


@pytest.mark.parametrize("late_hours", [1, 60])
def test_a_cancelled_attempt_neither_costs_late_days_nor_saves_them(
    late_hours: float, two: tuple[Assignment, Assignment], student: User
) -> None:
    first, second = two
    Assignment.objects.update(late_days_limit=1)
    attempt(first, student, "75", 20)
    attempt(second, student, "75", 20)
    at = first.due_at + dt.timedelta(hours=late_hours)
    submission = SubmissionFactory.create(
        assignment=first, author=student, started_at=at, received_at=at
    )
    GradingRunFactory.create(
        submission=submission, state=State.CANCELLED, finished_at=at
    )
    assert marked(first, student).final_points == 75
    assert marked(second, student).final_points == 75
    Course.objects.update(late_days=1)
    assert sorted(
        marked(each, student).points.final for each in Assignment.objects.all()
    ) == [40, 75]


def test_other_peoples_late_days_are_their_own(
    two: tuple[Assignment, Assignment], student: User
) -> None:
    first, second = two
    other = EnrolmentFactory.create(course=first.course).user
    attempt(first, other, "75", 30)
    attempt(second, student, "75", 30)
    assert marked(second, student).final_points == 75


# --- What students see -------------------------------------------------------------------


def test_students_read_the_rule_and_what_handing_in_now_costs(
    assignment: Assignment, student: User
) -> None:
    Assignment.objects.update(due_at=hours(-3))
    text = words(signed_in(student).get(assignment.get_absolute_url()))
    assert "Late work gets at most the pass mark, 40 % of the possible points." in text
    assert "Work that is more than 1 day late gets no points." in text
    assert "Late by 3 hours" in text
    assert "at most 40 of 100 points." in text


def test_students_read_what_a_new_attempt_replaces_after_its_penalty(
    assignment: Assignment, student: User
) -> None:
    Assignment.objects.update(counting=Counting.LATEST)
    attempt(assignment, student, "75", 1)
    text = words(signed_in(student).get(assignment.get_absolute_url()))
    assert "This will replace your 40 points" in text
    assert "Handed in 1 hour late: 35 points lost." in text


def test_the_grace_stays_unseen(assignment: Assignment, student: User) -> None:
    Assignment.objects.update(due_at=hours(-0.5), grace_minutes=60)
    text = words(signed_in(student).get(assignment.get_absolute_url()))
    assert "Late by" not in text


def test_the_marks_page_says_why_points_are_missing(
    assignment: Assignment, student: User
) -> None:
    attempt(assignment, student, "75", 1)
    marked(assignment, student)
    Assignment.objects.update(closes_at=hours(-1), marks_released_at=hours(-1))
    page = reverse("gradebook:marks", args=[assignment.course.slug])
    text = words(signed_in(student).get(page))
    assert "Handed in 1 hour late: 35 points lost." in text
    assert "Late penalty \N{MINUS SIGN}35 Final 40 / 100" in text


def test_a_provisional_penalty_is_of_the_shown_points_alone(
    assignment: Assignment, student: User
) -> None:
    """Two students with other hidden points read the same."""
    assert assignment.revision is not None
    checks = [
        {"name": "shown", "points": "50", "visibility": "always"},
        {"name": "hidden", "points": "50", "visibility": "after_release"},
    ]
    assignment.revision.questions.update(checks=checks)
    other = EnrolmentFactory.create(course=assignment.course).user
    seen = []
    for who, hidden in ((student, 0), (other, 50)):
        run = attempt(assignment, who, str(45 + hidden), 1)
        run.results.update(
            checks=[
                {"name": "shown", "score": 0.9, "points": "45", "message": ""},
                {"name": "hidden", "score": 1, "points": str(hidden), "message": ""},
            ]
        )
        marked(assignment, who)
        shown = student_mark(assignment, who, timezone.now())
        assert shown is not None
        attempts = words(signed_in(who).get(assignment.get_absolute_url()))
        assert "40 / 100 45 \N{MINUS SIGN} 5 late 50 hidden" in attempts
        seen.append((shown.earned, shown.late_words, "5 points lost" in attempts))
    assert seen == [(Decimal(40), "Handed in 1 hour late: 5 points lost.", True)] * 2


def test_late_days_do_not_tell_which_attempt_the_hidden_checks_made_the_best(
    two: tuple[Assignment, Assignment], student: User
) -> None:
    """The days that are left are the same, whichever attempt earned more."""
    first, second = two
    pages = []
    runs = [attempt(first, student, "70", -1), attempt(first, student, "75", 1)]
    for points in ((70, 75), (75, 70)):
        for run, earned in zip(runs, points, strict=True):
            GradingRun.objects.filter(pk=run.pk).update(automatic_points=earned)
        text = words(signed_in(student).get(second.get_absolute_url()))
        pages.append("You have 1 of 2 late days left" in text)
    assert pages == [True, True]


# --- What staff see ----------------------------------------------------------------------


def test_staff_see_raw_penalty_and_final_apart(
    assignment: Assignment, student: User, lecturer: User
) -> None:
    student.first_name = "=1+1"
    student.save()
    attempt(assignment, student, "75", 1)
    marked(assignment, student)
    client = signed_in(lecturer)
    page = reverse(
        "grading:assignment-staff", args=[assignment.course.slug, assignment.slug]
    )
    assert "75 − 35 late" in words(client.get(page))  # noqa: RUF001  a minus
    names, row = client.get(f"{page}marks.csv").content.decode("utf-8-sig").splitlines()
    cells = dict(zip(names.split(","), row.split(","), strict=True))
    assert (cells["automatic"], cells["late_penalty"], cells["final"]) == (
        "75.00",
        "35.00",
        "40.00",
    )
    # A cell that begins like a formula is only text.
    assert cells["name"].startswith("'=1+1")
    (mark,) = client.get("/api/v1/marks/").json()["results"]
    assert mark["parts"]["late_penalty"] == "35.00"
    assert mark["parts"]["late_reason"] == "Handed in 1 hour late: 35 points lost."


def test_extensions_of_others_change_nothing(
    assignment: Assignment, student: User
) -> None:
    attempt(assignment, student, "75", 1)
    other = EnrolmentFactory.create(course=assignment.course).user
    Extension.objects.create(
        assignment=assignment,
        student=other,
        due_at=assignment.due_at + DAY,
        reason="x",
        granted_by=other,
    )
    assert marked(assignment, student).final_points == 40
