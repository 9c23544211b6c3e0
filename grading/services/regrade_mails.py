"""Mails with the answers to regrade requests."""

import datetime as dt
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from courses.services.due_mails import DueMails
from grading.models import RegradeRequest
from grading.services.feedback import feedback_times

TASK: Final = "grading.mail_regrade_answers"


def mail_due_regrade_answers(*, now: dt.datetime) -> int:
    """Send a portion of the answers that are due; return how many were sent."""
    rows = RegradeRequest.objects.select_related(
        "submission__assignment__course", "submission__author"
    )
    return _ANSWERS.send(rows, now)


def _message(row: RegradeRequest) -> EmailMessage | None:
    """Return the mail, or None if the marks are no longer released.

    It does not repeat why the student asked.
    """
    submission = row.submission
    assignment, course = submission.assignment, submission.assignment.course
    own = feedback_times(assignment, submission.author, now=timezone.now())
    if not own.is_released:
        return None
    questions = submission.revision.questions.filter(key=row.key)
    title = questions.values_list("title", flat=True).first() or row.key
    page = reverse("grading:feedback", args=[course.slug, assignment.slug])
    subject = (
        f"[{course.codes or course.title}] Your regrade request: {assignment.title}"
    )
    body = render_to_string(
        "grading/regrade_answer_mail.txt",
        {
            "request": row,
            "question": title,
            "assignment": assignment,
            "course": course,
            "address": f"{settings.SITE_URL}{page}#question-{row.key}",
        },
    )
    return EmailMessage(" ".join(subject.split()), body, to=[submission.author.email])


_ANSWERS: Final = DueMails[RegradeRequest](
    task=TASK,
    due="mail_due_at",
    tries="mail_tries",
    refusals="mail_refusals",
    event="regrade_answer_not_sent",
    message=_message,
    since=lambda row: row.answered_at or row.made_at,
    about=lambda row: {"regrade_request": row.pk},
)
