"""Requests of students for extensions, and the answers."""

from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.utils import timezone

from courses.models.answer_mail_fields import AnswerMailFields
from courses.models.assignment import Assignment
from courses.querysets import ExtensionRequestQuerySet

LONGEST_WORDS: Final = 2_000


class ExtensionRequest(AnswerMailFields):
    """A student's request for a later deadline: why, until when, and the answer.

    SECURITY: the reason and the file are private. Only the student and those who edit
    the course see them.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        GRANTED = "granted", "Granted"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    # States in which somebody has decided about the request.
    ANSWERED: ClassVar = (State.GRANTED, State.REFUSED)

    assignment = models.ForeignKey(
        Assignment, models.CASCADE, related_name="extension_requests"
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="extension_requests"
    )
    wished_due_at = models.DateTimeField(help_text="The deadline that is asked for.")
    reason = models.TextField(max_length=LONGEST_WORDS)
    file_name = models.CharField(max_length=255, blank=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    file_size = models.PositiveBigIntegerField(default=0, help_text="In bytes.")
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.OPEN.value
    )
    granted_due_at = models.DateTimeField(
        null=True, blank=True, help_text="The deadline that was granted."
    )
    answer = models.TextField(
        max_length=LONGEST_WORDS, blank=True, help_text="What the student is told."
    )
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = ExtensionRequestQuerySet["ExtensionRequest"].as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "student"],
                condition=models.Q(state="open"),
                name="extension_request_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["open", "granted", "refused", "withdrawn"]
                ),
                name="extension_request_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="granted", granted_due_at__isnull=False)
                | (~models.Q(state="granted") & models.Q(granted_due_at__isnull=True)),
                name="extension_request_granted_until",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["granted", "refused"],
                    answered_by__isnull=False,
                    answered_at__isnull=False,
                )
                | models.Q(
                    state__in=["open", "withdrawn"],
                    answered_by__isnull=True,
                    answered_at__isnull=True,
                ),
                name="extension_request_answered_by_somebody",
            ),
        ]
        # For the query that finds answers to mail.
        indexes = [
            models.Index(
                fields=["mail_due_at"],
                name="extension_request_to_mail",
                condition=models.Q(mail_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} · {self.assignment}"

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered or withdrawn the request."""
        return self.state == self.State.OPEN
