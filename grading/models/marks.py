"""The mark of a student for an assignment, and every change of it."""

from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from courses.models import Assignment
from grading.models.runs import GradingRun
from grading.querysets import MarkQuerySet

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class Mark(models.Model):
    """A student's mark for an assignment: one row, each part in its own column."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="marks")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="marks"
    )
    run = models.ForeignKey(
        GradingRun,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The run of the attempt that counts.",
    )
    automatic_points = models.DecimalField(
        max_digits=7, decimal_places=2, default=Decimal(0)
    )
    manual_points = models.DecimalField(
        max_digits=7, decimal_places=2, default=Decimal(0)
    )
    adjustment = models.DecimalField(max_digits=7, decimal_places=2, default=Decimal(0))
    late_penalty = models.DecimalField(
        max_digits=7, decimal_places=2, default=Decimal(0)
    )
    final_points = models.DecimalField(max_digits=7, decimal_places=2)
    updated_at = models.DateTimeField(default=timezone.now)

    changes: "RelatedManager[MarkChange]"
    objects = MarkQuerySet.as_manager()

    class Meta:
        ordering = ["assignment", "student"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "student"],
                name="mark_one_per_student_and_assignment",
            ),
            models.CheckConstraint(
                condition=Q(
                    automatic_points__gte=0,
                    manual_points__gte=0,
                    late_penalty__gte=0,
                    final_points__gte=0,
                ),
                name="mark_parts_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} · {self.assignment}: {self.final_points}"


class MarkChange(models.Model):
    """A mark before and after, who changed it, and why. Append-only."""

    mark = models.ForeignKey(Mark, models.PROTECT, related_name="changes")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty where the portal did it by itself.",
    )
    run = models.ForeignKey(
        GradingRun, models.PROTECT, null=True, blank=True, related_name="+"
    )
    before = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    after = models.DecimalField(max_digits=7, decimal_places=2)
    reason = models.TextField()

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}: {self.reason}"
