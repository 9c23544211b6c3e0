"""Frozen marks and the work behind them: runs, regrades, deadlines, entries, files."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from accounts.actors import SYSTEM
from accounts.models import User
from courses.frozen_marks import MarksFrozenError
from courses.models import Assignment, MarkFreeze
from courses.services.edited_rows import save_assignment
from courses.services.extensions import grant_extension
from formats.choices import LateMode
from grading.models import GradingRun, Mark, MarkChange
from grading.services import (
    confirm_regrade,
    digest_of,
    enqueue_run,
    finish_run,
    preview_regrade,
    start_regrade,
)
from grading.services.board import confirm_proposal, propose_end
from grading.services.entered_marks import MarkEntry, enter_marks
from grading.services.freezing import freeze_marks, preview_end
from grading.services.marks import recompute_mark
from tests.factories import (
    EnrolmentFactory,
    SelfCheckRunFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.fakes import claim_of, job_result
from tests.grading.files_world import hand_in_report, report_assignment, student_of
from tests.grading.pages import signed_in, words
from tests.grading.test_regrades import graded_assignment, work_off

pytestmark = pytest.mark.django_db


def frozen(assignment: Assignment) -> MarkFreeze:
    """Freeze the marks of the assignment's course for two lecturers."""
    people = EnrolmentFactory.create_batch(2, course=assignment.course, lecturer=True)
    return freeze_marks(
        actor=people[0].user,
        course=assignment.course,
        board="Board",
        members=[each.user_id for each in people],
    )


def people_of(freeze: MarkFreeze) -> list[User]:
    return list(freeze.members.order_by("pk"))


def end(freeze: MarkFreeze) -> None:
    one, two = people_of(freeze)
    proposal = propose_end(actor=one, freeze=freeze, reason="Done.")
    confirm_proposal(actor=two, proposal=proposal)


def points(assignment: Assignment) -> list[Decimal | None]:
    return [mark.final_points for mark in assignment.marks.order_by("pk")]


def test_a_run_that_finishes_counts_from_the_end_on() -> None:
    assignment = graded_assignment()
    [before] = points(assignment)
    [first] = GradingRun.objects.all()
    freeze = frozen(assignment)
    again = SubmissionFactory.create(
        assignment=assignment, author=first.work.author, attempt=2
    )
    enqueue_run(actor=SYSTEM, submission=again)
    work_off(1.0)
    run = again.runs.get()
    assert run.is_after_freeze
    assert run.automatic_points
    assert points(assignment) == [before]
    assert len(preview_end(freeze)) == 1
    author = signed_in(first.work.author)
    for url in (assignment.get_absolute_url(), run.get_absolute_url()):
        page = author.get(url)
        assert page.status_code == 200
        assert "Run of attempt 2" in words(page) or url == run.get_absolute_url()
    end(freeze)
    assert points(assignment) == [run.automatic_points]
    assert not GradingRun.objects.filter(is_after_freeze=True).exists()


def test_a_self_check_has_nothing_to_do_with_a_freeze() -> None:
    run = SelfCheckRunFactory.create(running=True)
    assert run.self_check is not None
    freeze = frozen(run.self_check.assignment)
    assert finish_run(claim=claim_of(run), result=job_result())
    run.refresh_from_db()
    assert not run.is_after_freeze
    end(freeze)


def test_files_without_a_notebook_are_taken_and_count_from_the_end_on() -> None:
    assignment = report_assignment()
    student = student_of(assignment)
    freeze = frozen(assignment)
    run = hand_in_report(assignment, student)
    assert run.is_after_freeze
    assert not Mark.objects.filter(assignment=assignment).exists()
    end(freeze)
    assert not GradingRun.objects.filter(is_after_freeze=True).exists()
    assert Mark.objects.get(assignment=assignment).run == run


def test_a_regrade_is_confirmed_after_the_end() -> None:
    assignment = graded_assignment()
    before = points(assignment)
    freeze = frozen(assignment)
    lecturer = people_of(freeze)[0]
    assert assignment.revision is not None
    regrade = start_regrade(
        actor=lecturer,
        assignment=assignment,
        revision=assignment.revision,
        reason="A test was wrong.",
        again=True,
    )
    work_off(1.0)
    seen = digest_of(preview_regrade(regrade))
    with pytest.raises(MarksFrozenError):
        confirm_regrade(actor=lecturer, regrade=regrade, seen=seen)
    assert points(assignment) == before
    regrade.refresh_from_db()
    assert regrade.confirmed_at is None
    end(freeze)
    confirm_regrade(actor=lecturer, regrade=regrade, seen=seen)
    assert points(assignment) != before


def late_work() -> Assignment:
    """Return an assignment with one attempt of full points, two days late."""
    assignment = graded_assignment()
    Assignment.objects.filter(pk=assignment.pk).update(
        due_at=hours(-72), late_mode=LateMode.RAW, late_step=10
    )
    [run] = GradingRun.objects.all()
    GradingRun.objects.update(automatic_points=2)
    run.work.started_at, run.work.received_at = hours(-31), hours(-30)
    run.work.save()
    fresh = Assignment.objects.get(pk=assignment.pk)
    recompute_mark(
        actor=SYSTEM, assignment=fresh, student=run.work.author, reason="late"
    )
    return fresh


def _extend(assignment: Assignment, lecturer: User) -> None:
    student = Mark.objects.get(assignment=assignment).student
    grant_extension(
        actor=lecturer,
        assignment=assignment,
        student=student,
        due_at=hours(-1),
        reason="Ill.",
    )


def _relax(assignment: Assignment, lecturer: User) -> None:
    assignment.late_step = Decimal(5)
    save_assignment(actor=lecturer, assignment=assignment)


def _move(assignment: Assignment, lecturer: User) -> None:
    assignment.due_at = hours(-24)
    save_assignment(actor=lecturer, assignment=assignment)


@pytest.mark.parametrize("change", [_extend, _relax, _move])
def test_what_changes_lateness_is_refused(
    change: Callable[[Assignment, User], None],
) -> None:
    assignment = late_work()
    before, history = points(assignment), MarkChange.objects.count()
    freeze = frozen(assignment)
    with pytest.raises(MarksFrozenError):
        change(assignment, people_of(freeze)[0])
    assert points(Assignment.objects.get(pk=assignment.pk)) == before
    assert MarkChange.objects.count() == history


def test_entered_marks_are_refused() -> None:
    assignment = graded_assignment()
    talk = Assignment.objects.create(
        course=assignment.course,
        slug="talk",
        title="Talk",
        due_at=hours(-5),
        marks_out_of=20,
    )
    student = EnrolmentFactory.create(course=assignment.course).user
    freeze = frozen(assignment)
    entry = MarkEntry(student=student.pk, points=Decimal(12), seen=None)
    with pytest.raises(MarksFrozenError):
        enter_marks(
            actor=people_of(freeze)[0], assignment=talk, entries=[entry], reason=""
        )
    assert not Mark.objects.filter(assignment=talk).exists()
