"""Invitations: mails that tell new people which course they are in, and how to sign in.

The row of an enrolment says that an invitation is due, so that one which could not be
sent goes out later: when the mail server, the broker or the portal is back.
"""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import timezone

from accounts.models import User
from accounts.passwords import password_link
from courses.broker import send_task_wake_up
from courses.counters import COUNTERS
from courses.models import Course, Enrolment
from courses.services.due_mails import MAIL_FAULTS, is_refused

log = structlog.get_logger(__name__)

TASK: Final = "courses.invite"
# Mails in one task, so that it ends within seconds.
PORTION: Final = 25
# When to try again, if a worker claimed an invitation and it was not sent.
TRIED_AGAIN_AFTER: Final = dt.timedelta(minutes=5)
# After so many faults of the server in a row it is taken to be down, and the rest waits
# for the next call.
_MOST_FAULTS: Final = 3


def send_invitations(
    course: Course, users: Sequence[User], *, again: bool = False
) -> int:
    """Mark invitations of these people as due; return how many now wait to be sent.

    People who can sign in already are left out, and so are those who were invited
    before, unless `again`. Call it after the transaction that created them. The
    invitations are stored first: if the broker or all workers are down, they go out
    when one is back.
    """
    rows = course.enrolments.not_signed_in().filter(user__in=users)
    if not again:
        rows = rows.filter(invited_at=None)
    rows.filter(invitation_due_at=None).update(invitation_due_at=timezone.now())
    waiting = rows.exclude(invitation_due_at=None).count()
    if waiting:
        send_task_wake_up(TASK)
    return waiting


def mail_due_invitations(*, now: dt.datetime) -> int:
    """Send a portion of the invitations that are due; return how many were sent.

    Each is claimed, so no two workers send it. One that could not be sent is tried
    again after TRIED_AGAIN_AFTER. Safe to repeat.
    """
    due = Enrolment.objects.not_signed_in().filter(invitation_due_at__lte=now)
    rows = due.select_related("course", "user").order_by("invitation_due_at", "pk")
    waiting = list(rows[: PORTION + 1])
    sent = _send_all(waiting[:PORTION], now)
    if sent and len(waiting) > PORTION:
        send_task_wake_up(TASK)
    return sent


def _send_all(rows: Sequence[Enrolment], now: dt.datetime) -> int:
    """Send the invitations that no other worker has claimed.

    A bad address does not stop the others.
    """
    connection = get_connection()
    sent = faults = 0
    for row in rows:
        if not _claim(row, now):
            continue
        try:
            is_sent = bool(connection.send_messages([_invitation(row)]))
            is_fault = False
        except (*MAIL_FAULTS, ValueError) as error:
            # SECURITY: the error's text may hold the address, so it is not logged.
            log.warning(
                "invitation_not_sent", person=row.user_id, error=type(error).__name__
            )
            _close(connection)
            is_sent, is_fault = False, not is_refused(error)
        COUNTERS.count("mails", result="sent" if is_sent else "failed")
        if is_sent:
            sent += 1
            Enrolment.objects.filter(pk=row.pk).update(
                invitation_due_at=None, invited_at=now
            )
        faults = faults + 1 if is_fault else 0
        if faults == _MOST_FAULTS:
            break
    _close(connection)
    return sent


def _claim(row: Enrolment, now: dt.datetime) -> bool:
    """Claim the invitation; return False if another worker has claimed it."""
    rows = Enrolment.objects.filter(pk=row.pk, invitation_due_at=row.invitation_due_at)
    return bool(rows.update(invitation_due_at=now + TRIED_AGAIN_AFTER))


def _close(connection: Any) -> None:
    """Close the connection, so that the next mail opens a new one."""
    with suppress(*MAIL_FAULTS):
        connection.close()


def _invitation(row: Enrolment) -> EmailMessage:
    message: EmailMessage = get_adapter().render_mail(
        "account/email/invitation",
        row.user.email,
        {
            "course": row.course,
            "email": row.user.email,
            "password_url": password_link(row.user),
            "reset_url": f"{settings.SITE_URL.rstrip('/')}/accounts/password/reset/",
            "current_site": {"domain": urlsplit(settings.SITE_URL).netloc},
        },
    )
    return message
