"""Services that write, change and delete announcements."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import User
from courses.broker import send_task_wake_up
from courses.models import Announcement, Course, CourseChange
from courses.permissions import Right
from courses.release_times import is_released
from courses.services.access import require_right
from courses.services.changes import record_change

TASK = "portal.mail_announcements"


class AnnouncementRefusedError(Exception):
    """The announcement was not stored. The message tells the person why."""


@dataclass(frozen=True, kw_only=True)
class AnnouncementContent:
    """What an announcement says, when it is shown, and whether it is mailed."""

    title: str
    body: str
    release_at: dt.datetime | None
    ends_at: dt.datetime | None = None
    is_pinned: bool = False
    is_mailed: bool = False


@transaction.atomic
def create_announcement(
    *, actor: User, course: Course, content: AnnouncementContent
) -> Announcement:
    """Store an announcement by the actor, and mail it on its release if it says so.

    Raises AnnouncementRefusedError if it would end before it is shown, and
    PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, course)
    _check(content)
    made = Announcement.objects.create(course=course, author=actor, **vars(content))
    _record(actor, made, "was written")
    _wake_worker_if_due(made)
    return made


@transaction.atomic
def edit_announcement(
    *, actor: Actor, announcement: Announcement, content: AnnouncementContent
) -> Announcement:
    """Store what the announcement says from now on. Nothing is mailed a second time.

    Raises the same errors as `create_announcement`.
    """
    require_right(actor, Right.EDIT, announcement.course)
    _check(content)
    rows = Announcement.objects.select_for_update().select_related(None)
    locked = rows.get(pk=announcement.pk)
    for name, value in vars(content).items():
        setattr(locked, name, value)
    # Without mailed_at: a worker may be sending the mails at this moment.
    locked.save(update_fields=list(vars(content)))
    _record(actor, locked, "was changed")
    _wake_worker_if_due(locked)
    return locked


@transaction.atomic
def delete_announcement(*, actor: Actor, announcement: Announcement) -> None:
    """Delete the announcement. Mails that were sent are not taken back.

    Raises PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, announcement.course)
    _record(actor, announcement, "was deleted")
    announcement.delete()


def _check(content: AnnouncementContent) -> None:
    if content.release_at and content.ends_at and content.ends_at <= content.release_at:
        raise AnnouncementRefusedError(
            "It must end after it begins to be shown. Give a later end."
        )


def _record(actor: Actor, announcement: Announcement, what: str) -> None:
    """Record the change for staff only: students read the announcement itself."""
    record_change(
        actor=actor,
        course=announcement.course,
        kind=CourseChange.Kind.CONTENT,
        summary=f"The announcement “{announcement.title}” {what}.",
    )


def _wake_worker_if_due(announcement: Announcement) -> None:
    """Send a wake-up on commit if there are mails to send. Losing it costs a minute."""
    is_due = is_released(announcement.release_at, timezone.now())
    if announcement.is_mailed and announcement.mailed_at is None and is_due:
        transaction.on_commit(lambda: send_task_wake_up(TASK))
