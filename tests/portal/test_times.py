"""Times are in the course's zone, which is named, with how far away they are."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone
from django.utils.formats import localize

from courses.models import Course, Session
from portal.templatetags.softmark import (
    course_day,
    course_time,
    relative,
    relative_words,
    session_time,
)

LONDON = Course(time_zone="Europe/London")
WINTER = dt.datetime(2027, 1, 31, 19, 0, tzinfo=dt.UTC)
SUMMER = dt.datetime(2027, 6, 4, 18, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def in_2027() -> object:
    with time_machine.travel(dt.datetime(2027, 1, 29, 19, 30, tzinfo=dt.UTC)):
        yield


def test_winter_time_is_gmt() -> None:
    assert ">Sun 31 Jan, 19:00 GMT</time>" in course_time(WINTER, LONDON)


def test_summer_time_is_bst_an_hour_later() -> None:
    html = course_time(SUMMER, LONDON)
    assert ">Fri 4 Jun, 19:00 BST</time>" in html
    assert 'datetime="2027-06-04T19:00:00+01:00"' in html


def test_zone_without_letters_is_named_from_utc() -> None:
    assert "23:00 UTC+04" in course_time(WINTER, Course(time_zone="Asia/Dubai"))


def test_same_moment_is_shown_in_each_course_s_zone() -> None:
    dubai = Course(time_zone="Asia/Dubai")
    session = Session(starts_at=WINTER, ends_at=WINTER + dt.timedelta(hours=1))
    for course, hour in ((LONDON, "19:00"), (dubai, "23:00"), (LONDON, "19:00")):
        there = WINTER.astimezone(course.tz)
        assert f", {hour} " in course_time(there, course)
        assert f", {hour}" in session_time(session, course)


def test_another_year_is_shown() -> None:
    html = course_time(WINTER.replace(year=2028), LONDON)
    assert "Mon 31 Jan 2028, 19:00 GMT" in html


def test_year_is_the_course_zones_year() -> None:
    new_year = dt.datetime(2026, 12, 31, 20, 0, tzinfo=dt.UTC)
    assert "Fri 1 Jan, 00:00" in course_time(new_year, Course(time_zone="Asia/Dubai"))


def test_date_and_time_can_be_written_alone() -> None:
    assert ">Fri 4 Jun</time>" in course_time(SUMMER, LONDON, "date")
    assert ">19:00 BST</time>" in course_time(SUMMER, LONDON, "clock")


def test_calendar_leaf_shows_day_and_month() -> None:
    assert course_day(SUMMER, LONDON) == "<strong>4</strong><span>Jun</span>"


def test_a_missing_time_is_a_dash() -> None:
    assert course_time(None, LONDON) == relative(None) == "\N{EN DASH}"


def test_relative_time_never_exceeds_the_time_left() -> None:
    at = timezone.now() + dt.timedelta(hours=3, minutes=59)
    assert ">in 3 hours</time>" in relative(at)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "in a moment"),
        (-20, "just now"),
        (60, "in 1 minute"),
        (-119, "1 minute ago"),
        (5399, "in 89 minutes"),
        (5400, "in 1 hour"),
        (2 * 86400, "in 2 days"),
        (-20 * 86400, "20 days ago"),
        (21 * 86400, "in 3 weeks"),
        (90 * 86400, "in 2 months"),
        (-800 * 86400, "2 years ago"),
    ],
)
def test_relative_time_has_the_right_words(seconds: float, words: str) -> None:
    assert relative_words(seconds) == words


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        # It is Friday 29 January, 19:30.
        (4 * 24 + 23, "in 5 days"),
        (4 * 24 + 5, "in 5 days"),
        (4 * 24 + 4, "in 4 days"),
        (3 * 24 + 5, "in 4 days"),
        (4.1, "in 4 hours"),
        (5.9, "in 5 hours"),
        (6.1, "tomorrow"),
        (28, "tomorrow"),
        (28.6, "in 2 days"),
        (-6, "6 hours ago"),
        (-20, "yesterday"),
        (48.1, "in 2 days"),
        (53, "in 3 days"),
        (-48.1, "2 days ago"),
        (-(4 * 24 + 20), "5 days ago"),
        (27 * 24 + 5, "in 4 weeks"),
    ],
)
def test_relative_days_are_calendar_days(hours: float, words: str) -> None:
    at = timezone.now() + dt.timedelta(hours=hours)
    assert f">{words}</time>" in relative(at, LONDON)


def test_relative_days_are_those_of_the_course_s_zone() -> None:
    at = dt.datetime(2027, 2, 2, 21, tzinfo=dt.UTC)  # in Dubai it is the next day
    assert ">in 4 days<" in relative(at, LONDON)
    assert ">in 5 days<" in relative(at, Course(time_zone="Asia/Dubai"))


def test_admin_writes_times_as_the_pages_do() -> None:
    with timezone.override(LONDON.tz):
        assert localize(timezone.localtime(SUMMER)) == "4 Jun 2027, 19:00 BST"
