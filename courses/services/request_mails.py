"""Mails with the answers to requests for extensions."""

import datetime as dt
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from courses.deadlines import deadline_for
from courses.models import ExtensionRequest
from courses.services.due_mails import DueMails
from courses.wall_clock import moment_words

TASK: Final = "courses.mail_answers"


def mail_due_answers(*, now: dt.datetime) -> int:
    """Send a portion of the answers that are due; return how many were sent."""
    rows = ExtensionRequest.objects.select_related("assignment__course", "student")
    return _ANSWERS.send(rows, now)


def _message(row: ExtensionRequest) -> EmailMessage:
    """Return the mail. It does not repeat why the student asked."""
    assignment, course = row.assignment, row.assignment.course
    subject = f"[{course.codes or course.title}] Your request: {assignment.title}"
    own = deadline_for(assignment, row.student)
    body = render_to_string(
        "courses/extension_answer_mail.txt",
        {
            "request": row,
            "assignment": assignment,
            "course": course,
            "due": moment_words(own.due_at, course.tz),
            "address": settings.SITE_URL + assignment.get_absolute_url(),
        },
    )
    return EmailMessage(" ".join(subject.split()), body, to=[row.student.email])


_ANSWERS: Final = DueMails[ExtensionRequest](
    task=TASK,
    due="mail_due_at",
    tries="mail_tries",
    refusals="mail_refusals",
    event="answer_not_sent",
    message=_message,
    since=lambda row: row.answered_at or row.made_at,
    about=lambda row: {"request": row.pk},
)
