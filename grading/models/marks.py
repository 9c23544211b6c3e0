"""The mark of a student for an assignment, and every change of it."""

from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django_stubs_ext.db.models.manager import RelatedManager

from courses.models import Assignment
from grading.mark_points import LateTerms, MarkPoints, mark_points
from grading.models.runs import GradingRun
from grading.querysets import MarkQuerySet

_ZERO: Final = Decimal(0)


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
    updated_at = models.DateTimeField(default=timezone.now)

    changes: "RelatedManager[MarkChange]"
    _attached: tuple[GradingRun | None, LateTerms | None] | None = None
    objects = MarkQuerySet.as_manager()

    class Meta:
        ordering = ["assignment", "student"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "student"],
                name="mark_one_per_student_and_assignment",
            ),
            models.CheckConstraint(
                condition=Q(manual_points__gte=0), name="mark_points_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} · {self.assignment}"

    @property
    def run(self) -> GradingRun | None:
        """The run of the attempt that counts now.

        It is asked for each time, unless `grading.services.marks.load_counting_runs` has
        attached it.
        """
        return self.counting()[0]

    def set_counting_run(
        self, run: GradingRun | None, late: LateTerms | None = None
    ) -> None:
        """Set the run that counts, loaded together with those of other marks.

        `late` are the terms of its attempt, or None if that is on time.
        """
        self._attached = (run, late)

    def counting(self) -> tuple[GradingRun | None, LateTerms | None]:
        """Return the run that counts, and its terms if its attempt is late."""
        if self._attached is not None:
            return self._attached
        from grading.services.counting import (  # noqa: PLC0415  services import models
            counting_works,
        )

        owner = (self.assignment_id, self.student_id)
        work = counting_works([owner]).get(owner)
        return (work.run, work.late) if work else (None, None)

    @property
    def run_id(self) -> UUID | None:
        """The id of the run that counts."""
        run = self.run
        return run.pk if run else None

    @property
    def points(self) -> MarkPoints:
        """The points and all parts of the mark, as they are now."""
        run, late = self.counting()
        return self.points_with((run.automatic_points if run else None) or _ZERO, late)

    @property
    def late(self) -> LateTerms | None:
        """The terms of the attempt that counts, or None if that is on time."""
        return self.counting()[1]

    @property
    def automatic_points(self) -> Decimal:
        """The points that the run that counts earned."""
        return self.points.automatic

    @property
    def late_penalty(self) -> Decimal:
        """The points that are taken because the attempt that counts is late."""
        return self.points.late_penalty

    @property
    def final_points(self) -> Decimal:
        """The sum of all parts of the mark."""
        return self.points.final

    def points_with(self, automatic: Decimal, late: LateTerms | None) -> MarkPoints:
        """Return the points of the mark with these automatic points and late terms."""
        return mark_points(
            automatic=automatic,
            manual=self.manual_points,
            adjustment=self.adjustment,
            late=late,
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
