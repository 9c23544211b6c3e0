"""What people of a board propose while the marks of a course are frozen."""

from decimal import Decimal
from typing import Final

from django.conf import settings
from django.core.validators import MaxLengthValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from courses.late_rule_words import number_words
from courses.models import Assignment, MarkFreeze
from grading.models.marks import Standing

LONGEST_REASON: Final = 1_000


class BoardProposal(models.Model):
    """A proposal of one person of the board: to change a mark, or to end the freeze.

    It holds once another person of the board confirms it. For the end of the freeze,
    `assignment`, `student` and `what` are empty. `seen_points` and `seen_standing` are
    those of the mark when it was proposed.
    """

    class What(models.TextChoices):
        """What of the mark changes."""

        POINTS = "points", "Points"
        STANDING = "standing", "Standing"

    class State(models.TextChoices):
        """Where the proposal stands."""

        OPEN = "open", "Waits for a second person"
        CONFIRMED = "confirmed", "Confirmed"
        DECLINED = "declined", "Declined"

    freeze = models.ForeignKey(MarkFreeze, models.PROTECT, related_name="proposals")
    assignment = models.ForeignKey(
        Assignment, models.PROTECT, null=True, blank=True, related_name="+"
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    what = models.CharField(max_length=8, choices=What, blank=True)
    points = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="The final points that the mark shall have.",
    )
    standing = models.CharField(
        max_length=8,
        choices=Standing,
        blank=True,
        help_text="The standing that the mark shall have. Empty for none.",
    )
    seen_points = models.DecimalField(
        max_digits=7, decimal_places=2, null=True, blank=True
    )
    seen_standing = models.CharField(max_length=8, choices=Standing, blank=True)
    reason = models.TextField(validators=[MaxLengthValidator(LONGEST_REASON)])
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(
        blank=True,
        validators=[MaxLengthValidator(LONGEST_REASON)],
        help_text="Why it was declined.",
    )

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    assignment__isnull=True,
                    student__isnull=True,
                    what="",
                    points__isnull=True,
                    standing="",
                )
                | Q(
                    assignment__isnull=False,
                    student__isnull=False,
                    what="points",
                    points__gte=0,
                    standing="",
                )
                | Q(
                    assignment__isnull=False,
                    student__isnull=False,
                    what="standing",
                    points__isnull=True,
                ),
                name="board_proposal_of_mark_or_end",
            ),
            models.CheckConstraint(
                condition=Q(state="open", answered_by__isnull=True)
                | Q(state__in=["confirmed", "declined"], answered_by__isnull=False),
                name="board_proposal_answered_by_somebody",
            ),
            # The second person is another one.
            models.CheckConstraint(
                condition=~Q(state="confirmed", answered_by=models.F("proposed_by")),
                name="board_proposal_confirmed_by_another",
            ),
            models.UniqueConstraint(
                fields=["freeze", "assignment", "student"],
                condition=Q(state="open"),
                name="board_proposal_one_open_per_mark",
            ),
            models.UniqueConstraint(
                fields=["freeze"],
                condition=Q(state="open", what=""),
                name="board_proposal_one_open_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.words}: {self.reason}"

    @property
    def is_end(self) -> bool:
        """Whether it ends the freeze."""
        return not self.what

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered it yet."""
        return self.state == self.State.OPEN

    @property
    def words(self) -> str:
        """What it changes, in words."""
        if self.is_end:
            return "The freeze ends"
        if self.what == self.What.POINTS:
            return f"{_points(self.seen_points)} → {_points(self.points)}"
        before, after = (
            Standing(each).label if each else "no standing"
            for each in (self.seen_standing, self.standing)
        )
        return f"{before} → {after}"


def _points(points: Decimal | None) -> str:
    return "no points" if points is None else f"{number_words(points)} points"
