"""Extra time never harms, is counted in real time, and the later of two dates holds."""

import datetime as dt
import zoneinfo

from hypothesis import given
from hypothesis import strategies as st

from courses.deadlines import deadline_of
from courses.extra_time import ExtraTime, accommodated_due
from courses.extra_time_words import extra_time_words
from courses.models import Assignment, Course

HOUR = dt.timedelta(hours=1)
LONDON = zoneinfo.ZoneInfo("Europe/London")
OUT = dt.datetime(2027, 3, 1, 9, tzinfo=dt.UTC)
DUE = OUT + 100 * HOUR
MOMENTS = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2035, 1, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=dt.UTC)
)


def work(**values: object) -> Assignment:
    return Assignment(course=Course(), release_at=OUT, due_at=DUE, **values)


@given(st.none() | MOMENTS, MOMENTS, st.integers(0, 720), st.integers(0, 300))
def test_more_extra_time_is_never_an_earlier_deadline(
    release_at: dt.datetime | None, due_at: dt.datetime, hours: int, percent: int
) -> None:
    def due(hours: int, percent: int) -> dt.datetime:
        return accommodated_due(
            release_at=release_at, due_at=due_at, hours=hours, percent=percent
        )

    common = due_at.replace(microsecond=0)
    assert common <= due(hours, 0) <= due(hours + 1, 0)
    assert common <= due(0, percent) <= due(0, percent + 1)


def test_what_extra_time_is_counted_from() -> None:
    # Clocks in London go forward on 28 March 2027: the extra hours are real hours.
    spring = dt.datetime(2027, 3, 27, 19, tzinfo=LONDON)
    cases = [
        ("hours after the deadline", OUT, DUE, 5, 0, DUE + 5 * HOUR),
        ("percent of the time from the release", OUT, DUE, 0, 25, DUE + 25 * HOUR),
        ("minutes are rounded up", OUT, OUT + HOUR, 0, 1, OUT + HOUR * 61 / 60),
        ("no release time", None, DUE, 0, 25, DUE),
        ("released after the deadline", DUE + HOUR, DUE, 0, 25, DUE),
        ("real hours", OUT, spring, 24, 0, spring.astimezone(dt.UTC) + 24 * HOUR),
    ]
    for why, release_at, due_at, hours, percent, expected in cases:
        found = accommodated_due(
            release_at=release_at, due_at=due_at, hours=hours, percent=percent
        )
        assert found == expected, why


def test_the_later_of_extension_and_accommodation_holds() -> None:
    for extended_to, expected in (
        (DUE + 24 * HOUR, DUE + 25 * HOUR),
        (DUE + 26 * HOUR, DUE + 26 * HOUR),
    ):
        both = ExtraTime(extended_to=extended_to, percent=25)
        assert deadline_of(work(), both).due_at == expected
    assert deadline_of(work(), ExtraTime()).due_at == DUE


def test_a_moved_deadline_or_release_moves_the_accommodated_deadline() -> None:
    extra_time = ExtraTime(percent=25)
    moved = work()
    moved.due_at = DUE + 100 * HOUR
    assert deadline_of(moved, extra_time).due_at == DUE + 150 * HOUR
    moved.release_at = OUT + 100 * HOUR
    assert deadline_of(moved, extra_time).due_at == DUE + 125 * HOUR


def test_students_read_what_they_have_and_from_when_to_when_it_counts() -> None:
    both = ExtraTime(extended_to=DUE + 2 * HOUR, percent=25)
    assert " ".join(extra_time_words(work(), both)) == (
        "You have an extension until Fri 5 Mar 2027, 15:00 GMT. "
        "You have an accommodation in this course: 25 % more time, counted from Mon 1 "
        "Mar 2027, 09:00 GMT to Fri 5 Mar 2027, 13:00 GMT. That is until Sat 6 Mar "
        "2027, 14:00 GMT. The later date holds."
    )
    (only,) = extra_time_words(work(), ExtraTime(hours=1))
    assert "1 hour more, counted from Fri 5 Mar 2027, 13:00 GMT" in only
    assert extra_time_words(work(), ExtraTime()) == []
