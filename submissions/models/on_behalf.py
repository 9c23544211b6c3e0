"""What staff say of work that they hand in for a student."""

from django.conf import settings
from django.db import models

from submissions.models.attempts import Submission


class OnBehalf(models.Model):
    """Who handed a submission in for its author, when, and why. The author reads it.

    Both times are kept: when it was entered, and when staff had got the work, if they
    said so. The latter then counts as the time of receipt.
    """

    submission = models.OneToOneField(
        Submission, models.CASCADE, related_name="on_behalf"
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    entered_at = models.DateTimeField()
    stated_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When staff had got the work, if that is the time that counts.",
    )
    reason = models.CharField(max_length=1000)
    uses_attempt = models.BooleanField(
        default=True, help_text="Whether it uses up one of the author's attempts."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stated_at__isnull=True)
                | models.Q(stated_at__lte=models.F("entered_at")),
                name="on_behalf_not_in_the_future",
            ),
        ]

    def __str__(self) -> str:
        return str(self.submission)
