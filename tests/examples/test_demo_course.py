"""What is in the demo course: it is made once for all tests that only read it."""

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.models import User
from courses.late_rules import PRESETS
from courses.models import Assignment, Course, Enrolment, ExtensionRequest, Material
from formats.choices import Role
from gradebook.services.formula import load_formula
from gradebook.services.scores import load_scores
from grading.models import GradingRun, Mark, Marking, RegradeRequest
from grading.states import State
from portal.demo.building import COURSEWORK, SLUG, WARM_UP
from portal.demo.finished_course import FINISHED
from portal.demo.marked_work import FIRST, FIRST_STEPS
from portal.demo.people import EVERYBODY
from portal.demo.report_work import REPORTS
from submissions.models import ReceiptMail, Submission
from tests.examples.test_demo import demo

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def demo_course(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Make the demo course, and take it back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo()
        yield
        transaction.set_rollback(True)


def test_demo_has_a_course_with_people_and_work_in_the_queue() -> None:
    course = Course.objects.get(slug=SLUG)
    roles = course.enrolments.values_list("role", flat=True)
    assert list(roles).count(Role.STUDENT) == 25
    assert set(roles) == set(Role)
    assert [week.number for week in course.weeks.all()] == list(range(2, 11))
    assert course.materials.filter(code="N02a", kind="slides").exists()
    handed_in = sum(
        len(each.hands_in + each.hands_in_late + each.sends_by_mail)
        for each in EVERYBODY
    )
    handed_in += len(FIRST) + len(REPORTS)
    assert GradingRun.objects.of_submissions().count() == handed_in
    assert GradingRun.objects.filter(state=State.FINISHED).count() == len(REPORTS)
    checked = sum(len(each.checks) for each in EVERYBODY)
    assert GradingRun.objects.exclude(self_check=None).count() == checked == 1
    # The rest are the trials of the one revision.
    assert GradingRun.objects.exclude(trial="").count() == 2
    assert set(GradingRun.objects.values_list("state", flat=True)) <= {
        State.QUEUED,
        State.SUPERSEDED,
        State.FINISHED,
    }
    # Nobody reads the mail of made-up people.
    assert set(ReceiptMail.objects.values_list("due_at", flat=True)) == {None}


def test_every_recording_and_link_can_be_opened() -> None:
    items = Material.objects.filter(kind__in=["recording", "link"])
    assert [item.key for item in items if not item.has_content] == []


def test_the_extension_is_recorded_as_granted_by_a_lecturer() -> None:
    course = Course.objects.get(slug=SLUG)
    change = course.changes.get(kind="extension", assignment__slug=COURSEWORK)
    assert change.student is not None
    assert change.student.email == "irene.carvalho@demo.example"
    assert change.made_by is not None


def test_somebody_has_an_accommodation_and_others_ask_for_extensions() -> None:
    course = Course.objects.get(slug=SLUG)
    assert course.accommodations.get().percent == 25
    states = ExtensionRequest.objects.values_list("assignment__slug", "state")
    assert set(states) == {(COURSEWORK, "open"), (WARM_UP, "refused")}


def test_attempts_are_late_and_the_course_has_a_rule_for_them() -> None:
    late = list(Submission.objects.late().select_related("assignment__course"))
    assert {each.author.email for each in late} == {"student@demo.example"}
    assert all(each.assignment.late_rule == PRESETS[0].rule for each in late)


def test_some_work_is_marked_and_one_student_asks_to_mark_it_again() -> None:
    first = Assignment.objects.get(slug=FIRST_STEPS)
    work = Submission.objects.filter(assignment=first)
    marked = Marking.objects.filter(is_finished=True)
    assert marked.filter(submission__in=work).count() == work.count() == len(FIRST)
    other = Marking.objects.filter(rubric__assignment__slug=COURSEWORK)
    assert set(other.values_list("is_finished", flat=True)) == {True, False}
    assert RegradeRequest.objects.get().submission in work
    assert Mark.objects.excused_students(first.pk)


def test_total_has_letters_a_required_exam_and_a_dropped_exercise() -> None:
    formula = load_formula(Course.objects.get(slug=SLUG))
    assert formula.problems == ()
    assert formula.scale.letter(Fraction(70)) == "A"
    exam, _, exercises = formula.shares
    assert exam.component is not None
    assert exam.component.required_percent == 40
    assert exercises.component is not None
    assert exercises.component.drop_lowest == 1
    first, warm_up = exercises.assignments
    assert (first.slug, warm_up.slug) == (FIRST_STEPS, WARM_UP)
    # The work is in the queue, and a worker needs a minute or two for it.
    assert first.marks_released_at is not None
    assert first.marks_released_at <= timezone.now() + dt.timedelta(minutes=5)


def test_only_the_admin_is_site_staff() -> None:
    staff = User.objects.filter(is_superuser=True) | User.objects.filter(is_staff=True)
    assert [user.email for user in staff] == ["admin@demo.example"]


def test_materials_of_later_weeks_are_at_most_announced() -> None:
    student = User.objects.get(email="student@demo.example")
    out = Material.objects.visible_to(student).filter(week__isnull=False)
    assert {m.week.number for m in out if m.week and m.has_content} == {2, 3, 4}


def test_demo_course_is_the_example_of_a_course_file() -> None:
    course = Course.objects.get(slug=SLUG)
    assert course.sessions.count() == 19
    assert course.lectures.count() == 17
    assert str(course.sessions.get(key="w6-tutorial").room) == "Huxley 311"


def test_the_course_of_the_year_before_is_at_its_end() -> None:
    course = Course.objects.get(slug=FINISHED)
    formula = load_formula(course)
    assert formula.problems == ()
    students = list(
        Enrolment.objects.students()
        .filter(course=course)
        .values_list("user", flat=True)
    )
    scores = load_scores(formula, students, now=timezone.now())
    totals = {pk: scores.total(pk) for pk in students}
    # The total of whose mark is withheld waits.
    withheld = Mark.objects.get(assignment__course=course, standing="withheld")
    complete = {pk for pk, total in totals.items() if total.is_complete}
    assert set(students) - complete == {withheld.student_id}
    assert Mark.objects.filter(assignment__course=course, standing="excused").exists()
    assert {total.passes for total in totals.values()} == {True, False, None}
    freeze = course.mark_freezes.get(ended_at=None)
    [proposal] = freeze.proposals.all()
    assert proposal.state == "confirmed"
    lifted = Mark.objects.get(assignment=proposal.assignment, student=proposal.student)
    assert lifted.final_points == 40
