"""A session that is cancelled, restored or moved shows it, with the reason."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import User
from courses.models import CourseChange, Session
from courses.services.timetable import (
    Arrangement,
    SessionRefusedError,
    arrangement_of,
    cancel_session,
    move_session,
    restore_session,
)
from tests.factories import EnrolmentFactory, RoomFactory, SessionFactory, WeekFactory

pytestmark = pytest.mark.django_db
NINE = dt.datetime(2027, 2, 5, 9, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@pytest.fixture
def session() -> Session:
    week = WeekFactory.create(number=5)
    return SessionFactory.create(course=week.course, week=week, starts_at=NINE)


@pytest.fixture
def lecturer(session: Session) -> User:
    return EnrolmentFactory.create(course=session.course, lecturer=True).user


def at(session: Session, starts_at: dt.datetime) -> Arrangement:
    return Arrangement(starts_at=starts_at, ends_at=starts_at + HOUR, room=session.room)


def told() -> CourseChange:
    return CourseChange.objects.latest("pk")


def test_cancelled_session_stays_with_its_reason(
    session: Session, lecturer: User
) -> None:
    cancel_session(actor=lecturer, session=session, reason=" ill \n today ")
    session.refresh_from_db()
    assert session.is_cancelled
    assert session.cancel_reason == "ill today"
    assert session.starts_at == NINE


def test_students_read_that_a_session_is_cancelled(
    session: Session, lecturer: User
) -> None:
    cancel_session(actor=lecturer, session=session, reason="ill")
    change = told()
    assert change.summary == "Lecture of week 5, Fri 5 Feb 2027, is cancelled."
    assert change.reason == "ill"
    assert change.before.startswith("Fri 5 Feb 2027, 09:00 to 10:00 GMT, Huxley")
    assert change.is_public
    assert change.session == session
    assert change.made_by == lecturer


def test_change_of_a_hidden_session_is_for_staff(lecturer: User) -> None:
    hidden = SessionFactory.create(hidden=True)
    own = EnrolmentFactory.create(course=hidden.course, lecturer=True).user
    cancel_session(actor=own, session=hidden, reason="ill")
    assert not told().is_public


def test_cancelled_twice_is_refused(session: Session, lecturer: User) -> None:
    cancel_session(actor=lecturer, session=session, reason="ill")
    with pytest.raises(SessionRefusedError, match="cancelled already"):
        cancel_session(actor=lecturer, session=session, reason="ill")


def test_restored_session_takes_place_as_planned(
    session: Session, lecturer: User
) -> None:
    cancel_session(actor=lecturer, session=session, reason="ill")
    restore_session(actor=lecturer, session=session, reason="well again")
    session.refresh_from_db()
    assert not session.is_cancelled
    assert session.cancel_reason == ""
    assert told().summary.endswith("takes place after all.")


def test_session_that_takes_place_cannot_be_restored(
    session: Session, lecturer: User
) -> None:
    with pytest.raises(SessionRefusedError, match="not cancelled"):
        restore_session(actor=lecturer, session=session, reason="x")


def test_moved_session_knows_its_first_time(session: Session, lecturer: User) -> None:
    move_session(
        actor=lecturer, session=session, to=at(session, NINE + DAY), reason="strike"
    )
    moved = move_session(
        actor=lecturer, session=session, to=at(session, NINE + 2 * DAY), reason="rain"
    )
    assert moved.moved_from == NINE
    assert moved.starts_at == NINE + 2 * DAY


def test_session_moved_back_counts_as_not_moved(
    session: Session, lecturer: User
) -> None:
    move_session(
        actor=lecturer, session=session, to=at(session, NINE + DAY), reason="strike"
    )
    back = move_session(
        actor=lecturer, session=session, to=at(session, NINE), reason="no strike"
    )
    assert back.moved_from is None


def test_changed_room_alone_is_not_a_changed_time(
    session: Session, lecturer: User
) -> None:
    room = RoomFactory.create(name="Huxley 311")
    to = Arrangement(starts_at=session.starts_at, ends_at=session.ends_at, room=room)
    moved = move_session(actor=lecturer, session=session, to=to, reason="taken")
    assert moved.moved_from is None
    change = told()
    assert change.summary == "Lecture of week 5, Fri 5 Feb 2027, has another place."
    assert change.after == "Fri 5 Feb 2027, 09:00 to 10:00 GMT, Huxley 311"


def test_session_can_move_online(session: Session, lecturer: User) -> None:
    to = Arrangement(
        starts_at=NINE + DAY, ends_at=NINE + DAY + HOUR, online_label="MS Teams"
    )
    moved = move_session(actor=lecturer, session=session, to=to, reason="snow")
    assert moved.is_online_only
    assert told().summary.endswith("has another time and place.")
    assert told().after.endswith("10:00 GMT, MS Teams")


def test_summer_time_is_named(session: Session, lecturer: User) -> None:
    nine_in_may = dt.datetime(2027, 5, 7, 8, tzinfo=dt.UTC)
    move_session(
        actor=lecturer, session=session, to=at(session, nine_in_may), reason="late"
    )
    assert told().after.startswith("Fri 7 May 2027, 09:00 to 10:00 BST")


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (Arrangement(starts_at=NINE, ends_at=NINE), "end must be after the start"),
        (Arrangement(starts_at=NINE, ends_at=None), "both"),
    ],
)
def test_invalid_times_are_refused(
    session: Session, lecturer: User, to: Arrangement, words: str
) -> None:
    with pytest.raises(SessionRefusedError, match=words):
        move_session(actor=lecturer, session=session, to=to, reason="x")


def test_move_that_changes_nothing_is_refused(session: Session, lecturer: User) -> None:
    with pytest.raises(SessionRefusedError, match="already"):
        move_session(
            actor=lecturer, session=session, to=arrangement_of(session), reason="x"
        )


def test_cancelled_session_must_be_restored_before_it_moves(
    session: Session, lecturer: User
) -> None:
    cancel_session(actor=lecturer, session=session, reason="ill")
    with pytest.raises(SessionRefusedError, match="Restore it first"):
        move_session(
            actor=lecturer, session=session, to=at(session, NINE + DAY), reason="x"
        )


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_reason_is_required_and_short(
    session: Session, lecturer: User, reason: str
) -> None:
    with pytest.raises(SessionRefusedError):
        cancel_session(actor=lecturer, session=session, reason=reason)
    assert not CourseChange.objects.exists()


@pytest.mark.parametrize("role", ["student", "assistant"])
def test_only_editors_change_the_timetable(session: Session, role: str) -> None:
    user = EnrolmentFactory.create(course=session.course, role=role).user
    with pytest.raises(PermissionDenied):
        cancel_session(actor=user, session=session, reason="ill")
