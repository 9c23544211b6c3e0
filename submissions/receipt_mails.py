"""Mails that bring each student the signed receipt of what was handed in, each once."""

import datetime as dt
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from courses.services.due_mails import DueMails, NotNowError
from submissions.exceptions import KeyUnavailableError
from submissions.models import ReceiptMail, Submission

TASK: Final = "submissions.mail_receipts"


def mail_due_receipts(*, now: dt.datetime) -> int:
    """Send a portion of the receipts that are due; return how many were sent."""
    rows = ReceiptMail.objects.select_related(
        "submission__assignment__course",
        "submission__author",
        "submission__revision",
        "submission__on_behalf__entered_by",
    )
    return _RECEIPTS.send(rows, now)


def _message_of(row: ReceiptMail) -> EmailMessage | None:
    """Return the mail, or None for somebody who may not sign in or has no address.

    Raises NotNowError without a key to sign with: it is in the log already.
    """
    author = row.submission.author
    if not (author.is_active and author.email):
        return None
    try:
        return _message(row.submission)
    except KeyUnavailableError:
        raise NotNowError from None


def _message(submission: Submission) -> EmailMessage:
    """Return the mail, with the receipt in its text and as a file."""
    # cryptography takes 10 MB. A worker loads it for the first receipt.
    from submissions.signed_receipts import signed_receipt  # noqa: PLC0415

    assignment = submission.assignment
    course = assignment.course
    receipt = signed_receipt(submission)
    subject = (
        f"[{course.codes or course.title}] Receipt of attempt {submission.attempt}: "
        f"{assignment.title}"
    )
    body = render_to_string(
        "submissions/receipt_mail.txt",
        {
            "submission": submission,
            "assignment": assignment,
            "course": course,
            "receipt": receipt,
            "entry": getattr(submission, "on_behalf", None),
            "address": settings.SITE_URL + submission.get_absolute_url(),
        },
    )
    message = EmailMessage(
        " ".join(subject.split()), body, to=[submission.author.email]
    )
    message.attach(receipt_name(submission), receipt, "text/plain")
    return message


def receipt_name(submission: Submission) -> str:
    """Return the name of the file with the receipt."""
    assignment = submission.assignment
    return f"receipt-{assignment.slug}-attempt{submission.attempt}.txt"


_RECEIPTS: Final = DueMails[ReceiptMail](
    task=TASK,
    due="due_at",
    tries="tries",
    refusals="refusals",
    event="receipt_not_mailed",
    message=_message_of,
    since=lambda row: row.queued_at,
    about=lambda row: {"person": row.submission.author_id},
    sent=lambda now: {"sent_at": now},
)
