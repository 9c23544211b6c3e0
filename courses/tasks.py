"""What a worker does for courses."""

from celery import shared_task
from django.utils import timezone

from courses.services.invitations import mail_due_invitations


@shared_task(name="courses.invite")
def invite() -> None:
    """Send a portion of the invitations that are due."""
    mail_due_invitations(now=timezone.now())
