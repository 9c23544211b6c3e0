"""Mailing announcements, each once, to everybody who is in the course at that time."""

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
from courses.counters import COUNTERS
from courses.models import Announcement, CourseChange, Enrolment
from courses.services.announcements import TASK
from courses.services.changes import record_change

log = structlog.get_logger(__name__)

# Mails on one connection: many servers close one that sends more, and the worker has
# other tasks too.
_PORTION: Final = 50
# After so many faults in a row the server is taken to be down, and the rest is tried
# when the claim has run out.
_MOST_FAULTS: Final = 5
_FAULTS: Final = (SMTPException, OSError)


class _ClaimLostError(Exception):
    """Another worker mails the announcement, or it is no longer to be mailed."""


def mail_due_announcements(*, now: dt.datetime) -> int:
    """Send a portion of each mailing that is due; return how many were finished.

    Each mailing is claimed, so no two workers send it, and a person is marked as done
    before their mail is sent, so nobody gets it twice. The next call goes on after a
    portion, or once a worker that died has not renewed its claim for CLAIMED_FOR. If
    the mail server is down, a later call tries again.
    """
    waiting = list(
        Announcement.objects.due_for_mailing(now).values_list("pk", flat=True)
    )
    return sum(_mail(pk, now) for pk in waiting)


def _mail(pk: int, now: dt.datetime) -> bool:
    """Send a portion of the mails; return whether it was the last one."""
    claim = Announcement.objects.claim_mails(pk, now)
    # Loaded now: it may have been changed or deleted while others were sent.
    rows = Announcement.objects.select_related("course", "author")
    announcement = rows.filter(pk=pk).first()
    if claim is None or announcement is None:
        return False
    with suppress(_ClaimLostError):
        return _Mailing(announcement, claim, now).send()
    log.info("mailing_lost", announcement=pk)
    return False


class _Mailing:
    """One portion of an announcement's mails, sent while the claim is held."""

    def __init__(
        self, announcement: Announcement, claim: dt.datetime, now: dt.datetime
    ) -> None:
        self._announcement = announcement
        self._claim = claim
        self._now = now
        self._everybody = _people(announcement)

    def send(self) -> bool:
        """Send the portion; return whether everybody has had their turn.

        Raises _ClaimLostError.
        """
        announcement = self._announcement
        people = [row for row in self._everybody if row.pk > announcement.mailed_up_to]
        connection = get_connection()
        try:
            connection.open()
        except _FAULTS as error:
            log.warning("mail_server_unreachable", error=type(error).__name__)
            Announcement.objects.give_back_mail_claim(announcement.pk, self._claim)
            return False
        is_up = self._send_all(connection, people[:_PORTION])
        is_done = announcement.mailed_up_to >= max((p.pk for p in people), default=0)
        if is_done:
            self._finish()
        elif is_up:
            Announcement.objects.give_back_mail_claim(announcement.pk, self._claim)
            send_task_wake_up(TASK)
        return is_done

    def _send_all(self, connection: Any, people: Sequence[Enrolment]) -> bool:
        """Send these people's mails; return False once the server is taken to be down.

        A bad address does not stop the others.
        """
        announcement = self._announcement
        subject, body = _subject(announcement), _body(announcement)
        faults = 0
        for person in people:
            announcement.mailed_up_to = person.pk
            self._save_progress()
            to = [person.user.email]
            message = EmailMessage(subject, body, to=to, connection=connection)
            try:
                announcement.mails_sent += connection.send_messages([message]) or 0
                COUNTERS.count("mails", result="sent")
                faults = 0
            except (*_FAULTS, ValueError) as error:  # ValueError: no address at all
                # SECURITY: the error's text may hold the address, so it is not logged.
                log.warning(
                    "mail_not_sent", person=person.user_id, error=type(error).__name__
                )
                COUNTERS.count("mails", result="failed")
                faults += 1
                _close(connection)
            if faults == _MOST_FAULTS:
                break
        _close(connection)
        self._save_progress()
        return faults < _MOST_FAULTS

    def _save_progress(self) -> None:
        """Store how far the mailing is, and renew the claim. Raises _ClaimLostError."""
        claim = Announcement.objects.renew_mail_claim(
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
        if not Announcement.objects.finish_mailing(announcement.pk, self._claim):
            raise _ClaimLostError
        # Some people may have left the course since they got the mail.
        count = max(len(self._everybody), announcement.mails_sent)
        record_change(
            actor=SYSTEM,
            course=announcement.course,
            kind=CourseChange.Kind.CONTENT,
            summary=f"The announcement “{announcement.title}” was mailed to "
            f"{announcement.mails_sent} of {count} people.",
        )


def _people(announcement: Announcement) -> Sequence[Enrolment]:
    """Return everybody in the course who may sign in, in the order of their turns."""
    enrolled = announcement.course.enrolments.active().select_related("user")
    rows = enrolled.order_by("pk")
    return [row for row in rows if row.user.is_active and row.user.email]


def _close(connection: Any) -> None:
    """Close the connection, so that the next mail opens a new one."""
    try:
        connection.close()
    except _FAULTS as error:
        log.info("mail_connection_lost", error=type(error).__name__)


def _subject(announcement: Announcement) -> str:
    course = announcement.course
    subject = f"[{course.codes or course.title}] {announcement.title}"
    return " ".join(subject.split())


def _body(announcement: Announcement) -> str:
    """Return the announcement as it was written, with the course's address."""
    return render_to_string(
        "courses/announcement_mail.txt",
        {
            "announcement": announcement,
            "course": announcement.course,
            "address": settings.SITE_URL + announcement.course.get_absolute_url(),
        },
    )
