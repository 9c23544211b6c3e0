"""A run moves by whole weeks from one week on, in its own time zone."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import User
from courses.models import Course, CourseChange, Session, Week
from courses.services.shifting import (
    RowKind,
    ShiftPlan,
    ShiftRefusedError,
    apply_shift,
    plan_shift,
)
from tests.factories import (
    AssignmentFactory,
    AttachmentFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    MaterialFactory,
    SessionFactory,
    SlotFactory,
    WeekFactory,
)

pytestmark = pytest.mark.django_db
# Summer time begins on 28 March 2027.
MONDAYS = {8: dt.date(2027, 3, 8), 9: dt.date(2027, 3, 15), 10: dt.date(2027, 3, 22)}
NOW = dt.datetime(2027, 3, 10, 12, tzinfo=dt.UTC)
NINE = dt.time(9)
RELEASED = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def course() -> Course:
    course = CourseFactory.create(release_at=RELEASED)
    for number, monday in MONDAYS.items():
        week = WeekFactory.create(
            course=course, number=number, starts_on=monday, release_at=RELEASED
        )
        SessionFactory.create(
            course=course,
            week=week,
            starts_at=at(course, monday, 4),
            release_at=RELEASED,
        )
    return course


@pytest.fixture
def lecturer(course: Course) -> User:
    return EnrolmentFactory.create(course=course, lecturer=True).user


def at(course: Course, monday: dt.date, days: int, hour: int = 9) -> dt.datetime:
    day = monday + dt.timedelta(days=days)
    return dt.datetime.combine(day, dt.time(hour), tzinfo=course.tz)


def plan(course: Course, from_week: int = 9, weeks: int = 1) -> ShiftPlan:
    return plan_shift(course=course, from_week=from_week, weeks=weeks, now=NOW)


def shift(actor: User, course: Course, from_week: int = 9, weeks: int = 1) -> ShiftPlan:
    return apply_shift(
        actor=actor,
        course=course,
        from_week=from_week,
        weeks=weeks,
        seen=plan(course, from_week, weeks).digest,
        reason="building closed",
        now=NOW,
    )


def snapshot(course: Course) -> list[object]:
    return [
        *course.weeks.values_list("number", "starts_on", "release_at"),
        *Session.objects.filter(course=course).values_list(
            "pk", "starts_at", "ends_at"
        ),
        *course.assignments.values_list("pk", "release_at", "due_at", "closes_at"),
        *course.materials.values_list("pk", "release_at", "opens_at"),
    ]


def local_starts(course: Course) -> list[str]:
    starts = course.sessions.order_by("week__number").values_list(
        "starts_at", flat=True
    )
    return [
        f"{moment.astimezone(course.tz):%d %b %H:%M %Z}" for moment in starts if moment
    ]


def test_weeks_and_sessions_from_the_given_week_on_move(
    course: Course, lecturer: User
) -> None:
    shift(lecturer, course)
    assert list(course.weeks.values_list("number", "starts_on")) == [
        (8, dt.date(2027, 3, 8)),
        (9, dt.date(2027, 3, 22)),
        (10, dt.date(2027, 3, 29)),
    ]


def test_nine_o_clock_stays_nine_o_clock_when_summer_time_begins(
    course: Course, lecturer: User
) -> None:
    shift(lecturer, course)
    assert local_starts(course) == [
        "12 Mar 09:00 GMT",
        "26 Mar 09:00 GMT",
        "02 Apr 09:00 BST",
    ]
    last = course.sessions.order_by("starts_at").last()
    assert last is not None
    assert last.starts_at == dt.datetime(2027, 4, 2, 8, tzinfo=dt.UTC)
    assert last.ends_at == dt.datetime(2027, 4, 2, 9, tzinfo=dt.UTC)


def test_shift_back_gives_the_original(course: Course, lecturer: User) -> None:
    assignment = AssignmentFactory.create(
        course=course,
        release_at=at(course, MONDAYS[9], 0),
        due_at=at(course, MONDAYS[10], 4, 19),
        closes_at=at(course, MONDAYS[10], 11, 19),
    )
    MaterialFactory.create(
        course=course,
        release_at=at(course, MONDAYS[10], 0),
        opens_at=at(course, MONDAYS[10], 4),
    )
    before = snapshot(course)
    shift(lecturer, course, weeks=2)
    assert snapshot(course) != before
    assignment.refresh_from_db()
    assert f"{assignment.due_at.astimezone(course.tz):%d %b %H:%M}" == "09 Apr 19:00"
    shift(lecturer, course, weeks=-2)
    assert snapshot(course) == before


def test_deadline_in_the_week_moves_with_its_extensions(
    course: Course, lecturer: User
) -> None:
    due = at(course, MONDAYS[9], 4, 19)
    assignment = AssignmentFactory.create(
        course=course,
        due_at=due,
        closes_at=due + dt.timedelta(days=7),
        regrades_until=due + dt.timedelta(days=30),
    )
    extension = ExtensionFactory.create(
        assignment=assignment, due_at=due + dt.timedelta(days=2)
    )
    shift(lecturer, course)
    assignment.refresh_from_db()
    extension.refresh_from_db()
    assert assignment.due_at == due + dt.timedelta(days=7)
    assert assignment.closes_at == due + dt.timedelta(days=14)
    assert assignment.regrades_until == due + dt.timedelta(days=37)
    assert f"{extension.due_at.astimezone(course.tz):%d %b %H:%M}" == "28 Mar 19:00"


def test_earlier_deadline_is_kept_and_the_plan_says_so(course: Course) -> None:
    AssignmentFactory.create(
        course=course, title="Task 1", due_at=at(course, MONDAYS[8], 4)
    )
    found = plan(course)
    assert "Task 1" in [stay.label for stay in found.unmoved]
    assert RowKind.ASSIGNMENT not in {move.noun for move in found.moves}


def test_weekly_slots_are_kept(course: Course, lecturer: User) -> None:
    slot = SlotFactory.create(course=course)
    assert str(slot) in [stay.label for stay in plan(course).unmoved]
    shift(lecturer, course)
    slot.refresh_from_db()
    assert slot.starts == NINE


def test_releases_in_the_moved_weeks_move(course: Course, lecturer: User) -> None:
    monday = at(course, MONDAYS[9], 0)
    material = MaterialFactory.create(course=course, release_at=monday)
    answers = AttachmentFactory.create(material=material, release_at=monday)
    early = MaterialFactory.create(course=course, release_at=at(course, MONDAYS[8], 0))
    shift(lecturer, course)
    for row in (material, answers, early):
        row.refresh_from_db()
    assert material.release_at == answers.release_at == at(course, MONDAYS[10], 0)
    assert early.release_at == at(course, MONDAYS[8], 0)


def test_released_rows_are_not_hidden_again(course: Course, lecturer: User) -> None:
    out = at(course, MONDAYS[8], 0)
    material = MaterialFactory.create(course=course, release_at=out)
    stays = plan(course, from_week=8).unmoved
    assert [stay.why for stay in stays if stay.label == str(material)] == [
        "Students see it already"
    ]
    shift(lecturer, course, from_week=8)
    material.refresh_from_db()
    assert material.release_at == out


def test_first_time_of_a_moved_session_moves_too(
    course: Course, lecturer: User
) -> None:
    session = course.sessions.order_by("starts_at").last()
    assert session is not None
    session.moved_from = at(course, MONDAYS[10], 3)
    session.save()
    shift(lecturer, course)
    session.refresh_from_db()
    assert session.moved_from is not None
    assert f"{session.moved_from.astimezone(course.tz):%d %b %H:%M}" == "01 Apr 09:00"


# --- Recorded changes -------------------------------------------------------


def test_students_read_one_change_for_the_shift(course: Course, lecturer: User) -> None:
    shift(lecturer, course)
    change = CourseChange.objects.get()
    assert change.kind == CourseChange.Kind.SHIFT
    assert change.summary == "The run moved by a week from week 9 on."
    assert change.before == "Week 9 from Mon 15 Mar 2027"
    assert change.after == "Week 9 from Mon 22 Mar 2027"
    assert change.is_public
    assert change.reason == "building closed"


def test_each_moved_deadline_is_announced_unless_hidden(
    course: Course, lecturer: User
) -> None:
    due = at(course, MONDAYS[10], 4, 19)
    known = AssignmentFactory.create(course=course, due_at=due, release_at=RELEASED)
    hidden = AssignmentFactory.create(course=course, due_at=due, hidden=True)
    shift(lecturer, course)
    told = CourseChange.objects.filter(kind=CourseChange.Kind.DEADLINE)
    assert told.get(assignment=known).is_public
    assert told.get(assignment=known).before == "Fri 26 Mar 2027, 19:00 GMT"
    assert told.get(assignment=known).after == "Fri 2 Apr 2027, 19:00 BST"
    assert not told.get(assignment=hidden).is_public


# --- Refusals ---------------------------------------------------------


def test_outdated_plan_is_refused_in_words(course: Course, lecturer: User) -> None:
    seen = plan(course).digest
    AssignmentFactory.create(course=course, due_at=at(course, MONDAYS[10], 4))
    before = snapshot(course)
    with pytest.raises(ShiftRefusedError, match="has changed since you saw this page"):
        apply_shift(
            actor=lecturer,
            course=course,
            from_week=9,
            weeks=1,
            seen=seen,
            reason="x",
            now=NOW,
        )
    assert snapshot(course) == before


def test_shift_twice_from_one_preview_is_refused(
    course: Course, lecturer: User
) -> None:
    seen = plan(course).digest
    shift(lecturer, course)
    with pytest.raises(ShiftRefusedError):
        apply_shift(
            actor=lecturer,
            course=course,
            from_week=9,
            weeks=1,
            seen=seen,
            reason="x",
            now=NOW,
        )


def test_weeks_never_overlap(course: Course, lecturer: User) -> None:
    assert plan(course, weeks=-1).faults == (
        "Week 9 would begin on Mon 8 Mar 2027, and week 8 on Mon 8 Mar 2027.",
    )
    with pytest.raises(ShiftRefusedError, match="Week 9 would begin"):
        shift(lecturer, course, weeks=-1)


def test_gap_is_closed_by_a_shift_back(course: Course, lecturer: User) -> None:
    shift(lecturer, course)
    shift(lecturer, course, weeks=-1)
    assert Week.objects.get(course=course, number=9).starts_on == MONDAYS[9]


def test_work_is_not_due_before_it_is_handed_out(course: Course) -> None:
    AssignmentFactory.create(
        course=course,
        title="Task 2",
        release_at=at(course, MONDAYS[8], 4),
        due_at=at(course, MONDAYS[9], 3),
    )
    assert (
        "Task 2 would be due before it is handed out." in plan(course, weeks=-1).faults
    )


@pytest.mark.parametrize("weeks", [0, 27, -27])
def test_number_of_weeks_has_limits(course: Course, weeks: int) -> None:
    with pytest.raises(ShiftRefusedError, match="from 1 to 26"):
        plan(course, weeks=weeks)


def test_unknown_week_is_refused(course: Course) -> None:
    with pytest.raises(ShiftRefusedError, match="no week 1"):
        plan(course, from_week=1)


def test_only_editors_shift(course: Course) -> None:
    assistant = EnrolmentFactory.create(course=course, assistant=True).user
    with pytest.raises(PermissionDenied):
        shift(assistant, course)


def test_other_courses_are_unchanged(course: Course, lecturer: User) -> None:
    other = SessionFactory.create(starts_at=at(course, MONDAYS[10], 4))
    work = AssignmentFactory.create(due_at=at(course, MONDAYS[10], 4))
    shift(lecturer, course)
    other.refresh_from_db()
    work.refresh_from_db()
    assert other.starts_at == work.due_at == at(course, MONDAYS[10], 4)


def test_queries_do_not_grow(
    course: Course, assert_max_queries: Callable[[int], AbstractContextManager[None]]
) -> None:
    for _ in range(20):
        MaterialFactory.create(course=course, release_at=at(course, MONDAYS[10], 0))
        SessionFactory.create(course=course, week=course.weeks.latest("number"))
    with assert_max_queries(7):
        plan(course)
