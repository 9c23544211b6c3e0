"""Services for a person's calendar: its secret address, and its content."""

import datetime as dt
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from accounts.services import digest_of
from courses.calendar.sent_events import BuiltCalendar, SentEvent
from courses.deadlines import deadline_of
from courses.models import (
    Assignment,
    CalendarFeed,
    CalendarHistory,
    Course,
    CourseChange,
    Session,
)

# The use of a feed is recorded at most this often.
NOTE_USE_EVERY: Final = dt.timedelta(hours=1)
# Events that ended longer ago are left out.
KEPT: Final = dt.timedelta(days=400)
# Dates further ahead stand for "never", and no zone can be described up to them.
AHEAD: Final = dt.timedelta(days=5 * 365)
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")
# How often the calendar is built if other requests store their versions meanwhile.
_TRIES: Final = 3
_Kind = CourseChange.Kind


def renew_feed(*, actor: User) -> str:
    """Give the person's calendar a new address, end the old one, and return the secret.

    The secret is 256 random bits. It exists only in the answer: its hash is stored.
    """
    secret = secrets.token_urlsafe(32)
    CalendarFeed.objects.update_or_create(
        user=actor,
        defaults={
            "digest": digest_of(secret),
            "created_at": timezone.now(),
            "read_at": None,
        },
    )
    CalendarHistory.objects.get_or_create(user=actor)
    return secret


def revoke_feed(*, actor: User) -> None:
    """End the address of the person's calendar. Repeating it changes nothing."""
    CalendarFeed.objects.filter(user=actor).delete()


def feed_by_secret(secret: str) -> CalendarFeed | None:
    """Return the feed with this secret, if its owner may still sign in, or None.

    SECURITY: it is looked up by the secret's SHA-256, as API tokens are: see
    accounts.authentication.
    """
    if not _SECRET.fullmatch(secret):
        return None
    return (
        CalendarFeed.objects.select_related("user__calendar_history")
        .filter(digest=digest_of(secret), user__is_active=True)
        .first()
    )


def note_feed_use(*, feed: CalendarFeed, now: dt.datetime) -> bool:
    """Record that the feed was read, unless that was recorded within the last hour.

    Returns whether it was recorded now.
    """
    if feed.read_at is not None and now - feed.read_at < NOTE_USE_EVERY:
        return False
    feed.read_at = now
    feed.save(update_fields=["read_at"])
    return True


def calendar_file(user: User, now: dt.datetime) -> bytes:
    """Return the sessions and deadlines that the person sees now, as iCalendar.

    Only courses that the person is enrolled in count, also for site staff, who see
    every course. What was sent of each event is stored. Three queries, however many
    rows, and a fourth if something has changed.
    """
    history = _history_of(user)
    for _ in range(_TRIES):
        before = {
            name: SentEvent.from_json(data) for name, data in history.events.items()
        }
        built = _build(user, now, before)
        after = {**before, **built.sent}
        if after == before:
            break
        events = {name: sent.to_json() for name, sent in after.items()}
        if CalendarHistory.objects.store_if_current(history, events):
            break
        # Another program read the calendar just now, and its SEQUENCE may be higher.
        history.refresh_from_db()
    return built.content


def _history_of(user: User) -> CalendarHistory:
    try:
        return user.calendar_history
    except CalendarHistory.DoesNotExist:
        return CalendarHistory.objects.get_or_create(user=user)[0]


def _build(
    user: User, now: dt.datetime, sent: Mapping[str, SentEvent]
) -> BuiltCalendar:
    # The library takes 3 MB, which a web process without calendars saves.
    from courses.calendar.ics import build_calendar  # noqa: PLC0415

    own = Course.objects.filter(
        enrolments__in=user.enrolments.active().values("pk")
    ).values("pk")
    taught = Session.objects.visible_to(user).with_teaching()
    sessions = (
        _with_changes(taught, "session", _Kind.SESSION)
        .filter(course__in=own, ends_at__gt=now - KEPT, starts_at__lt=now + AHEAD)
        .select_related("course", "week")
        .order_by("starts_at", "pk")
    )
    work = Assignment.objects.visible_to(user).with_extra_time_of(user)
    assignments: Any = (
        _with_changes(work, "assignment", _Kind.DEADLINE)
        .filter(course__in=own, due_at__lt=now + AHEAD)
        .select_related("course")
        .order_by("due_at", "pk")
    )
    return build_calendar(
        sessions=sessions,
        work=[
            row
            for row in assignments
            if now - KEPT < deadline_of(row, row.extra_time).due_at < now + AHEAD
        ],
        site=settings.SITE_URL.rstrip("/"),
        now=now,
        sent=sent,
    )


def _with_changes(rows: QuerySet[Any], name: str, kind: str) -> QuerySet[Any]:
    """Annotate how often and when each row was changed, alone or by a shift."""
    about = Q(**{name: OuterRef("pk")}, kind=kind) | Q(
        course=OuterRef("course"), kind=_Kind.SHIFT
    )
    # All changes found are of the row's course, so grouping by it gives one row.
    grouped = CourseChange.objects.filter(about).order_by().values("course")
    annotated: QuerySet[Any] = rows.annotate(
        times_changed=Coalesce(
            Subquery(grouped.annotate(n=Count("pk")).values("n")), 0
        ),
        changed_at=Subquery(grouped.annotate(at=Max("made_at")).values("at")),
    )
    return annotated
