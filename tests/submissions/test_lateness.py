"""Lateness follows from the present deadline: one rule in Python and in SQL."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from courses.deadlines import deadline_for
from courses.models import Assignment
from submissions.models import Submission
from tests.factories import (
    AccommodationFactory,
    AssignmentFactory,
    ExtensionFactory,
    SubmissionFactory,
)

pytestmark = pytest.mark.django_db
DUE = dt.datetime(2027, 6, 4, 18, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def received(
    after: dt.timedelta, *, due_at: dt.datetime = DUE, grace_minutes: int = 0
) -> Submission:
    """Return work received so long after the common deadline."""
    assignment = AssignmentFactory.create(due_at=due_at, grace_minutes=grace_minutes)
    return SubmissionFactory.create(
        assignment=assignment, started_at=due_at - DAY, received_at=due_at + after
    )


def extend(submission: Submission, by: dt.timedelta) -> None:
    ExtensionFactory.create(
        assignment=submission.assignment, student=submission.author, due_at=DUE + by
    )


def is_late(submission: Submission) -> bool:
    """Return the row's lateness, on which every query must agree."""
    rows = Submission.objects.filter(pk=submission.pk)
    alone, listed = (
        rows.get(),
        rows.with_extra_time().select_related("assignment").get(),
    )
    said = {alone.is_late, listed.is_late, rows.late().exists()}
    said.add(not rows.late(is_late=False).exists())
    assert len(said) == 1
    return said.pop()


@pytest.mark.parametrize(
    ("microseconds", "late"), [(-1, False), (0, False), (999_999, False), (10**6, True)]
)
def test_the_second_of_the_deadline_is_on_time(
    microseconds: int,
    late: bool,  # noqa: FBT001  parametrised
) -> None:
    assert is_late(received(dt.timedelta(microseconds=microseconds))) == late


@pytest.mark.parametrize("fraction", [0, 1, 500_000, 999_999])
def test_a_deadline_with_microseconds_gives_the_same_answer(fraction: int) -> None:
    due_at = DUE.replace(microsecond=fraction)
    for after in (0, 1, 500_000, 999_999, 1_000_000, 1_500_000):
        is_late(received(dt.timedelta(microseconds=after), due_at=due_at))


def test_an_extension_granted_afterwards_makes_late_work_on_time() -> None:
    submission = received(DAY)
    assert is_late(submission)
    extend(submission, by=2 * DAY)
    assert not is_late(submission)


def test_an_extension_moved_or_withdrawn_makes_it_late_again() -> None:
    submission = received(2 * DAY)
    extend(submission, by=2 * DAY)
    assert not is_late(submission)
    submission.assignment.extensions.update(due_at=DUE + DAY)
    assert is_late(submission)
    submission.assignment.extensions.all().delete()
    assert is_late(submission)


def test_an_extension_of_somebody_else_changes_nothing() -> None:
    submission = received(DAY)
    ExtensionFactory.create(assignment=submission.assignment, due_at=DUE + 2 * DAY)
    assert is_late(submission)


def test_an_extension_before_the_common_deadline_has_no_effect() -> None:
    submission = received(-DAY)
    extend(submission, by=-2 * DAY)
    assert not is_late(submission)


def test_lateness_follows_the_moved_common_deadline() -> None:
    submission = received(DAY)
    Assignment.objects.update(due_at=DUE + 2 * DAY)
    assert not is_late(submission)
    Assignment.objects.update(due_at=DUE)
    assert is_late(submission)


def test_lateness_follows_a_changed_grace() -> None:
    submission = received(dt.timedelta(minutes=7))
    assert is_late(submission)
    Assignment.objects.update(grace_minutes=7)
    assert not is_late(submission)
    Assignment.objects.update(grace_minutes=6)
    assert is_late(submission)


def test_grace_is_added_to_an_extension_too() -> None:
    submission = received(DAY + dt.timedelta(minutes=7), grace_minutes=7)
    extend(submission, by=DAY)
    assert not is_late(submission)


@pytest.mark.parametrize(("hours", "percent"), [(30, 0), (0, 15), (0, 33)])
def test_an_accommodation_is_the_same_in_python_and_in_sql(
    hours: int, percent: int
) -> None:
    submission = received(DAY)
    assignment = submission.assignment
    # A week and some seconds, so that a percentage must be rounded.
    assignment.release_at = DUE - 7 * DAY - dt.timedelta(seconds=17, microseconds=5)
    assignment.save()
    AccommodationFactory.create(
        course=assignment.course,
        student=submission.author,
        hours=hours,
        percent=percent,
    )
    assert not is_late(submission)
    own = deadline_for(assignment, submission.author)
    for seconds, late in ((0, False), (1, True)):
        at = own.due_at + dt.timedelta(seconds=seconds)
        Submission.objects.update(received_at=at)
        assert is_late(submission) == late
    extend(submission, by=20 * DAY)
    assert not is_late(submission)
    Assignment.objects.update(release_at=None)
    assert not is_late(submission)


def test_admin_lists_and_filters_by_the_present_deadline(
    admin_client: Client,
) -> None:
    submission = received(DAY)
    for deadline, late in ((DUE, True), (DUE + 2 * DAY, False)):
        Assignment.objects.update(due_at=deadline)
        for wanted in ("1", "0"):
            path = reverse("admin:submissions_submission_changelist")
            found = admin_client.get(path, {"late": wanted}).context["cl"].result_list
            assert (submission in found) == (wanted == ("1" if late else "0"))
