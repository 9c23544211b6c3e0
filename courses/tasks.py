"""Celery tasks of courses."""

from celery import shared_task
from django.utils import timezone

from courses.services.invitations import mail_due_invitations


@shared_task(name="courses.invite")
def invite() -> None:
    """Mail one portion of the invitations that are due."""
    mail_due_invitations(now=timezone.now())
