"""What went wrong with the portal itself, from when until when."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Incident(models.Model):
    """A problem of the portal, open until a check no longer finds it.

    Site staff get one mail about it, however often the check finds it.
    """

    key = models.CharField(
        max_length=200, help_text="The same as long as the problem is the same."
    )
    words = models.TextField()
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(closed_at__isnull=True),
                name="incident_open_once",
            ),
        ]
        indexes = [models.Index(fields=["-opened_at"], name="incident_latest")]

    def __str__(self) -> str:
        return self.words
