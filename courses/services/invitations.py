"""Mails to new people: which course they are in, and how they sign in."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from celery import current_app
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from accounts.models import User
from accounts.passwords import password_link
from courses.hints import connect, quick_connection
from courses.models import Course, Enrolment

TASK: Final = "courses.invite"
# So many mails in one task: it ends within seconds.
BATCH: Final = 25


def send_invitations(course: Course, users: Sequence[User]) -> int:
    """Ask the workers to invite these people; return for how many that could be done.

    Call it after the transaction that made them. A broker's fault is no error: the
    people can still follow “Forgot your password?”.
    """
    asked = 0
    with quick_connection() as connection:
        connect(connection)
        for start in range(0, len(users), BATCH):
            batch = [user.pk for user in users[start : start + BATCH]]
            current_app.send_task(
                TASK,
                args=[course.pk, batch],
                connection=connection,
                retry=False,
                ignore_result=True,
            )
            asked += len(batch)
    return asked


def invite(*, course_id: int, user_ids: Sequence[int]) -> int:
    """Those of these people who cannot sign in yet have a mail that says how.

    Only people of the course who have no password: for anybody else it does nothing,
    so that it can be done twice. Returns how many mails went out.
    """
    course = Course.objects.get(pk=course_id)
    members = Enrolment.objects.active().filter(course=course, user__in=user_ids)
    people = User.objects.filter(
        pk__in=members.values("user"), is_active=True, last_login=None
    )
    mails = [
        _invitation(course, user) for user in people if not user.has_usable_password()
    ]
    return get_connection().send_messages(mails) or 0


def _invitation(course: Course, user: User) -> EmailMessage:
    message: EmailMessage = get_adapter().render_mail(
        "account/email/invitation",
        user.email,
        {
            "course": course,
            "email": user.email,
            "password_url": password_link(user),
            "reset_url": f"{settings.SITE_URL.rstrip('/')}/accounts/password/reset/",
            "current_site": {"domain": urlsplit(settings.SITE_URL).netloc},
        },
    )
    return message
