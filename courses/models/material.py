"""What students read, watch and work through."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from courses.models.course import Course, Week
from courses.querysets import MaterialQuerySet


class Material(models.Model):
    """An item of a course: notes, slides, a paper, a sheet, a notebook, a video.

    `code` (N02a, T05) is what people call it; it is never derived from a lecture's
    number, and a replaced file keeps its code.
    """

    class Kind(models.TextChoices):
        NOTES = "notes", "Notes"
        SLIDES = "slides", "Slides"
        PAPER = "paper", "Paper"
        TUTORIAL = "tutorial", "Tutorial sheet"
        NOTEBOOK = "notebook", "Notebook"
        RECORDING = "recording", "Recording"
        QUIZ = "quiz", "Quiz"
        LINK = "link", "Link"

    class Examinable(models.TextChoices):
        UNKNOWN = "", "Not said"
        ALL = "all", "Examinable"
        PARTS = "parts", "Marked parts examinable"
        NO = "no", "Not examinable"

    course = models.ForeignKey(Course, models.CASCADE, related_name="materials")
    week = models.ForeignKey(
        Week,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="materials",
        help_text="Empty for what belongs to the whole course.",
    )
    kind = models.CharField(max_length=12, choices=Kind)
    code = models.CharField(max_length=12, blank=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, help_text="Markdown.")
    url = models.URLField(blank=True, max_length=500)
    file = models.FileField(upload_to="materials/", blank=True)
    examinable = models.CharField(
        max_length=5, choices=Examinable, blank=True, default=Examinable.UNKNOWN
    )
    position = models.PositiveSmallIntegerField(default=0)
    release_at = models.DateTimeField(
        null=True,
        blank=True,
        default=timezone.now,
        help_text="Students see it from then on. Empty keeps it hidden.",
    )

    objects = MaterialQuerySet.as_manager()

    class Meta:
        ordering = ["week__number", "position", "code", "title"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=[
                        "notes",
                        "slides",
                        "paper",
                        "tutorial",
                        "notebook",
                        "recording",
                        "quiz",
                        "link",
                    ]
                ),
                name="material_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}".strip()

    def clean(self) -> None:
        if self.week is not None and self.week.course_id != self.course_id:
            raise ValidationError({"week": "This week belongs to another course."})
