"""Celery tasks of courses."""

from celery import shared_task
from django.utils import timezone

from courses.services.invitations import mail_due_invitations
from courses.services.request_mails import mail_due_answers
from courses.services.student_mails import mail_due_to_students


@shared_task(name="courses.invite")
def invite() -> None:
    """Mail one portion of the invitations that are due."""
    mail_due_invitations(now=timezone.now())


@shared_task(name="courses.mail_answers")
def mail_answers() -> None:
    """Mail one portion of the answers to requests for extensions."""
    mail_due_answers(now=timezone.now())


@shared_task(name="courses.mail_students")
def mail_students() -> None:
    """Mail one portion of what staff wrote to single students."""
    mail_due_to_students(now=timezone.now())
