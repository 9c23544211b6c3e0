"""Celery tasks of submissions."""

from celery import shared_task
from django.utils import timezone

from submissions.receipt_mails import mail_due_receipts


@shared_task(name="submissions.mail_receipts")
def mail_receipts() -> None:
    """Mail one portion of the receipts that are due."""
    mail_due_receipts(now=timezone.now())
