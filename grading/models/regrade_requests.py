"""Requests of students for a question to be marked again, and the answers."""

from decimal import Decimal
from typing import ClassVar, Final

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils import timezone

from courses.models.answer_mail_fields import AnswerMailFields
from grading.querysets import RegradeRequestQuerySet
from submissions.models import Submission

LONGEST_WORDS: Final = 2_000


class RegradeRequest(AnswerMailFields):
    """A student's request for a question of an attempt to be marked again."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CHANGED = "changed", "Marked again"
        KEPT = "kept", "Kept as it was"
        WITHDRAWN = "withdrawn", "Withdrawn"

    # States in which somebody has decided about the request.
    ANSWERED: ClassVar = (State.CHANGED, State.KEPT)

    submission = models.ForeignKey(
        Submission, models.PROTECT, related_name="regrade_requests"
    )
    key = models.SlugField(max_length=60, help_text="The key of the question.")
    reason = models.TextField(validators=[MaxLengthValidator(LONGEST_WORDS)])
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.OPEN.value
    )
    points_before = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        help_text="The points of the question when the request was made.",
    )
    points_after = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        help_text="The points of the question when the request was answered.",
    )
    added = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        default=Decimal(0),
        db_default=Decimal(0),
        help_text="The points that the answer added to the mark, for a question that "
        "checks mark.",
    )
    answer = models.TextField(
        blank=True,
        validators=[MaxLengthValidator(LONGEST_WORDS)],
        help_text="What the student is told. Markdown.",
    )
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = RegradeRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "key"],
                condition=models.Q(state="open"),
                name="regrade_request_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "changed", "kept", "withdrawn"]),
                name="regrade_request_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["changed", "kept"], answered_at__isnull=False
                )
                | models.Q(state__in=["open", "withdrawn"], answered_at__isnull=True),
                name="regrade_request_answered_with_time",
            ),
        ]
        # For the query that finds answers to mail.
        indexes = [
            models.Index(
                fields=["mail_due_at"],
                name="regrade_request_to_mail",
                condition=models.Q(mail_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission} · {self.key}"

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered or withdrawn the request."""
        return self.state == self.State.OPEN
