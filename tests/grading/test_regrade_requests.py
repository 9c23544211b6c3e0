"""Regrade requests: who may ask, until when, how often, and what an answer changes."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from courses.models import Assignment
from courses.pages.todo import todo_items
from grading.models import Mark, MarkerAllocation, RegradeRequest, Stage
from grading.services.mark_adjustment import AdjustmentRefusedError, adjust_mark
from grading.services.marking import (
    GivenMarking,
    MarkingConflictError,
    save_marking,
)
from grading.services.regrade_mails import mail_due_regrade_answers
from grading.services.regrade_requests import (
    MarkedAgain,
    RegradeRequestClosedError,
    RegradeRequestRefusedError,
    answer_regrade_request,
    ask_for_regrade,
    withdraw_regrade_request,
)
from tests.factories import (
    AccommodationFactory,
    EnrolmentFactory,
    ExtensionFactory,
    ExtensionRequestFactory,
    GradingRunFactory,
    OpenedAttemptFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.feedback_world import KEY, FeedbackWorld, feedback_world

pytestmark = pytest.mark.django_db
State = RegradeRequest.State


@pytest.fixture
def world() -> FeedbackWorld:
    world = feedback_world()
    world.mark(world.run, "Clear", "Wrong sign", cell_comments={1: "Here."})
    world.release()
    return world


def ask(world: FeedbackWorld, key: str = KEY) -> RegradeRequest:
    return ask_for_regrade(
        actor=world.student,
        assignment=Assignment.objects.get(),
        key=key,
        reason="The sign is right.",
    )


def refusal(world: FeedbackWorld, key: str = KEY) -> str:
    with pytest.raises(RegradeRequestRefusedError) as refused:
        ask(world, key)
    return str(refused.value)


def final_points(world: FeedbackWorld) -> Decimal:
    return Mark.objects.get(student=world.student).points.final


def test_asking_is_for_the_window_the_question_and_the_limit(
    world: FeedbackWorld, subtests: pytest.Subtests
) -> None:
    cases = (
        ({"regrades_until": None}, "takes no regrade requests"),
        ({"regrades_until": hours(-1)}, "were taken until"),
        ({"marks_released_at": hours(1)}, "not released"),
        ({"marks_released_at": None}, "not released"),
        ({"closes_at": hours(1)}, "not released"),
        ({"regrade_limit": 0}, "0 of 0"),
    )
    stored: dict[str, object] = dict(Assignment.objects.values().get())
    for changes, words in cases:
        with subtests.test(words=words, changes=changes):
            Assignment.objects.update(**changes)
            assert words in refusal(world)
            Assignment.objects.update(**{key: stored[key] for key in changes})
    assert "no such question" in refusal(world, "other")
    row = ask(world)
    assert row.points_before == 3
    assert row.submission == world.run.work
    assert "an open request" in refusal(world)
    # A withdrawn request takes nothing of the limit, an answered one does.
    withdraw_regrade_request(actor=world.student, request=row)
    Assignment.objects.update(regrade_limit=1)
    answer_regrade_request(actor=world.marker, request=ask(world), answer="No.")
    assert "1 of 1" in refusal(world)
    with pytest.raises(PermissionDenied):
        ask_for_regrade(
            actor=world.marker, assignment=world.assignment, key=KEY, reason="x"
        )


def test_a_question_that_waits_for_a_marker_cannot_be_asked_about() -> None:
    world = feedback_world()
    world.release()
    assert "Nobody has marked" in refusal(world)


def test_a_question_is_marked_again_with_its_history(world: FeedbackWorld) -> None:
    row = ask(world)
    given = GivenMarking(
        items=frozenset([world.items["Clear"].pk]), cell_comments={1: "Here."}
    )
    with pytest.raises(MarkingConflictError):
        answer_regrade_request(
            actor=world.marker,
            request=row,
            answer="You are right.",
            again=MarkedAgain(given=given, version=7),
        )
    answer_regrade_request(
        actor=world.marker,
        request=row,
        answer="You are right.",
        again=MarkedAgain(given=given, version=1),
    )
    row.refresh_from_db()
    assert row.state == State.CHANGED
    assert [row.points_before, row.points_after] == [3, 4]
    assert final_points(world) == 6
    marking = world.rubric.markings.get()
    assert marking.changes.first().reason == "Regrade request."  # type: ignore[union-attr]
    change = Mark.objects.get(student=world.student).changes.all()[0]
    assert "3.00 → 4.00. Regrade request." in change.reason
    with pytest.raises(RegradeRequestClosedError):
        answer_regrade_request(actor=world.marker, request=row, answer="Again.")
    with pytest.raises(RegradeRequestClosedError):
        withdraw_regrade_request(actor=world.student, request=row)


def test_what_two_people_have_marked_gets_an_agreed_marking(
    world: FeedbackWorld,
) -> None:
    second = replace(world.target(world.run), stage=Stage.SECOND)
    given = GivenMarking(items=frozenset([world.items["Wrong sign"].pk]))
    Assignment.objects.update(agreed_above=3)
    save_marking(actor=world.marker, target=second, given=given, version=0)
    row = ask(world)
    again = MarkedAgain(given=GivenMarking(adjustment=Decimal(9)), version=1)
    answer_regrade_request(
        actor=world.lecturer, request=row, answer="Yes.", again=again
    )
    assert final_points(world) == 11
    assert world.rubric.markings.filter(stage=Stage.AGREED).count() == 1
    row.refresh_from_db()
    assert row.points_after == 9


def test_an_automatic_question_changes_the_adjustment_of_the_mark(
    world: FeedbackWorld,
) -> None:
    row = ask(world, "answer")
    with pytest.raises(RegradeRequestRefusedError, match="from 0 to 2"):
        answer_regrade_request(
            actor=world.marker,
            request=row,
            answer="More than all.",
            again=MarkedAgain(by=Decimal("0.5")),
        )
    answer_regrade_request(
        actor=world.marker,
        request=row,
        answer="The test was wrong.",
        again=MarkedAgain(by=Decimal("-0.5")),
    )
    row.refresh_from_db()
    assert row.state == State.CHANGED
    assert row.points_before == 2
    assert row.points_after == Decimal("1.5")
    mark = Mark.objects.get(student=world.student)
    assert (mark.adjustment, mark.final_points) == (Decimal("-0.5"), Decimal("4.5"))
    assert "The test was wrong." in mark.changes.all()[0].reason
    for by, reason in ((Decimal("0.001"), "x"), (Decimal(1), " ")):
        with pytest.raises(AdjustmentRefusedError):
            adjust_mark(
                actor=world.marker,
                assignment=world.assignment,
                student=world.student,
                by=by,
                reason=reason,
            )


def test_an_answer_gives_only_what_the_question_takes(world: FeedbackWorld) -> None:
    by_hand, by_checks = ask(world), ask(world, "answer")
    marking = world.rubric.markings.get()
    given = GivenMarking(adjustment=Decimal(1))

    def refused(row: RegradeRequest, again: MarkedAgain | None) -> str:
        with pytest.raises(RegradeRequestRefusedError) as found:
            answer_regrade_request(
                actor=world.marker, request=row, answer="Yes.", again=again
            )
        return str(found.value)

    points = MarkedAgain(by=Decimal(2))
    assert "only where checks" in refused(by_hand, points)
    assert "No rubric" in refused(by_checks, MarkedAgain(given=given, version=1))
    assert "has 2 of 2 points" in refused(by_checks, MarkedAgain(by=Decimal(-50)))
    type(marking).objects.update(is_finished=False)
    assert "waits for a marker" in refused(by_hand, None)
    # Another attempt counts.
    later = SubmissionFactory.create(
        assignment=world.assignment, author=world.student, attempt=2
    )
    GradingRunFactory.create(submission=later, finished=True, automatic_points=1)
    assert "only where checks" in refused(by_checks, points)
    assert Mark.objects.get(student=world.student).adjustment == 0


def test_only_who_may_mark_the_question_answers(world: FeedbackWorld) -> None:
    row = ask(world)
    Assignment.objects.update(markers_see_own_only=True)
    assert not RegradeRequest.objects.visible_to(world.marker).exists()
    with pytest.raises(PermissionDenied):
        answer_regrade_request(actor=world.marker, request=row, answer="No.")
    MarkerAllocation.objects.create(
        assignment=world.assignment, marker=world.marker, key=KEY
    )
    assert RegradeRequest.objects.visible_to(world.marker).get() == row
    answer_regrade_request(actor=world.marker, request=row, answer="No.")
    classmate = EnrolmentFactory.create(course=world.assignment.course).user
    for person, seen in (
        (world.student, 1),
        (world.lecturer, 1),
        (classmate, 0),
        (EnrolmentFactory.create(lecturer=True).user, 0),
    ):
        assert RegradeRequest.objects.visible_to(person).count() == seen
    with pytest.raises(PermissionDenied):
        answer_regrade_request(actor=classmate, request=ask(world), answer="Yes.")


def test_answer_is_mailed_once_and_only_while_marks_are_released(
    world: FeedbackWorld,
) -> None:
    now = timezone.now() + dt.timedelta(seconds=1)
    answer_regrade_request(actor=world.marker, request=ask(world), answer="It stays.")
    assert mail_due_regrade_answers(now=now) == 1
    assert mail_due_regrade_answers(now=now) == 0
    (sent,) = mail.outbox
    assert sent.to == [world.student.email]
    assert "It stays." in sent.body
    assert "In words" in sent.body
    assert f"/feedback/#question-{KEY}" in sent.body
    assert world.marker.name not in sent.body
    answer_regrade_request(actor=world.marker, request=ask(world), answer="Again.")
    Assignment.objects.update(marks_released_at=None)
    assert mail_due_regrade_answers(now=now) == 0
    assert not RegradeRequest.objects.visible_to(world.student).exists()


def test_no_answer_is_seen_while_the_student_may_still_hand_in(
    world: FeedbackWorld, subtests: pytest.Subtests
) -> None:
    ask(world)
    # Of this mark, the student may know from the release on only.
    assignment, student = Assignment.objects.get(), world.student
    late = EnrolmentFactory.create(course=assignment.course).user
    Mark.objects.create(assignment=assignment, student=late)
    own = {"assignment": assignment}

    def seen() -> tuple[int, int]:
        requests = RegradeRequest.objects.visible_to(student)
        return requests.count(), Mark.objects.visible_to(late).count()

    assert seen() == (1, 1)
    for changes in ({"closes_at": hours(1)}, {"grace_minutes": 150}):
        with subtests.test(changes=changes):
            Assignment.objects.update(**changes)
            assert seen() == (0, 0)
            Assignment.objects.update(closes_at=hours(-2), grace_minutes=0)
    asked: dict[str, object] = {"wished_due_at": hours(-1)}
    opened: dict[str, object] = {"opened_at": hours(-3), "expires_at": hours(1)}
    for factory, whose, fields, count in (
        (ExtensionFactory, "student", own | {"due_at": hours(3)}, 0),
        (
            AccommodationFactory,
            "student",
            {"course": assignment.course, "hours": 3},
            0,
        ),
        (OpenedAttemptFactory, "author", own | opened, 0),
        (ExtensionRequestFactory, "student", own | asked | {"made_at": hours(-3)}, 0),
        # Who asks after the close is not waited for.
        (ExtensionRequestFactory, "student", own | asked | {"made_at": hours(-1)}, 1),
    ):
        with subtests.test(factory=factory.__name__, count=count):
            added = [
                factory.create(**fields, **{whose: person})
                for person in (student, late)
            ]
            assert seen() == (count, count)
            for row in added:
                type(row).objects.filter(pk=row.pk).delete()


def test_staff_have_open_requests_on_their_list(world: FeedbackWorld) -> None:
    course = world.assignment.course
    ask(world)
    ask(world, "answer")
    (item,) = [
        each for each in todo_items(course, timezone.now()) if "regrade" in each.title
    ]
    assert item.title == "2 open regrade requests"
    assert item.rows[0].label == world.assignment.title
    assert item.rows[0].address.endswith("/staff/regrade-requests/")
