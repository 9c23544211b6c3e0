"""Before the release, nothing tells a student whether a person has marked their work."""

import re
from decimal import Decimal

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment, RubricItem
from formats.choices import Counting
from gradebook.pages.marks import marks_page
from grading.models import Mark, Standing
from grading.pages.assignment import assignment_page
from grading.services.mark_standing import set_standing
from grading.services.marking import GivenMarking, MarkingTarget, save_marking
from grading.services.releasing import take_back_release
from grading.services.visibility import student_mark
from grading.states import State
from tests.api.asking import ROOT, rows, session_of
from tests.api.test_leaks import PERSONAL_LISTS
from tests.factories import EnrolmentFactory, GradingRunFactory, SubmissionFactory
from tests.grading.feedback_world import FeedbackWorld, feedback_world

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def known(world: FeedbackWorld, student: User) -> object:
    """Return all that tells the student which work counts, or that a mark exists."""
    now, assignment = timezone.now(), Assignment.objects.get()
    page = assignment_page(user=student, assignment=assignment, now=now)
    (row,) = marks_page(user=student, course=assignment.course, now=now).rows
    return (
        [(each.submission.attempt, each.counts, each.bar) for each in page.attempts],
        (row.shown, row.counting, row.parts),
        student_mark(assignment, student, now),
        rows(student, "marks/"),
    )


@pytest.mark.parametrize("counting", [Counting.LATEST, Counting.BEST])
def test_marking_an_attempt_without_a_result(counting: Counting) -> None:
    """Such an attempt counts only once it is marked."""
    world = feedback_world()
    Assignment.objects.update(counting=counting)
    newcomer = EnrolmentFactory.create(course=world.assignment.course).user
    # Of two attempts, the best one is not named before the release anyway.
    both = [world.student, newcomer]
    for student in both if counting == Counting.LATEST else [newcomer]:
        run = GradingRunFactory.create(
            submission=SubmissionFactory.create(
                assignment=world.assignment, author=student, notebook=False
            ),
            state=State.CANCELLED,
            finished_at=timezone.now(),
        )
        before = known(world, student)
        world.mark(run, "Clear")
        assert known(world, student) == before
    world.release()
    assert student_mark(Assignment.objects.get(), newcomer, timezone.now())
    assert rows(newcomer, "marks/")


def test_marking_or_deciding_for_a_student_without_work() -> None:
    world = feedback_world(0)
    student = EnrolmentFactory.create(course=world.assignment.course).user
    before = known(world, student)
    save_marking(
        actor=world.marker,
        target=MarkingTarget(rubric=world.rubric, student=student),
        given=GivenMarking(items=frozenset([world.items["Clear"].pk])),
        version=0,
    )
    assert known(world, student) == before
    set_standing(
        actor=world.marker,
        assignment=world.assignment,
        student=student,
        standing=Standing.EXCUSED,
        reason="Ill.",
    )
    assert known(world, student) == before
    assert Mark.objects.visible_to(world.marker).exists()
    assert not Mark.objects.visible_to(student).exists()


def test_no_list_or_page_has_a_word_of_a_marking_that_is_not_the_readers() -> None:
    world = feedback_world()
    classmate = EnrolmentFactory.create(course=world.assignment.course).user
    RubricItem.objects.filter(text="Clear").update(text="canary-item")
    world.mark(
        world.run,
        "Clear",
        comment="canary-comment",
        adjustment=Decimal("0.77"),
        cell_comments={1: "canary-cell"},
    )
    of_work = [world.assignment.course.slug, world.assignment.slug]
    paths = [
        *(f"{ROOT}{path}" for path in (*PERSONAL_LISTS, "assignments/", "changes/")),
        f"{ROOT}runs/{world.run.pk}/",
        f"{ROOT}submissions/{world.run.submission_id}/",
        *(
            reverse(f"grading:{name}", args=of_work)
            for name in ("feedback", "feedback-file")
        ),
    ]

    def found(person: User) -> set[str]:
        client = session_of(person)
        answers = [client.get(path).content.decode() for path in paths]
        return set(re.findall(r"canary-\w+|\b4\.77\b", " ".join(answers)))

    assert found(world.student) == set()
    world.release()
    everything = {"canary-item", "canary-comment", "canary-cell", "4.77"}
    assert found(world.student) == everything
    assert found(classmate) == set()
    take_back_release(
        actor=world.lecturer, assignment=world.assignment, reason="A wrong key."
    )
    paths = [path for path in paths if "feedback" in path]
    assert found(world.student) == set()
    assert not mail.outbox
