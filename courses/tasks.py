"""What a worker does for courses."""

from django.utils import timezone

from courses.services.invitations import mail_due_invitations
from portal.celery import short_task


@short_task
def invite() -> None:
    """Send a portion of the invitations that are due."""
    mail_due_invitations(now=timezone.now())
