"""Room in the store that is taken by content which no row names."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from courses.models import Course


class ReservedRoom(models.Model):
    """Room of one content that the store may keep because a student has sent it.

    The row is written before the content is stored, and goes when a row of its own names
    the content. If that is refused, it stays until the store has removed the content.

    SECURITY: without it, content that is refused after it was stored would take room
    that no quota counts. It names no content: `storage.blob_rows.KEEPS_NOTHING`.
    """

    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"
    )
    course = models.ForeignKey(Course, models.CASCADE, related_name="+")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="In bytes.")
    reserved_at = models.DateTimeField(default=timezone.now)
    is_of_check = models.BooleanField(
        default=False,
        help_text="Let go after a self-check: counts where checks are asked for, only.",
    )

    class Meta:
        indexes = [
            models.Index(fields=["student", "course"], name="reserved_room_of_student"),
            models.Index(fields=["reserved_at"], name="reserved_room_times"),
        ]

    def __str__(self) -> str:
        return f"{self.course} · {self.student} · {self.size}"
