"""The columns of an assignment that say how people mark it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


class MarkingFields(models.Model):
    """How an assignment is marked by hand, and what students may ask afterwards."""

    marking_is_anonymous = models.BooleanField(
        "marking is anonymous",
        default=False,
        db_default=False,
        help_text=(
            "Markers see a code in the place of each student's name. Whoever may not "
            "edit the course sees the work on the marking pages only."
        ),
    )
    markers_see_own_only = models.BooleanField(
        "markers see only what they are given",
        default=False,
        db_default=False,
        help_text=(
            "Whoever may not edit the course sees only the work that is allocated to "
            "them."
        ),
    )
    agreed_above = models.DecimalField(
        "largest difference of two markings",
        max_digits=7,
        decimal_places=2,
        default=0,
        db_default=0,
        validators=[MinValueValidator(0)],
        help_text=(
            "Where a first and a second marking of a question differ by more than "
            "these points, the question waits for an agreed marking. Otherwise the "
            "first marking counts."
        ),
    )
    regrades_until = models.DateTimeField(
        "regrade requests until",
        null=True,
        blank=True,
        help_text=(
            "From the release of the marks until this time, students may ask for a "
            "question to be marked again. If it is empty, they cannot."
        ),
    )
    regrade_limit = models.PositiveSmallIntegerField(
        "regrade requests of a student",
        default=3,
        db_default=3,
        validators=[MaxValueValidator(100)],
        help_text="How many regrade requests each student may make.",
    )

    class Meta:
        abstract = True

    @property
    def is_marked_apart(self) -> bool:
        """Whether only those who edit the course see the work outside marking pages."""
        return self.marking_is_anonymous or self.markers_see_own_only
