"""Mailing announcements: each once, to everybody who is in the course then."""

import datetime as dt
from collections.abc import Sequence
from smtplib import SMTPException
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Announcement, CourseChange
from courses.services.changes import record_change

log = structlog.get_logger(__name__)

# After so many mails a server gets a new connection: many close a long one.
_BATCH: Final = 50
# In a row; then the server is down, and the rest is not tried.
_MOST_FAULTS: Final = 5
_FAULTS: Final = (SMTPException, OSError)


def mail_due_announcements(*, now: dt.datetime) -> int:
    """Every announcement whose time has come is mailed. Returns how many were.

    Each is claimed before its first mail, so no two workers mail it, and nobody gets
    it twice; a worker that dies half way leaves the rest unsent. If the mail server
    is not there at all the claim is given back, and the next call tries again.
    """
    waiting = list(Announcement.objects.to_mail(now).values_list("pk", flat=True))
    return sum(_mail(pk) for pk in waiting if Announcement.objects.claim_mails(pk, now))


def _mail(pk: int) -> bool:
    """Whether the claimed announcement went out, to one person at least or to nobody."""
    # As it is now: it may have been changed while others were sent.
    announcement = Announcement.objects.select_related("course", "author").get(pk=pk)
    people = _people(announcement)
    connection = get_connection()
    try:
        connection.open()
    except _FAULTS as error:
        log.warning("mail_server_unreachable", error=type(error).__name__)
        Announcement.objects.give_back_mails(announcement.pk)
        return False
    sent = _send_all(connection, announcement, people)
    record_change(
        actor=SYSTEM,
        course=announcement.course,
        kind=CourseChange.Kind.CONTENT,
        summary=f"The announcement “{announcement.title}” was mailed to {sent} of "
        f"{len(people)} people.",
    )
    return True


def _people(announcement: Announcement) -> Sequence[User]:
    """Everybody in the course who may still sign in."""
    enrolled = announcement.course.enrolments.active().select_related("user")
    return [row.user for row in enrolled if row.user.is_active and row.user.email]


def _send_all(
    connection: Any, announcement: Announcement, people: Sequence[User]
) -> int:
    """Return how many mails were sent. An address that fails stops no other one."""
    subject, body = _subject(announcement), _body(announcement)
    sent = faults = 0
    for count, person in enumerate(people, start=1):
        message = EmailMessage(subject, body, to=[person.email], connection=connection)
        try:
            sent += connection.send_messages([message]) or 0
            faults = 0
        except (*_FAULTS, ValueError) as error:  # ValueError: no address at all
            # SECURITY: the fault's own words hold the address, so they are not logged.
            log.warning("mail_not_sent", person=person.pk, error=type(error).__name__)
            faults += 1
        if faults:
            _close(connection)
        if faults == _MOST_FAULTS:
            break
        if count % _BATCH == 0:
            _close(connection)
    _close(connection)
    return sent


def _close(connection: Any) -> None:
    """The next mail opens a new connection."""
    try:
        connection.close()
    except _FAULTS as error:
        log.info("mail_connection_lost", error=type(error).__name__)


def _subject(announcement: Announcement) -> str:
    course = announcement.course
    subject = f"[{course.codes or course.title}] {announcement.title}"
    return " ".join(subject.split())


def _body(announcement: Announcement) -> str:
    """The announcement as it was written, and where to read it."""
    return render_to_string(
        "courses/manage/announcement_mail.txt",
        {
            "announcement": announcement,
            "course": announcement.course,
            "address": settings.SITE_URL + announcement.course.get_absolute_url(),
        },
    )
