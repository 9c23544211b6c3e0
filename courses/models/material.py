"""Materials that students read, watch and work through, and their attachments."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils import timezone

from courses.models.course import Course, Week
from courses.models.texts import markdown_field
from courses.models.timetable import Lecture, Session
from courses.querysets import AttachmentQuerySet, MaterialQuerySet
from courses.slugs import free_slug
from formats.choices import Examinable, MaterialAccess, MaterialKind


class Material(models.Model):
    """An item of a course: notes, slides, a paper, a sheet, a notebook, a video.

    People call it by its `code` (N02a, T05), which is never derived from a lecture's
    number. Addresses and course files name it by its `key`. Replacing its file changes
    neither. Until `opens_at` it is only announced: students see its name and no
    content.
    """

    course = models.ForeignKey(Course, models.CASCADE, related_name="materials")
    week = models.ForeignKey(
        Week,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="materials",
        help_text="Leave it empty if the material belongs to the whole course.",
    )
    also_in = models.ManyToManyField(
        Week,
        blank=True,
        related_name="repeated_materials",
        help_text="Other weeks that also show the material.",
    )
    session = models.ForeignKey(
        Session,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="materials",
        help_text=(
            "The session that uses the material. There, materials are in the order "
            "of their position."
        ),
    )
    lecture = models.ForeignKey(
        Lecture,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="materials",
        help_text="The lecture that the material records or belongs to.",
    )
    key = models.SlugField(
        max_length=60,
        blank=True,
        help_text=(
            "Its name in addresses, such as n02a. It should not change later. If it "
            "is empty, it is made from the code."
        ),
    )
    kind = models.CharField(max_length=12, choices=MaterialKind.choices)
    code = models.CharField(max_length=12, blank=True)
    title = models.CharField(max_length=200)
    description = markdown_field(
        blank=True, help_text="One or two sentences beside its name, as Markdown."
    )
    body = markdown_field(
        blank=True, help_text="The text of its page, as Markdown with mathematics."
    )
    attribution = models.CharField(
        max_length=200,
        blank=True,
        help_text="Who wrote it, or whose work it is based on.",
    )
    url = models.URLField(blank=True, max_length=500)
    access = models.CharField(
        max_length=8,
        choices=MaterialAccess.choices,
        default=MaterialAccess.PUBLIC.value,
        help_text="Who can open the link.",
    )
    file = models.FileField(upload_to="materials/", blank=True)
    examinable = models.CharField(
        max_length=5,
        choices=Examinable.choices,
        blank=True,
        default=Examinable.UNKNOWN.value,
    )
    position = models.PositiveSmallIntegerField(default=0)
    opens_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=(
            "Until this time, students see only its name. If it is empty, they can "
            "open it at once."
        ),
    )
    replaced_at = models.DateTimeField(null=True, blank=True, editable=False)
    release_at = models.DateTimeField(
        null=True,
        blank=True,
        default=timezone.now,
        help_text="Students see it from this time on. While it is empty, it is hidden.",
    )

    objects = MaterialQuerySet.as_manager()

    class Meta:
        ordering = ["week__number", "position", "code", "title"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "key"], name="material_key_unique_in_course"
            ),
            models.CheckConstraint(
                condition=models.Q(access__in=MaterialAccess.values),
                name="material_access_known",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=MaterialKind.values),
                name="material_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}".strip()

    def get_absolute_url(self) -> str:
        return reverse("courses:material", args=[self.course.slug, self.key])

    def clean(self) -> None:
        if not self.key and self.course_id:
            others = Material.objects.filter(course=self.course_id).exclude(pk=self.pk)
            self.key = free_slug(self.code or self.title, others)
        for field, row in (
            ("week", self.week),
            ("session", self.session),
            ("lecture", self.lecture),
        ):
            if row is not None and row.course_id != self.course_id:
                raise ValidationError(
                    {field: (f"This {field} belongs to another course.")}
                )

    @property
    def has_content(self) -> bool:
        """Whether there is anything to open, no matter who may open it."""
        return bool(self.url or self.file or self.body)

    def is_locked(self, now: dt.datetime) -> bool:
        """Return whether students see only its name because it opens later."""
        return self.opens_at is not None and self.opens_at > now

    def is_announced(self, now: dt.datetime) -> bool:
        """Return whether students see only its name: it is locked, or still empty."""
        return not self.has_content or self.is_locked(now)


class Attachment(models.Model):
    """A further file or link of a material, such as answers, or slides beside notes."""

    material = models.ForeignKey(Material, models.CASCADE, related_name="attachments")
    label = models.CharField(
        max_length=100, help_text="What the file or link is, such as Answers."
    )
    url = models.URLField(blank=True, max_length=500)
    file = models.FileField(upload_to="materials/", blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    release_at = models.DateTimeField(
        null=True,
        blank=True,
        default=timezone.now,
        help_text="Students see it from this time on. While it is empty, it is hidden.",
    )

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["position", "label"]
        constraints = [
            models.UniqueConstraint(
                fields=["material", "label"], name="attachment_label_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(url="") | models.Q(file=""),
                name="attachment_link_or_file",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.material}: {self.label}"

    def clean(self) -> None:
        if bool(self.url) == bool(self.file):
            raise ValidationError("Give either a link or a file.")
