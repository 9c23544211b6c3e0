"""Who marks what, who is marking what at the moment, and the codes of students."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from courses.models import Assignment, Rubric
from grading.models.markings import ALLOCATED_STAGES, Stage
from submissions.models import Submission


class MarkerAllocation(models.Model):
    """Work that a marker is given: a question, a student's work, or one of both.

    It names a question by its key, so that it holds for later revisions, too.
    """

    assignment = models.ForeignKey(
        Assignment, models.CASCADE, related_name="marker_allocations"
    )
    marker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="marker_allocations"
    )
    stage = models.CharField(
        max_length=6,
        choices=ALLOCATED_STAGES,
        default=Stage.FIRST.value,
    )
    key = models.SlugField(
        max_length=60,
        blank=True,
        help_text="The key of the question. If it is empty: all questions.",
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="If it is empty: all students.",
    )
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["assignment", "stage", "key", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "marker", "stage", "key", "student"],
                name="marker_allocation_once",
            ),
            models.UniqueConstraint(
                fields=["assignment", "marker", "stage", "key"],
                condition=models.Q(student__isnull=True),
                name="marker_allocation_of_all_once",
            ),
            models.CheckConstraint(
                condition=models.Q(stage__in=[Stage.FIRST.value, Stage.SECOND.value]),
                name="marker_allocation_stage_known",
            ),
        ]

    def __str__(self) -> str:
        what = self.key or "all questions"
        return f"{self.marker}: {what} of {self.student or 'all students'}"


class MarkingAlias(models.Model):
    """The code by which markers know a student of an assignment.

    SECURITY: it is random, so nothing about the student follows from it.
    """

    assignment = models.ForeignKey(
        Assignment, models.CASCADE, related_name="marking_aliases"
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"
    )
    code = models.CharField(max_length=12)

    class Meta:
        ordering = ["assignment", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "student"], name="marking_alias_one_per_student"
            ),
            models.UniqueConstraint(
                fields=["assignment", "code"], name="marking_alias_code_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class MarkingPresence(models.Model):
    """What a marker has open on the marking page, and when they were last there."""

    marker = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="marking_presence",
        primary_key=True,
    )
    rubric = models.ForeignKey(Rubric, models.CASCADE, related_name="+")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"
    )
    submission = models.ForeignKey(
        Submission, models.CASCADE, null=True, related_name="+"
    )
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.marker} at {self.rubric.key}"
