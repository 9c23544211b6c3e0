"""Mails to students whose marks come out."""

from django.conf import settings
from django.db import models

from courses.models import Assignment
from courses.models.answer_mail_fields import AnswerMailFields
from grading.querysets import ReleaseMailQuerySet


class ReleaseMail(AnswerMailFields):
    """A student who is mailed once the mark of an assignment comes out for them."""

    assignment = models.ForeignKey(
        Assignment, models.CASCADE, related_name="release_mails"
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )

    objects = ReleaseMailQuerySet.as_manager()

    class Meta:
        ordering = ["assignment", "student"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "student"],
                name="release_mail_one_per_student_and_assignment",
            ),
        ]
        # For the query that finds mails to send.
        indexes = [
            models.Index(
                fields=["mail_due_at"],
                name="release_mail_to_send",
                condition=models.Q(mail_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} · {self.assignment}"
