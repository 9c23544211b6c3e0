"""Mailing announcements: each once, to everybody who is in the course then."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from smtplib import SMTPException
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.template.loader import render_to_string

from accounts.actors import SYSTEM
from courses.broker import send_task_wake_up
from courses.models import Announcement, CourseChange, Enrolment
from courses.services.announcements import TASK
from courses.services.changes import record_change

log = structlog.get_logger(__name__)

# One connection's: many a server closes one that sends more, and a worker has other
# tasks, too.
_PORTION: Final = 50
# In a row; then the server is down, and the rest is tried when the claim has run out.
_MOST_FAULTS: Final = 5
_FAULTS: Final = (SMTPException, OSError)


class _ClaimLostError(Exception):
    """Somebody else mails it now, or it is not to be mailed any more."""


def mail_due_announcements(*, now: dt.datetime) -> int:
    """A portion of each mailing that is due goes out. Returns how many were finished.

    Each is claimed, so no two workers mail it, and a person's turn is noted before
    their mail, so nobody gets it twice. After a portion, or once a worker that died is
    silent for CLAIMED_FOR, the next call goes on with the rest. If the mail server is
    not there, a later call tries again.
    """
    waiting = list(Announcement.objects.to_mail(now).values_list("pk", flat=True))
    return sum(_mail(pk, now) for pk in waiting)


def _mail(pk: int, now: dt.datetime) -> bool:
    """Whether the announcement has gone out to everybody, by this portion."""
    claim = Announcement.objects.claim_mails(pk, now)
    # As it is now: it may have been changed, or deleted, while others were sent.
    rows = Announcement.objects.select_related("course", "author")
    announcement = rows.filter(pk=pk).first()
    if claim is None or announcement is None:
        return False
    with suppress(_ClaimLostError):
        return _Mailing(announcement, claim, now).send()
    log.info("mailing_lost", announcement=pk)
    return False


class _Mailing:
    """A portion of an announcement's mails, by who holds the claim."""

    def __init__(
        self, announcement: Announcement, claim: dt.datetime, now: dt.datetime
    ) -> None:
        self._announcement = announcement
        self._claim = claim
        self._now = now
        self._everybody = _people(announcement)

    def send(self) -> bool:
        """Whether everybody has had their turn. Raises _ClaimLostError."""
        announcement = self._announcement
        people = [row for row in self._everybody if row.pk > announcement.mailed_up_to]
        connection = get_connection()
        try:
            connection.open()
        except _FAULTS as error:
            log.warning("mail_server_unreachable", error=type(error).__name__)
            Announcement.objects.give_back_mails(announcement.pk, self._claim)
            return False
        is_up = self._send_all(connection, people[:_PORTION])
        is_done = announcement.mailed_up_to >= max((p.pk for p in people), default=0)
        if is_done:
            self._finish()
        elif is_up:
            Announcement.objects.give_back_mails(announcement.pk, self._claim)
            send_task_wake_up(TASK)
        return is_done

    def _send_all(self, connection: Any, people: Sequence[Enrolment]) -> bool:
        """Whether the server was there to the end. A bad address stops no other one."""
        announcement = self._announcement
        subject, body = _subject(announcement), _body(announcement)
        faults = 0
        for person in people:
            announcement.mailed_up_to = person.pk
            self._keep()
            to = [person.user.email]
            message = EmailMessage(subject, body, to=to, connection=connection)
            try:
                announcement.mails_sent += connection.send_messages([message]) or 0
                faults = 0
            except (*_FAULTS, ValueError) as error:  # ValueError: no address at all
                # SECURITY: the fault's own words hold the address: they are not logged.
                log.warning(
                    "mail_not_sent", person=person.user_id, error=type(error).__name__
                )
                faults += 1
                _close(connection)
            if faults == _MOST_FAULTS:
                break
        _close(connection)
        self._keep()
        return faults < _MOST_FAULTS

    def _keep(self) -> None:
        """What is done is stored, and that this goes on."""
        claim = Announcement.objects.keep_mails(
            self._announcement.pk,
            self._claim,
            self._now,
            mailed_up_to=self._announcement.mailed_up_to,
            mails_sent=self._announcement.mails_sent,
        )
        if claim is None:
            raise _ClaimLostError
        self._claim = claim

    @transaction.atomic
    def _finish(self) -> None:
        announcement = self._announcement
        if not Announcement.objects.end_mails(announcement.pk, self._claim):
            raise _ClaimLostError
        # Some may have left the course since they got it.
        count = max(len(self._everybody), announcement.mails_sent)
        record_change(
            actor=SYSTEM,
            course=announcement.course,
            kind=CourseChange.Kind.CONTENT,
            summary=f"The announcement “{announcement.title}” was mailed to "
            f"{announcement.mails_sent} of {count} people.",
        )


def _people(announcement: Announcement) -> Sequence[Enrolment]:
    """Everybody in the course who may still sign in, in the order of their turns."""
    enrolled = announcement.course.enrolments.active().select_related("user")
    rows = enrolled.order_by("pk")
    return [row for row in rows if row.user.is_active and row.user.email]


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
