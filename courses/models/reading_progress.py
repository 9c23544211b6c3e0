"""What the portal stores of one person's use: visits, ticks, and their calendar."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from courses.models.course import Course
from courses.models.material import Material
from courses.querysets import CalendarHistoryQuerySet


class CourseVisit(models.Model):
    """When a person last looked at a course, and the time before that.

    `previous_at` is the end of the visit before this one. Whatever is newer than that
    is shown as new for as long as this visit lasts.
    """

    course = models.ForeignKey(Course, models.CASCADE, related_name="visits")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="visits"
    )
    seen_at = models.DateTimeField()
    previous_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["course", "user"], name="course_visit_one_per_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.course.slug}"


class Progress(models.Model):
    """A person's tick on a material: they have read or watched it."""

    material = models.ForeignKey(Material, models.CASCADE, related_name="progress")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="progress"
    )
    done_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "progress"
        constraints = [
            models.UniqueConstraint(
                fields=["material", "user"], name="progress_one_per_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.material}"


class CalendarFeed(models.Model):
    """The secret address of a person's calendar. Only its hash is stored."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feed"
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return str(self.user)


class CalendarHistory(models.Model):
    """What calendar programs were sent of each event of a person's calendar.

    `events` maps the name of an event to a SentEvent as JSON
    (`courses.calendar.sent_events`). If an event differs from it, the event gets a
    higher SEQUENCE. The row stays when the calendar's address is revoked, so that a
    SEQUENCE never falls.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_history"
    )
    events = models.JSONField(default=dict, editable=False)
    version = models.PositiveIntegerField(
        default=0, editable=False, help_text="Grows with every change of the events."
    )

    objects = CalendarHistoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "calendar histories"

    def __str__(self) -> str:
        return str(self.user)
