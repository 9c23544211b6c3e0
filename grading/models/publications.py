"""Publications: who published which revision, and how its trial runs stood then."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from courses.models import Assignment, AssignmentRevision


class Publication(models.Model):
    """A revision was published, so that new work is marked by it. Append-only.

    `trials` says for each `grading.models.Trial` how the trial stood.
    """

    assignment = models.ForeignKey(
        Assignment, models.PROTECT, related_name="publications"
    )
    revision = models.ForeignKey(
        AssignmentRevision, models.PROTECT, related_name="publications"
    )
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty if the portal itself did it.",
    )
    is_override = models.BooleanField(
        help_text="It was published although the trial runs were not as expected."
    )
    reason = models.TextField(
        blank=True,
        help_text="Needed to publish although the trial runs are not as expected.",
    )
    trials = models.JSONField(help_text="The results of the trial runs.")

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_override=False) | ~Q(reason=""),
                name="publication_override_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.revision} published"
