"""Which week is open, where a deadline is shown, and its stage."""

import datetime as dt

import pytest

from courses.deadlines import deadline
from courses.models import Assignment, Course, Material, Week
from courses.pages.course import Tense, is_shown_in_week, tense_of, week_to_open
from courses.pages.due_assignments import DueAssignment, Stage, stage_of
from courses.pages.material_items import MaterialItem, group_by_use
from courses.release_times import is_released
from formats.choices import MaterialKind

MONDAY = dt.date(2027, 1, 18)
NOW = dt.datetime(2027, 1, 20, 12, 0, tzinfo=dt.UTC)
COURSE = Course(time_zone="Europe/London")
WEEKS = [
    Week(number=n, starts_on=MONDAY + dt.timedelta(weeks=n - 3)) for n in range(2, 6)
]


def in_days(days: float) -> dt.datetime:
    return NOW + dt.timedelta(days=days)


def due(release: float, due: float, week: Week | None = None) -> DueAssignment:
    assignment = Assignment(release_at=in_days(release), due_at=in_days(due), week=week)
    own = deadline(due_at=assignment.due_at, closes_at=None)
    return DueAssignment(
        assignment=assignment, deadline=own, stage=Stage.OPEN, is_extended=False
    )


@pytest.mark.parametrize(
    ("release", "due_in", "closes_in", "stage"),
    [
        (None, 5, None, Stage.HIDDEN),
        (1, 5, None, Stage.HIDDEN),
        (-1, 5, None, Stage.OPEN),
        (-1, 3, None, Stage.SOON),
        (-1, -1, 2, Stage.LATE),
        (-1, -1, None, Stage.CLOSED),
        (-9, -8, -1, Stage.CLOSED),
    ],
)
def test_stage_of_a_deadline_follows_from_the_time(
    release: int | None, due_in: int, closes_in: int | None, stage: Stage
) -> None:
    assignment = Assignment(release_at=None if release is None else in_days(release))
    own = deadline(
        due_at=in_days(due_in),
        closes_at=None if closes_in is None else in_days(closes_in),
    )
    assert stage_of(assignment, own, NOW) == stage


def test_work_within_a_grace_is_overdue_and_not_due_soon() -> None:
    assignment = Assignment(release_at=in_days(-1))
    own = deadline(due_at=NOW, closes_at=None, grace_minutes=60)
    hour = dt.timedelta(hours=1)
    moments = (dt.timedelta(), dt.timedelta(seconds=1), hour, hour * 2)
    found = [stage_of(assignment, own, NOW + after) for after in moments]
    assert found == [Stage.SOON, Stage.OVERDUE, Stage.OVERDUE, Stage.CLOSED]


def test_item_is_hidden_until_its_release() -> None:
    assert not is_released(None, NOW)
    assert not is_released(in_days(0.01), NOW)
    assert is_released(NOW, NOW)


def test_week_is_past_present_or_future() -> None:
    today = NOW.date()
    tenses = [tense_of(week, today) for week in WEEKS]
    assert tenses == [Tense.PAST, Tense.NOW, Tense.FUTURE, Tense.FUTURE]
    assert tense_of(WEEKS[1], MONDAY + dt.timedelta(days=6)) == Tense.NOW


@pytest.mark.parametrize(
    ("days", "number"), [(-40, 2), (0, 3), (6, 3), (7, 4), (400, 5)]
)
def test_week_to_open_is_this_one_or_the_nearest(days: int, number: int) -> None:
    opened = week_to_open(WEEKS, MONDAY + dt.timedelta(days=days))
    assert opened is not None
    assert opened.number == number


def test_gap_between_weeks_opens_the_next() -> None:
    weeks = [WEEKS[0], WEEKS[3]]
    opened = week_to_open(weeks, MONDAY)
    assert opened is not None
    assert opened.number == 5


def test_course_without_weeks_opens_nothing() -> None:
    assert week_to_open([], MONDAY) is None


def test_coursework_shows_in_every_week_from_handout_to_deadline() -> None:
    work = due(release=-1, due=10)
    shown = [week.number for week in WEEKS if is_shown_in_week(work, week, COURSE)]
    assert shown == [3, 4]


def test_coursework_starts_in_its_own_week() -> None:
    work = due(release=-30, due=10, week=WEEKS[2])
    shown = [week.number for week in WEEKS if is_shown_in_week(work, week, COURSE)]
    assert shown == [4]


def test_deadline_late_on_sunday_is_in_that_week_by_local_time() -> None:
    assignment = Assignment(
        release_at=in_days(-1), due_at=dt.datetime(2027, 1, 24, 23, 30, tzinfo=dt.UTC)
    )
    own = deadline(due_at=assignment.due_at, closes_at=None)
    work = DueAssignment(
        assignment=assignment, deadline=own, stage=Stage.OPEN, is_extended=False
    )
    assert not is_shown_in_week(work, WEEKS[2], COURSE)
    assert is_shown_in_week(work, WEEKS[2], Course(time_zone="Asia/Dubai"))


def item(kind: MaterialKind) -> MaterialItem:
    return MaterialItem(
        material=Material(kind=kind),
        attachments=[],
        is_open=True,
        is_new=False,
        is_done=False,
    )


def test_shelves_are_in_study_order_and_empty_ones_are_left_out() -> None:
    kinds = [MaterialKind.QUIZ, MaterialKind.NOTES, MaterialKind.SLIDES]
    groups = group_by_use(item(kind) for kind in kinds)
    assert [group.title for group in groups] == ["Read", "Check yourself"]
    assert [i.material.kind for i in groups[0].items] == ["notes", "slides"]


def test_every_kind_of_material_has_a_shelf() -> None:
    for kind in MaterialKind:
        assert len(group_by_use([item(kind)])) == 1
