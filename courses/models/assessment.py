"""Components: the shares of a course's mark."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from courses.frozen_marks import FrozenWithMarks
from courses.models.course import Course
from courses.models.texts import markdown_field, texts_of
from courses.querysets import OwnedQuerySet
from formats.choices import ComponentKind, Split

if TYPE_CHECKING:
    from courses.models.assignment import Assignment

MOST_DROPPED: Final = 100


class Component(FrozenWithMarks):
    """A share of the course's mark, such as the exam or the coursework.

    Its assignments split its share: `split` says how. If they split it by the share of
    each, these are 0 until staff have settled it, and pages say so. What the rules give
    for a student is computed in `gradebook.totals`.
    """

    frozen_fields = (
        "weight_percent",
        "split",
        "drop_lowest",
        "best_count",
        "required_percent",
        "is_extra_credit",
        "module_code",
    )
    is_frozen_when_new = True

    course = models.ForeignKey(Course, models.CASCADE, related_name="components")
    kind = models.CharField(max_length=12, choices=ComponentKind.choices)
    title = models.CharField(max_length=100)
    weight_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Share of the course mark, in %.",
    )
    split = models.CharField(
        max_length=6,
        choices=Split.choices,
        default=Split.WEIGHT.value,
        db_default=Split.WEIGHT.value,
        help_text="How its assessments share its weight.",
    )
    drop_lowest = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        validators=[MaxValueValidator(MOST_DROPPED)],
        help_text=(
            "So many assessments of each student do not count: those without which the "
            "rest is best. At least one always counts."
        ),
    )
    best_count = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DROPPED)],
        help_text=(
            "At most so many assessments of each student count, those that are best. "
            "If it is empty, all count."
        ),
    )
    required_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=(
            "Whoever has less than this percentage in it fails the course. If it is "
            "empty, nothing is required."
        ),
    )
    is_extra_credit = models.BooleanField(
        default=False,
        db_default=False,
        help_text=(
            "It adds to the total, which ends at 100 %, and nobody loses by not having "
            "it. Its weight is not one of those that sum to 100 %."
        ),
    )
    module_code = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text=(
            "If the course has several codes: it counts only for students of this one. "
            "If it is empty, it counts for all."
        ),
    )
    note = markdown_field(blank=True, help_text="Markdown, shown to students.")
    position = models.PositiveSmallIntegerField(default=0)

    objects = OwnedQuerySet["Component"].as_manager()

    class Meta:
        ordering = ["position", "title"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "title"], name="component_title_unique_in_course"
            ),
            models.CheckConstraint(
                condition=models.Q(weight_percent__gte=0, weight_percent__lte=100),
                name="component_weight_is_percent",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=ComponentKind.values),
                name="component_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(split__in=Split.values),
                name="component_split_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(best_count=0), name="component_best_count_not_zero"
            ),
            models.CheckConstraint(
                condition=models.Q(required_percent__isnull=True)
                | models.Q(required_percent__gte=0, required_percent__lte=100),
                name="component_required_is_percent",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Raise ValidationError for a module code that the course does not have."""
        code = self.module_code
        codes = texts_of(self.course.module_codes) if self.course_id else []
        if code and code not in codes:
            known = ", ".join(codes) or "none"
            raise ValidationError(
                {"module_code": f"The course has no code {code}. Its codes: {known}."}
            )

    def split_among(self, assignments: "Iterable[Assignment]") -> Split:
        """Return how these assignments of the component share its weight.

        A single one without a share has all of it. Those of extra credit only add.
        """
        regular = [each for each in assignments if not each.is_extra_credit]
        if len(regular) == 1 and not regular[0].weight_percent:
            return Split.EQUAL
        return Split(self.split)

    def counts_for(self, module_code: str) -> bool:
        """Return whether it is part of the total of students of this module code."""
        return self.module_code in {"", module_code}
