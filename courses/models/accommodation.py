"""Accommodations: extra time for every deadline of a course."""

from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone

from courses.extra_time import amount_words
from courses.models.course import Course, Enrolment
from courses.querysets import AccommodationQuerySet

MOST_HOURS: Final = 720
MOST_PERCENT: Final = 300


class Accommodation(models.Model):
    """A student's extra time for every deadline of a course, also for later ones.

    It has hours or a percentage. The percentage is of the time from the release of an
    assignment to its deadline. The student's deadlines are computed from it, and stored
    nowhere.
    """

    course = models.ForeignKey(Course, models.CASCADE, related_name="accommodations")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="accommodations"
    )
    hours = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(MOST_HOURS)],
        help_text="Hours after each deadline. 0 if a percentage is given.",
    )
    percent = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(MOST_PERCENT)],
        help_text=(
            "More time for each assignment, in % of the time from its release to its "
            "deadline. 0 if hours are given."
        ),
    )
    reason = models.TextField()
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AccommodationQuerySet["Accommodation"].as_manager()

    class Meta:
        ordering = ["-granted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "student"],
                name="accommodation_one_per_student_and_course",
            ),
            models.CheckConstraint(
                condition=models.Q(hours__gt=0, percent=0)
                | models.Q(hours=0, percent__gt=0),
                name="accommodation_hours_or_percent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} · {self.course.slug} · {self.words}"

    def clean(self) -> None:
        if not self.course_id or not self.student_id:
            return  # the form says what is missing
        students = Enrolment.objects.students()
        if not students.filter(course=self.course_id, user=self.student_id).exists():
            raise ValidationError(
                {"student": "This person is not a student of this course."}
            )
        if bool(self.hours) == bool(self.percent):
            raise ValidationError(
                {"hours": "Give hours or a percentage, and 0 for the other."}
            )

    @property
    def words(self) -> str:
        """The extra time in words."""
        return amount_words(hours=self.hours, percent=self.percent)
