"""Services that cancel, restore and move sessions."""

import datetime as dt
from dataclasses import dataclass, replace

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from courses.models import CourseChange, Room, Session
from courses.permissions import Right
from courses.release_times import is_released
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.wall_clock import day_words, span_words

_LONGEST_REASON = 200


class SessionRefusedError(Exception):
    """The session was not changed. The message tells the person why."""


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """The time and place of a session."""

    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    room: Room | None = None
    online_label: str = ""
    online_url: str = ""


def arrangement_of(session: Session) -> Arrangement:
    """Return the session's current time and place."""
    return Arrangement(
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        room=session.room,
        online_label=session.online_label,
        online_url=session.online_url,
    )


@transaction.atomic
def cancel_session(*, actor: Actor, session: Session, reason: str) -> Session:
    """Cancel the session, and record why. It stays on pages, struck out.

    Raises SessionRefusedError if it is cancelled already or no reason is given, and
    PermissionDenied if the actor may not edit the course.
    """
    locked = _locked(actor, session)
    reason = _checked_reason(reason)
    if locked.is_cancelled:
        raise SessionRefusedError("The session is cancelled already.")
    locked.cancelled_at = timezone.now()
    locked.cancel_reason = reason
    locked.save(update_fields=["cancelled_at", "cancel_reason"])
    _record(
        actor,
        locked,
        summary=f"{_title(locked)} is cancelled.",
        reason=reason,
        before=arrangement_words(locked),
        after="cancelled",
    )
    return locked


@transaction.atomic
def restore_session(*, actor: Actor, session: Session, reason: str) -> Session:
    """Undo the cancellation of the session, at its time and place, and record why.

    Raises SessionRefusedError if it is not cancelled or no reason is given, and
    PermissionDenied if the actor may not edit the course.
    """
    locked = _locked(actor, session)
    reason = _checked_reason(reason)
    if not locked.is_cancelled:
        raise SessionRefusedError("The session is not cancelled.")
    locked.cancelled_at, locked.cancel_reason = None, ""
    locked.save(update_fields=["cancelled_at", "cancel_reason"])
    _record(
        actor,
        locked,
        summary=f"{_title(locked)} takes place after all.",
        reason=reason,
        before="cancelled",
        after=arrangement_words(locked),
    )
    return locked


@transaction.atomic
def move_session(
    *, actor: Actor, session: Session, to: Arrangement, reason: str
) -> Session:
    """Move the session to another time or place; `moved_from` keeps its first time.

    A session that moves back to its first time counts as not moved. Raises
    SessionRefusedError if nothing would change, the times are invalid, no reason is
    given or it is cancelled, and PermissionDenied if the actor may not edit the course.
    """
    locked = _locked(actor, session)
    reason = _checked_reason(reason)
    if locked.is_cancelled:
        raise SessionRefusedError("The session is cancelled. Restore it first.")
    _check_times(to)
    before = arrangement_of(locked)
    if to == before:
        raise SessionRefusedError(
            "This is the time and place that the session has already. Choose another "
            "one."
        )
    apply_arrangement(locked, to)
    locked.save(
        update_fields=[
            *("starts_at", "ends_at", "moved_from"),
            *("room", "online_label", "online_url"),
        ]
    )
    record_move(actor=actor, session=locked, before=before, reason=reason)
    return locked


def apply_arrangement(session: Session, to: Arrangement) -> None:
    """Set this time and place, and the session's first time, without saving."""
    original = session.moved_from or session.starts_at
    if to.starts_at != session.starts_at:
        session.moved_from = None if to.starts_at == original else original
    session.starts_at, session.ends_at = to.starts_at, to.ends_at
    session.room = to.room
    session.online_label, session.online_url = to.online_label, to.online_url


def record_move(
    *, actor: Actor, session: Session, before: Arrangement, reason: str
) -> None:
    """Record that the session has another time or place than before."""
    after = arrangement_of(session)
    is_retimed = (before.starts_at, before.ends_at) != (after.starts_at, after.ends_at)
    is_elsewhere = before != replace(
        after, starts_at=before.starts_at, ends_at=before.ends_at
    )
    new = ["time"] * is_retimed + ["place"] * is_elsewhere
    _record(
        actor,
        session,
        summary=f"{_title(session, before)} has another {' and '.join(new)}.",
        reason=reason,
        before=_words(session, before),
        after=_words(session, after),
    )


def arrangement_words(session: Session) -> str:
    """Return the time and place in words, in the course's zone."""
    return _words(session, arrangement_of(session))


def _words(session: Session, at: Arrangement) -> str:
    zone = session.course.tz
    online = at.online_label or ("online" if at.online_url else "")
    place = " and ".join(filter(None, [at.room.name if at.room else "", online]))
    return f"{span_words(at.starts_at, at.ends_at, zone)}, {place or 'no place yet'}"


def _title(session: Session, before: Arrangement | None = None) -> str:
    """Return the session's name, its week, and the day that students know."""
    starts_at = before.starts_at if before else session.starts_at
    day = starts_at.astimezone(session.course.tz) if starts_at else None
    when = f", {day_words(day)}," if day else ""
    return f"{session.name} of week {session.week.number}{when}"


def _locked(actor: Actor, session: Session) -> Session:
    require_right(actor, Right.EDIT, session.course)
    rows = Session.objects.select_for_update(of=("self",))
    return rows.select_related("course", "week", "room").get(pk=session.pk)


def _checked_reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise SessionRefusedError("Give a reason. Students read it.")
    if len(reason) > _LONGEST_REASON:
        raise SessionRefusedError(
            f"Give a reason of at most {_LONGEST_REASON} characters."
        )
    return reason


def _check_times(to: Arrangement) -> None:
    if (to.starts_at is None) != (to.ends_at is None):
        raise SessionRefusedError("Give both a start and an end, or neither.")
    if to.starts_at and to.ends_at and to.ends_at <= to.starts_at:
        raise SessionRefusedError("The end must be after the start.")


def _record(
    actor: Actor,
    session: Session,
    *,
    summary: str,
    reason: str,
    before: str,
    after: str,
) -> None:
    """Record the change. Students read it, unless the session is hidden from them."""
    record_change(
        actor=actor,
        course=session.course,
        kind=CourseChange.Kind.SESSION,
        summary=summary,
        reason=reason,
        before=before,
        after=after,
        is_public=is_released(session.release_at, timezone.now()),
        about=session,
    )
