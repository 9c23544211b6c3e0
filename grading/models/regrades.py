"""A regrade: work that is run again, and counts only once somebody confirms it."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django_stubs_ext.db.models.manager import RelatedManager

from courses.models import Assignment, AssignmentRevision

if TYPE_CHECKING:
    from grading.models.runs import GradingRun


class Regrade(models.Model):
    """Everybody's counting attempt, run again by a revision.

    Until the regrade is confirmed, its runs change no mark and no student sees them. If
    it is discarded, they never do. Both are final.
    """

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="regrades")
    revision = models.ForeignKey(
        AssignmentRevision, models.PROTECT, related_name="regrades"
    )
    reason = models.TextField()
    requested_at = models.DateTimeField(default=timezone.now)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty if the portal itself did it.",
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    discarded_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The person who confirmed or discarded it.",
    )

    runs: "RelatedManager[GradingRun]"

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment"],
                condition=Q(confirmed_at__isnull=True, discarded_at__isnull=True),
                name="regrade_one_open_per_assignment",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True) | Q(discarded_at__isnull=True),
                name="regrade_confirmed_or_discarded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assignment} · regrade {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse(
            "grading:regrade",
            args=[self.assignment.course.slug, self.assignment.slug, self.pk],
        )

    @property
    def is_open(self) -> bool:
        """Whether the regrade is neither confirmed nor discarded."""
        return self.confirmed_at is None and self.discarded_at is None
