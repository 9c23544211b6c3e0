"""The mark of a student for an assignment, and every change of it."""

from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django_stubs_ext.db.models.manager import RelatedManager

from courses.models import Assignment
from grading.models.runs import GradingRun
from grading.querysets import MarkQuerySet


def final_points(
    automatic: Decimal, manual: Decimal, adjustment: Decimal, late_penalty: Decimal
) -> Decimal:
    """Return the sum of the parts of a mark, and never less than 0."""
    return max(automatic + manual + adjustment - late_penalty, Decimal(0))


class Mark(models.Model):
    """A student's mark for an assignment: the points that people gave, and its history.

    Which run counts, and so the points of the mark, depend on the runs and on the
    assignment's settings at the time of asking. They are computed and never stored.
    """

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="marks")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="marks"
    )
    manual_points = models.DecimalField(
        max_digits=7, decimal_places=2, default=Decimal(0)
    )
    adjustment = models.DecimalField(max_digits=7, decimal_places=2, default=Decimal(0))
    late_penalty = models.DecimalField(
        max_digits=7, decimal_places=2, default=Decimal(0)
    )
    updated_at = models.DateTimeField(default=timezone.now)

    changes: "RelatedManager[MarkChange]"
    _attached: tuple[GradingRun | None] | None = None
    objects = MarkQuerySet.as_manager()

    class Meta:
        ordering = ["assignment", "student"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "student"],
                name="mark_one_per_student_and_assignment",
            ),
            models.CheckConstraint(
                condition=Q(manual_points__gte=0, late_penalty__gte=0),
                name="mark_parts_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} · {self.assignment}"

    @property
    def run(self) -> GradingRun | None:
        """The run of the attempt that counts now.

        One query each time, unless `grading.services.marks.load_counting_runs` has attached
        it.
        """
        if self._attached is not None:
            return self._attached[0]
        return GradingRun.objects.counting_for(
            assignment_id=self.assignment_id, student_id=self.student_id
        )

    def set_counting_run(self, run: GradingRun | None) -> None:
        """Set the run that counts, loaded together with those of other marks."""
        self._attached = (run,)

    @property
    def run_id(self) -> UUID | None:
        """The id of the run that counts."""
        run = self.run
        return run.pk if run else None

    @property
    def automatic_points(self) -> Decimal:
        """The points that the run that counts earned."""
        run = self.run
        return (run.automatic_points if run else None) or Decimal(0)

    @property
    def final_points(self) -> Decimal:
        """The sum of all parts of the mark."""
        return self.with_automatic(self.automatic_points)

    def with_automatic(self, points: Decimal) -> Decimal:
        """Return the final points with these automatic points."""
        return final_points(
            points, self.manual_points, self.adjustment, self.late_penalty
        )


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
        help_text="Empty if the portal itself did it.",
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
