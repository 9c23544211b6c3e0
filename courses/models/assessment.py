"""Components: the shares of a course's mark."""

from django.db import models

from courses.models.course import Course
from courses.models.texts import markdown_field
from courses.querysets import OwnedQuerySet
from formats.choices import ComponentKind


class Component(models.Model):
    """A share of the course's mark, such as the exam or the coursework.

    Its assignments split its share. Until staff have settled the split, their weights
    are 0, and pages say so.
    """

    course = models.ForeignKey(Course, models.CASCADE, related_name="components")
    kind = models.CharField(max_length=12, choices=ComponentKind.choices)
    title = models.CharField(max_length=100)
    weight_percent = models.DecimalField(
        max_digits=5, decimal_places=2, help_text="Share of the course mark, in %."
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
        ]

    def __str__(self) -> str:
        return self.title
