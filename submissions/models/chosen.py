"""The attempts that students have chosen to count."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from courses.models import Assignment
from submissions.models.attempts import Submission


class ChosenAttempt(models.Model):
    """The attempt that a student lets count, where the assignment leaves the choice.

    Under another rule the row stays, and has no effect.
    """

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="+")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"
    )
    submission = models.OneToOneField(Submission, models.CASCADE, related_name="chosen")
    chosen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "student"],
                name="chosen_attempt_one_per_student_and_assignment",
            ),
        ]

    def __str__(self) -> str:
        return str(self.submission)
