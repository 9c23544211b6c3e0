"""What people gave for an attempt at a question: rubric items, points and words."""

from decimal import Decimal
from typing import Final

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils import timezone
from django_stubs_ext.db.models.manager import RelatedManager

from courses.models import Rubric, RubricItem
from submissions.models import Submission

LONGEST_COMMENT: Final = 10_000


class Stage(models.TextChoices):
    """Whose marking of an attempt this is."""

    FIRST = "first", "First marking"
    SECOND = "second", "Second marking"
    AGREED = "agreed", "Agreed marking"


# The stages that are allocated to markers.
ALLOCATED_STAGES: Final = [
    (Stage.FIRST.value, str(Stage.FIRST.label)),
    (Stage.SECOND.value, str(Stage.SECOND.label)),
]


class Marking(models.Model):
    """The marking of one question of one attempt by a person.

    It belongs to the attempt and to the rubric: another attempt, or a revision with
    another rubric, has none of it. Without a submission, it is the marking of a student
    who handed in nothing here, for example on paper. Its points are computed from the
    rubric as it is now, and never stored.
    """

    rubric = models.ForeignKey(Rubric, models.PROTECT, related_name="markings")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="markings_received"
    )
    submission = models.ForeignKey(
        Submission, models.PROTECT, null=True, blank=True, related_name="markings"
    )
    stage = models.CharField(max_length=6, choices=Stage, default=Stage.FIRST)
    marker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who changed it last.",
    )
    items = models.ManyToManyField(
        RubricItem, blank=True, related_name="markings", help_text="The chosen items."
    )
    adjustment = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        default=Decimal(0),
        help_text="Points added to those of the items, or taken from them.",
    )
    comment = models.TextField(
        blank=True,
        validators=[MaxLengthValidator(LONGEST_COMMENT)],
        help_text="The student reads it. Markdown.",
    )
    is_finished = models.BooleanField(
        default=False, help_text="Whether the points count. A draft counts nothing."
    )
    version = models.PositiveIntegerField(
        default=1, help_text="Counts changes, so that no marker overwrites another."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    cell_comments: "RelatedManager[CellComment]"

    class Meta:
        ordering = ["rubric", "student", "submission", "stage"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "rubric", "stage"],
                name="marking_one_per_attempt_and_question",
            ),
            models.UniqueConstraint(
                fields=["student", "rubric", "stage"],
                condition=models.Q(submission__isnull=True),
                name="marking_one_without_work",
            ),
            models.CheckConstraint(
                condition=models.Q(stage__in=[each.value for each in Stage]),
                name="marking_stage_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rubric.key} · {self.student} · {self.get_stage_display()}"

    @property
    def points(self) -> Decimal:
        """The points for the chosen items. No query if items and groups are prefetched."""
        chosen = {item.pk for item in self.items.all()}
        return self.rubric.rules().earned(chosen, self.adjustment)

    @property
    def chosen_items(self) -> list[RubricItem]:
        """The chosen items in the order of the rubric. No query if all is prefetched."""
        chosen = {item.pk for item in self.items.all()}
        return [
            item
            for group in self.rubric.groups.all()
            for item in group.items.all()
            if item.pk in chosen
        ]

    @property
    def total(self) -> Decimal:
        """What items and adjustment add up to, also below 0 or above the possible points.

        No query if items and groups are prefetched.
        """
        chosen = {item.pk for item in self.items.all()}
        return self.rubric.rules().total(chosen, self.adjustment)


class CellComment(models.Model):
    """A marker's words at one cell of the notebook that was handed in."""

    marking = models.ForeignKey(Marking, models.CASCADE, related_name="cell_comments")
    cell = models.PositiveIntegerField(help_text="The number of the cell, from 1.")
    text = models.TextField(
        validators=[MaxLengthValidator(LONGEST_COMMENT)],
        help_text="The student reads it. Markdown.",
    )

    class Meta:
        ordering = ["cell", "pk"]

    def __str__(self) -> str:
        return f"Cell {self.cell}: {self.text}"


class SavedComment(models.Model):
    """Words that markers of a question use again."""

    rubric = models.ForeignKey(Rubric, models.CASCADE, related_name="saved_comments")
    text = models.TextField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    stage = models.CharField(
        max_length=6,
        choices=Stage,
        default=Stage.FIRST,
        db_default=Stage.FIRST,
        help_text="In which marking it was used.",
    )
    used = models.PositiveIntegerField(default=1, help_text="How often it was used.")

    class Meta:
        ordering = ["-used", "pk"]

    def __str__(self) -> str:
        return self.text


class MarkingChange(models.Model):
    """A marking before and after, who changed it, and why. Append-only."""

    marking = models.ForeignKey(Marking, models.PROTECT, related_name="changes")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    before = models.JSONField(help_text="Items, adjustment, comment and points.")
    after = models.JSONField()
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.before.get('points')} → {self.after.get('points')}"
