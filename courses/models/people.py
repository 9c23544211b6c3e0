"""Teachers, as the timetable names them."""

from django.conf import settings
from django.db import models

from courses.models.course import Course
from courses.querysets import OwnedQuerySet


class Teacher(models.Model):
    """A name on the timetable, with or without an account.

    A course page says "Kainz" or "Coppock". If that person has an account, `user` links
    the two.
    """

    course = models.ForeignKey(Course, models.CASCADE, related_name="teachers")
    name = models.CharField(
        max_length=100, help_text="The name as the timetable shows it."
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The person's account, if they have one.",
    )
    position = models.PositiveSmallIntegerField(default=0)

    objects = OwnedQuerySet["Teacher"].as_manager()

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "name"], name="teacher_name_unique_in_course"
            ),
        ]

    def __str__(self) -> str:
        return self.name
