"""Lateness is monotone, an extension never harms, and one second late is late."""

import datetime as dt
import zoneinfo
from typing import TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.deadlines import (
    Deadline,
    deadline,
    deadline_for,
    is_late,
    is_open,
)
from tests.factories import AssignmentFactory, ExtensionFactory, UserFactory, hours

SECOND = dt.timedelta(seconds=1)
LONDON = zoneinfo.ZoneInfo("Europe/London")
ZONES = st.sampled_from(["UTC", "Europe/London", "Asia/Tokyo", "America/New_York"])


def moments() -> st.SearchStrategy[dt.datetime]:
    """Return whole seconds of some years in many zones, as deadlines are set."""
    return st.builds(
        lambda at, zone: at.replace(microsecond=0, tzinfo=dt.UTC).astimezone(
            zoneinfo.ZoneInfo(zone)
        ),
        st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2035, 1, 1)),  # noqa: DTZ001
        ZONES,
    )


def any_time() -> st.SearchStrategy[dt.datetime]:
    """Return any moment of those years, as work arrives."""
    fractions = st.integers(0, 999_999)
    return st.builds(
        lambda at, part: at.replace(microsecond=part), moments(), fractions
    )


class Rule(TypedDict):
    """The deadline settings of a lecturer."""

    due_at: dt.datetime
    closes_at: dt.datetime | None


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Draw a deadline, perhaps with a later close, as the database allows them."""
    due = draw(moments())
    span = st.none() | st.timedeltas(dt.timedelta(0), dt.timedelta(days=60))
    later = draw(span)
    return {"due_at": due, "closes_at": None if later is None else due + later}


@given(rules(), any_time(), any_time())
def test_work_once_late_is_late_at_every_later_time(
    rule: Rule, one: dt.datetime, other: dt.datetime
) -> None:
    own = deadline(**rule)
    earlier, later = sorted([one, other])
    assert is_late(own, earlier) <= is_late(own, later)
    assert is_open(own, earlier) >= is_open(own, later)


@given(rules(), moments(), any_time())
def test_extension_never_makes_work_late(
    rule: Rule, extended_to: dt.datetime, at: dt.datetime
) -> None:
    common = deadline(**rule)
    own = deadline(**rule, extended_to=extended_to)
    assert is_late(own, at) <= is_late(common, at)
    assert is_open(own, at) >= is_open(common, at)


@given(rules(), st.none() | moments())
def test_work_that_is_on_time_is_always_accepted(
    rule: Rule, extended_to: dt.datetime | None
) -> None:
    own = deadline(**rule, extended_to=extended_to)
    assert own.due_at <= own.closes_at
    assert not is_late(own, own.due_at)
    assert is_open(own, own.due_at)
    assert is_late(own, own.due_at + SECOND)
    assert not is_open(own, own.closes_at.replace(microsecond=0) + SECOND)


@given(rules(), any_time(), ZONES)
def test_zone_in_which_a_time_is_written_does_not_matter(
    rule: Rule, at: dt.datetime, zone: str
) -> None:
    own = deadline(**rule)
    elsewhere = at.astimezone(zoneinfo.ZoneInfo(zone))
    assert is_late(own, at) == is_late(own, elsewhere)


def test_the_second_of_the_deadline_is_on_time_and_the_next_is_late() -> None:
    due = dt.datetime(2027, 1, 25, 16, tzinfo=dt.UTC)
    own = deadline(due_at=due, closes_at=None)
    assert not is_late(own, due + dt.timedelta(microseconds=999_999))
    assert is_late(own, due + SECOND)
    assert not is_open(own, due + SECOND)


def test_in_an_hour_that_comes_twice_the_real_time_decides() -> None:
    # On 31 October 2027 clocks in London go back from 02:00 to 01:00.
    due = dt.datetime(2027, 10, 31, 1, 30, tzinfo=LONDON)
    own = deadline(due_at=due, closes_at=None)
    second_time = dt.datetime(2027, 10, 31, 1, 0, fold=1, tzinfo=LONDON)
    assert is_late(own, second_time.astimezone(dt.UTC))
    assert not is_late(own, dt.datetime(2027, 10, 31, 0, 30, tzinfo=dt.UTC))


def test_hour_that_is_skipped_makes_nobody_late() -> None:
    # On 28 March 2027 clocks go forward from 01:00 to 02:00.
    due = dt.datetime(2027, 3, 28, 2, 0, tzinfo=LONDON)
    own = deadline(due_at=due, closes_at=None)
    assert not is_late(own, dt.datetime(2027, 3, 28, 1, 0, tzinfo=dt.UTC))
    assert is_late(own, dt.datetime(2027, 3, 28, 1, 0, 1, tzinfo=dt.UTC))


def test_deadline_is_a_plain_value() -> None:
    due, closes = hours(1), hours(2)
    own = deadline(due_at=due, closes_at=closes)
    assert own == Deadline(due_at=due, late_after=due, closes_at=closes)


def test_work_within_the_grace_is_on_time_and_accepted() -> None:
    due = dt.datetime(2025, 1, 31, 18, 0, tzinfo=LONDON)
    own = deadline(due_at=due, closes_at=None, grace_minutes=60)
    assert own.due_at == due
    assert not is_late(own, due + dt.timedelta(minutes=60))
    assert is_open(own, due + dt.timedelta(minutes=60))
    assert is_late(own, due + dt.timedelta(minutes=60, seconds=1))
    assert not is_open(own, due + dt.timedelta(minutes=60, seconds=1))


def test_grace_is_not_in_what_students_see() -> None:
    due = dt.datetime(2025, 1, 31, 18, 0, tzinfo=LONDON)
    own = deadline(due_at=due, closes_at=None, grace_minutes=60)
    assert own.stated_closes_at == due
    later = due + dt.timedelta(days=14)
    late = deadline(due_at=due, closes_at=later, grace_minutes=60)
    assert late.stated_closes_at == late.closes_at == later


def test_grace_is_added_to_an_extension_too() -> None:
    due = dt.datetime(2025, 1, 31, 18, 0, tzinfo=LONDON)
    later = due + dt.timedelta(days=7)
    own = deadline(due_at=due, closes_at=None, extended_to=later, grace_minutes=60)
    assert own.late_after == later + dt.timedelta(hours=1)


@pytest.mark.django_db
def test_own_extension_is_found_and_nobody_elses() -> None:
    assignment = AssignmentFactory.create(due_at=hours(1))
    extension = ExtensionFactory.create(assignment=assignment, due_at=hours(9))
    assert deadline_for(assignment, extension.student).due_at == extension.due_at
    assert deadline_for(assignment, UserFactory.create()).due_at == assignment.due_at


@pytest.mark.django_db
def test_extension_for_another_assignment_changes_nothing() -> None:
    extension = ExtensionFactory.create(due_at=hours(900))
    assignment = AssignmentFactory.create(course=extension.assignment.course)
    own = deadline_for(assignment, extension.student)
    assert own.due_at == assignment.due_at
