"""The freeze of a course's marks for a board of examiners."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from courses.frozen_marks import MarkFreezeQuerySet
from courses.models.course import Course

LONGEST_BOARD: Final = 100


class MarkFreeze(models.Model):
    """A time in which the marks of a course change only by its board.

    The `members` are the people of the board. What they decide is a
    `grading.BoardProposal` of one of them that another one confirms.
    """

    course = models.ForeignKey(Course, models.PROTECT, related_name="mark_freezes")
    board = models.CharField(
        max_length=LONGEST_BOARD,
        help_text="The board for which marks are frozen, such as Board of 12 June.",
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        related_name="+",
        help_text="Who decide about frozen marks: one proposes, another one confirms.",
    )
    frozen_at = models.DateTimeField(default=timezone.now, editable=False)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False
    )
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = MarkFreezeQuerySet.as_manager()

    class Meta:
        ordering = ["-frozen_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["course"],
                condition=Q(ended_at__isnull=True),
                name="mark_freeze_one_at_a_time_in_course",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.board} · {self.course}"
