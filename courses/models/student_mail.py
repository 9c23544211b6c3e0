"""Mails that staff write to single students of a course."""

from typing import Final

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils import timezone

from courses.models.answer_mail_fields import AnswerMailFields
from courses.models.course import Course

LONGEST_SUBJECT: Final = 120
LONGEST_MAIL: Final = 5_000


class StudentMail(AnswerMailFields):
    """A mail to one student: what it says, who wrote it, and when it was sent."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="student_mails")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    subject = models.CharField(max_length=LONGEST_SUBJECT)
    body = models.TextField(validators=[MaxLengthValidator(LONGEST_MAIL)])
    written_at = models.DateTimeField(default=timezone.now, editable=False)
    mailed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-written_at", "-pk"]
        indexes = [
            models.Index(
                fields=["course", "student", "-written_at"],
                name="student_mail_latest",
            ),
            models.Index(
                fields=["mail_due_at"],
                name="student_mail_due",
                condition=models.Q(mail_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} · {self.student}"
