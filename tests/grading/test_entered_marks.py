"""Marks that people enter: stored for many at once, and counted like all others."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.deadlines import deadline_for
from courses.models import Assignment
from courses.services.extension_requests import (
    RequestRefusedError,
    ask_for_extension,
)
from courses.services.extensions import ExtensionRefusedError, grant_extension
from gradebook.pages.marks import marks_page
from gradebook.services.formula import load_formula
from gradebook.services.scores import load_scores
from grading.models import Mark, MarkChange, Standing
from grading.pages.staff_rows import student_rows
from grading.services.class_marks import class_shares
from grading.services.entered_marks import (
    EntriesConflictError,
    EntriesRefusedError,
    NotEnteredError,
    enter_marks,
)
from grading.services.final_marks import final_marks
from grading.services.mark_adjustment import AdjustmentRefusedError, adjust_mark
from grading.services.mark_standing import set_standing
from grading.services.marks import record_changed_marks
from grading.services.release_plan import plan_release
from grading.services.visibility import student_mark
from submissions.exceptions import SubmissionRefusedError
from submissions.services import accept_files
from tests.api.asking import ROOT, rows, session_of
from tests.api.test_leaks import PERSONAL_LISTS
from tests.factories import (
    AccommodationFactory,
    AssignmentFactory,
    ComponentFactory,
    EnrolmentFactory,
    EnteredAssignmentFactory,
    hours,
)
from tests.grading.entered import enter, entry, lecturer_of

pytestmark = pytest.mark.django_db
Counter = Callable[[int], AbstractContextManager[object]]


@pytest.fixture
def exam() -> Assignment:
    made: Assignment = EnteredAssignmentFactory.create(weight_percent=100)
    return made


@pytest.fixture
def student(exam: Assignment) -> User:
    found: User = EnrolmentFactory.create(course=exam.course).user
    return found


def release(exam: Assignment) -> Assignment:
    Assignment.objects.filter(pk=exam.pk).update(marks_released_at=hours(-1))
    return Assignment.objects.select_related("course").get(pk=exam.pk)


# --- The model -------------------------------------------------------------------


def test_a_revision_and_entered_marks_exclude_each_other(exam: Assignment) -> None:
    work = AssignmentFactory.create()
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.filter(pk=work.pk).update(marks_out_of=10)
    work.marks_out_of = Decimal(10)
    with pytest.raises(ValidationError, match="It has a notebook"):
        work.full_clean()


@pytest.mark.parametrize("out_of", ["0", "-1"])
def test_something_can_be_had(exam: Assignment, out_of: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.filter(pk=exam.pk).update(marks_out_of=out_of)


def test_entered_points_are_never_negative(exam: Assignment, student: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Mark.objects.create(assignment=exam, student=student, entered_points=-1)


@pytest.mark.parametrize("out_of", [None, "59"])
def test_entered_marks_stay_possible(
    exam: Assignment, student: User, out_of: str | None
) -> None:
    enter(exam, student, "60")
    exam.marks_out_of = None if out_of is None else Decimal(out_of)
    with pytest.raises(ValidationError, match="Marks of up to 60 points are entered"):
        exam.full_clean()


# --- Entering --------------------------------------------------------------------


def test_what_is_entered_is_the_mark_and_its_history(
    exam: Assignment, student: User
) -> None:
    mark = enter(exam, student, "62.5")
    assert mark.final_points == Decimal("62.50")
    change = mark.changes.get()
    assert (change.before, change.after) == (None, Decimal("62.50"))
    assert change.reason == "Entered"
    assert change.actor is not None


def test_a_change_keeps_what_was_before_and_why(
    exam: Assignment, student: User
) -> None:
    enter(exam, student, "60")
    enter_marks(
        actor=lecturer_of(exam),
        assignment=exam,
        entries=[entry(student, "61", seen="60")],
        reason=" Added up anew. ",
    )
    change = MarkChange.objects.first()
    assert change is not None
    assert [change.before, change.after] == [60, 61]
    assert change.reason == "Entered: Added up anew."


def test_nothing_entered_is_no_mark_and_a_zero_is_one(
    exam: Assignment, student: User
) -> None:
    other = EnrolmentFactory.create(course=exam.course).user
    enter(exam, student, "0")
    found = final_marks([exam])
    assert found[exam.pk, student.pk].points.final == 0
    assert (exam.pk, other.pk) not in found


def test_a_removed_mark_is_no_mark_and_keeps_its_history(
    exam: Assignment, student: User
) -> None:
    enter(exam, student, "60")
    mark = enter(exam, student, None, seen="60")
    assert mark.final_points is None
    assert final_marks([exam]) == {}
    latest = mark.changes.first()
    assert latest is not None
    assert [latest.before, latest.after] == [60, None]
    assert latest.reason == "Entry removed"
    record_changed_marks(actor=lecturer_of(exam), assignment=exam, reason="x")
    assert mark.changes.count() == 2


def test_the_same_again_changes_nothing(exam: Assignment, student: User) -> None:
    mark = enter(exam, student, "60")
    # Also for somebody who has not seen that it is entered already.
    assert enter(exam, student, "60").updated_at == mark.updated_at
    assert mark.changes.count() == 1


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ("100.01", "Enter at most 100 points."),
        ("-0.01", "Enter 0 or more points."),
        ("1.001", "Enter at most two decimals."),
        ("NaN", "Enter a number, such as 12.5."),
        ("Infinity", "Enter a number, such as 12.5."),
    ],
)
def test_impossible_points_are_refused_and_nothing_is_stored(
    exam: Assignment, student: User, points: str, words: str
) -> None:
    other = EnrolmentFactory.create(course=exam.course).user
    with pytest.raises(EntriesRefusedError) as refused:
        enter_marks(
            actor=lecturer_of(exam),
            assignment=exam,
            entries=[entry(other, "5"), entry(student, points)],
            reason="",
        )
    assert refused.value.faults == {student.pk: words}
    assert not Mark.objects.exists()


def test_nobody_but_students_of_the_course_gets_a_mark(exam: Assignment) -> None:
    stranger = EnrolmentFactory.create().user
    for person in (stranger, lecturer_of(exam)):
        with pytest.raises(EntriesRefusedError, match="no student of the course"):
            enter(exam, person, "5")


def test_who_has_left_keeps_a_mark_that_can_be_corrected(
    exam: Assignment, student: User
) -> None:
    enter(exam, student, "5")
    student.enrolments.update(is_active=False)
    assert enter(exam, student, "6", seen="5").final_points == 6


def test_the_loser_sees_what_is_there_and_nothing_is_lost(
    exam: Assignment, student: User
) -> None:
    other = EnrolmentFactory.create(course=exam.course).user
    enter(exam, student, "60")
    first = MarkChange.objects.get()
    assert first.actor is not None
    with pytest.raises(EntriesConflictError) as conflict:
        enter_marks(
            actor=lecturer_of(exam),
            assignment=exam,
            entries=[entry(other, "5"), entry(student, "70")],
            reason="",
        )
    found = conflict.value.conflicts[student.pk]
    assert found.stored == 60
    assert f"changed to 60 by {first.actor.name}" in found.words
    assert Mark.objects.get().entered_points == 60


def test_only_those_who_may_mark_the_work_enter_marks(
    exam: Assignment, student: User
) -> None:
    assistant = EnrolmentFactory.create(course=exam.course, assistant=True).user
    wanted: dict[str, Any] = {
        "assignment": exam,
        "entries": [entry(student, "5")],
        "reason": "",
    }
    with pytest.raises(PermissionDenied):
        enter_marks(actor=student, **wanted)
    exam.marking_is_anonymous = True
    with pytest.raises(PermissionDenied):
        enter_marks(actor=assistant, **wanted)
    exam.marking_is_anonymous = False
    assert enter_marks(actor=assistant, **wanted) == 1


def test_marks_of_handed_in_work_are_not_entered() -> None:
    work = AssignmentFactory.create()
    student = EnrolmentFactory.create(course=work.course).user
    with pytest.raises(NotEnteredError, match="come from what students hand in"):
        enter(work, student, "1")


def test_a_thousand_marks_take_few_queries(
    exam: Assignment, assert_max_queries: Counter
) -> None:
    students = [
        each.user for each in EnrolmentFactory.create_batch(60, course=exam.course)
    ]
    actor = lecturer_of(exam)
    for count in (2, 60):
        entries = [
            entry(each, str(count), "2" if count > 2 and i < 2 else None)
            for i, each in enumerate(students[:count])
        ]
        with assert_max_queries(20):
            enter_marks(actor=actor, assignment=exam, entries=entries, reason="")
    assert Mark.objects.filter(entered_points=60).count() == 60


# --- What follows ----------------------------------------------------------------


def test_an_adjustment_is_added_and_alone_is_no_mark(
    exam: Assignment, student: User
) -> None:
    actor = lecturer_of(exam)
    wanted: dict[str, Any] = {
        "actor": actor,
        "assignment": exam,
        "student": student,
        "by": Decimal(3),
        "reason": "x",
    }
    with pytest.raises(AdjustmentRefusedError, match="has no mark"):
        adjust_mark(**wanted)
    enter(exam, student, "60")
    assert adjust_mark(**wanted).final_points == 63
    assert final_marks([exam])[exam.pk, student.pk].points.final == 63
    assert enter(exam, student, None, seen="60").final_points is None
    assert final_marks([exam]) == {}
    (row,) = student_rows(exam)
    assert row.counting is None


def test_excused_holds_whatever_is_entered(exam: Assignment, student: User) -> None:
    set_standing(
        actor=lecturer_of(exam),
        assignment=exam,
        student=student,
        standing=Standing.EXCUSED,
        reason="Ill.",
    )
    mark = enter(exam, student, "60")
    assert mark.final_points is None
    found = final_marks([exam])[exam.pk, student.pk]
    assert found.is_excused
    assert found.possible == 100


def test_totals_count_it_and_wait_for_what_is_not_entered(
    exam: Assignment, student: User
) -> None:
    other = EnrolmentFactory.create(course=exam.course).user
    enter(exam, student, "60")
    release(exam)
    formula = load_formula(exam.course)
    assert formula.possible == {exam.pk: 100}
    scores = load_scores(formula, [student.pk, other.pk], now=timezone.now())
    assert scores.total(student.pk).percent == 60
    assert scores.total(other.pk).percent is None
    (own,) = marks_page(user=other, course=exam.course, now=timezone.now()).rows
    assert not own.is_missing


def test_students_see_it_with_the_release_alone(
    exam: Assignment, student: User
) -> None:
    exam.marks_released_at = None
    enter(exam, student, "60")
    assert student_mark(exam, student, timezone.now()) is None
    shown = student_mark(release(exam), student, timezone.now())
    assert shown is not None
    assert [shown.earned, shown.points] == [60, 100]
    assert rows(student, "marks/")[0]["earned"] == "60.00"


def test_nothing_of_an_unreleased_mark_reaches_the_student(
    exam: Assignment, student: User
) -> None:
    component = ComponentFactory.create(course=exam.course)
    Assignment.objects.filter(pk=exam.pk).update(component=component)
    slugs = [exam.course.slug, exam.slug]
    paths = [
        *(f"{ROOT}{path}" for path in (*PERSONAL_LISTS, "assignments/", "changes/")),
        exam.get_absolute_url(),
        reverse("courses:course", args=slugs[:1]),
        reverse("gradebook:marks", args=slugs[:1]),
        reverse("courses:news", args=slugs[:1]),
        "/",
    ]
    client = session_of(student)

    def told() -> str:
        return " ".join(client.get(path).content.decode() for path in paths)

    enter(exam, student, "31.47")
    assert "31.47" not in told()
    release(exam)
    assert "31.47" in told()


def test_the_distribution_has_those_that_were_entered_before_the_release(
    exam: Assignment,
) -> None:
    for points in ("20", "40"):
        enter(exam, EnrolmentFactory.create(course=exam.course).user, points)
    released = release(exam)
    MarkChange.objects.update(at=hours(-2))
    enter(exam, EnrolmentFactory.create(course=exam.course).user, "60")
    shares = class_shares(released, now=timezone.now())
    assert sorted(shares) == [Decimal("0.2"), Decimal("0.4")]


def test_the_release_lists_them(exam: Assignment, student: User) -> None:
    EnrolmentFactory.create(course=exam.course)
    enter(exam, student, "60")
    plan = plan_release(exam, at=timezone.now())
    assert [mark.final_points for mark in plan.marks] == [60]
    assert plan.without_mark == 1
    assert plan.problems == ()


# --- Nothing is handed in ----------------------------------------------------------


def test_its_date_is_the_same_for_everybody(exam: Assignment, student: User) -> None:
    AccommodationFactory.create(course=exam.course, student=student, hours=48)
    enter(exam, student, "60")
    assert deadline_for(exam, student).results_wait_until == exam.due_at
    # The page and the querysets follow the same date.
    assert student_mark(release(exam), student, timezone.now()) is not None
    assert Mark.objects.visible_to(student).exists()


def test_no_deadline_can_be_extended(exam: Assignment, student: User) -> None:
    with pytest.raises(ExtensionRefusedError, match="no deadline to extend"):
        grant_extension(
            actor=lecturer_of(exam),
            assignment=exam,
            student=student,
            due_at=hours(24),
            reason="Ill.",
        )
    with pytest.raises(RequestRefusedError, match="no deadline to extend"):
        ask_for_extension(
            actor=student, assignment=exam, wished_due_at=hours(24), reason="Ill."
        )


def test_it_takes_no_work(exam: Assignment, student: User) -> None:
    Assignment.objects.update(due_at=hours(5))
    with pytest.raises(SubmissionRefusedError, match="nothing_to_hand_in"):
        accept_files(actor=student, assignment=exam, files=[])
