"""Submissions and their files, and attempts whose files still arrive.

Submissions are append-only: a new attempt is a new row.
"""

import datetime as dt
import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django_stubs_ext.db.models.manager import RelatedManager

from courses.deadlines import deadline_for, deadline_of, is_late
from courses.models import Assignment, AssignmentRevision
from formats.choices import FileKind
from formats.declaration import Declaration
from submissions.querysets import (
    OpenedAttemptQuerySet,
    SubmissionQuerySet,
    SubmittedFileQuerySet,
)


class Submission(models.Model):
    """One attempt of one student at one assignment, tied to one revision."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.ForeignKey(
        Assignment, models.PROTECT, related_name="submissions"
    )
    revision = models.ForeignKey(
        AssignmentRevision, models.PROTECT, related_name="submissions"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="submissions"
    )
    attempt = models.PositiveIntegerField(help_text="The author's first attempt is 1.")
    started_at = models.DateTimeField(
        help_text="When the upload began, by the server's clock."
    )
    received_at = models.DateTimeField(
        default=timezone.now,
        help_text="When the whole upload had arrived, by the server's clock.",
    )
    handed_in_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text=(
            "When its author handed it in, by the server's clock. An opened attempt was "
            "received before. Empty for what staff handed in."
        ),
    )
    uses_attempt = models.BooleanField(
        default=True,
        help_text=(
            "Off while the attempt waits for staff because of a fault of the portal, "
            "and if staff handed it in beside the others."
        ),
    )
    idempotency_key = models.CharField(
        max_length=64,
        blank=True,
        help_text=(
            "Hash of the sender's key and the content. If the same is sent again, "
            "the hash is the same."
        ),
    )
    declared = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        help_text=(
            "What the author declared: formats.declaration.Declaration as JSON. The "
            "questions are kept as they were asked."
        ),
    )
    warnings = models.JSONField(
        default=list,
        blank=True,
        help_text="Warnings about the files: formats.problems.Problem as JSON.",
    )

    files: "RelatedManager[SubmittedFile]"
    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "author", "attempt"],
                name="submission_attempt_unique",
            ),
            models.UniqueConstraint(
                fields=["author", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="submission_idempotency_key_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(received_at__gte=models.F("started_at")),
                name="submission_received_after_start",
            ),
        ]
        indexes = [
            # The list of all work by time.
            models.Index(fields=["received_at", "id"], name="submission_times"),
        ]

    def __str__(self) -> str:
        return f"{self.assignment} · {self.author} · attempt {self.attempt}"

    def get_absolute_url(self) -> str:
        return reverse("submissions:submission", args=[self.pk])

    @property
    def declaration(self) -> Declaration:
        """What the author declared. It is empty for what staff handed in."""
        return Declaration.from_json(self.declared)

    @property
    def begins_wait_at(self) -> dt.datetime:
        """When the wait until the author's next attempt begins.

        SECURITY: not when an opened attempt was received. That is its opening, so
        handing it in would begin no wait.
        """
        return max(self.received_at, self.handed_in_at or self.received_at)

    def opened(self) -> "OpenedAttempt | None":
        """Return the opened attempt that it was, if its files arrived in pieces."""
        found = OpenedAttempt.objects.filter(submission=self)
        return found.prefetch_related("uploads").first()

    @property
    def has_been_chosen(self) -> bool:
        """Whether its author has chosen it to count."""
        return hasattr(self, "chosen")

    @property
    def is_late(self) -> bool:
        """Whether the work came after the author's own deadline, as it is now.

        It makes no query for rows from `with_extra_time`.
        """
        if hasattr(self, "extra_time"):
            own = deadline_of(self.assignment, self.extra_time)
        else:
            own = deadline_for(self.assignment, self.author_id)
        return is_late(own, self.received_at)


class SubmittedFile(models.Model):
    """A file of a submission: its required name, and the hash of its content."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="files")
    name = models.CharField(
        max_length=120,
        help_text="The required name. The file has this name when it is run.",
    )
    original_name = models.CharField(
        max_length=255, help_text="The name of the file on the student's machine."
    )
    kind = models.CharField(max_length=12, choices=FileKind.choices)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="In bytes.")
    removed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=(
            "When the content was removed, as the course's rule for old weights says. "
            "Name, size and hash stay."
        ),
    )

    objects = SubmittedFileQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "name"], name="submitted_file_name_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OpenedAttempt(models.Model):
    """An attempt whose files are declared, and arrive in pieces: one for each `Upload`.

    When all have arrived, they can be checked, and it can become a submission. Otherwise
    it is dropped one day.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.ForeignKey(
        Assignment, models.CASCADE, related_name="opened_attempts"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="opened_attempts"
    )
    opened_at = models.DateTimeField(
        help_text="When its files were declared, by the server's clock."
    )
    complete_by = models.DateTimeField(
        help_text=(
            "If every byte has arrived by then, the attempt counts as received when "
            "it was opened."
        )
    )
    expires_at = models.DateTimeField(
        help_text="If it has not been handed in by then, it is dropped."
    )
    declared = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        help_text="What the author declared when it was opened, as in Submission.",
    )
    submission = models.OneToOneField(
        Submission,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="opened_attempt",
        help_text="The submission that it has become, if it has.",
    )

    uploads: "RelatedManager[Upload]"
    objects = OpenedAttemptQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "author"],
                condition=models.Q(submission__isnull=True),
                name="opened_attempt_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(complete_by__gte=models.F("opened_at"))
                & models.Q(expires_at__gte=models.F("complete_by")),
                name="opened_attempt_times_in_order",
            ),
        ]
        indexes = [
            # The list of all opened attempts by time.
            models.Index(fields=["opened_at", "id"], name="opened_attempt_times"),
        ]

    def __str__(self) -> str:
        return f"{self.assignment} · {self.author} · opened attempt"

    @property
    def is_declared(self) -> bool:
        """Whether its author has declared what must be declared to hand it in."""
        return bool(self.declared)

    @property
    def completed_at(self) -> dt.datetime | None:
        """When the last byte of its last file arrived; None while one is missing."""
        times = [upload.completed_at for upload in self.uploads.all()]
        known = [at for at in times if at is not None]
        # An attempt that was dropped meanwhile has no files any more.
        return max(known) if known and len(known) == len(times) else None

    @property
    def received_at(self) -> dt.datetime | None:
        """The time that counts for a complete attempt; None while a byte is missing.

        That is the opening, if every byte arrived in time. Otherwise it is the arrival
        of the last byte.
        """
        completed_at = self.completed_at
        if completed_at is None:
            return None
        return self.opened_at if completed_at <= self.complete_by else completed_at


class Upload(models.Model):
    """One declared file of an opened attempt, and how much of it has arrived."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.ForeignKey(OpenedAttempt, models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=120, help_text="The required name.")
    original_name = models.CharField(
        max_length=255, help_text="The name of the file on the student's machine."
    )
    size = models.PositiveBigIntegerField(help_text="The declared size, in bytes.")
    sha256 = models.CharField(
        max_length=64, help_text="The declared hash of the whole file."
    )
    offset = models.PositiveBigIntegerField(
        default=0, help_text="How many bytes are on the disk."
    )
    completed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the last byte arrived. The hash was right.",
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "name"], name="upload_name_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(size__gt=0, offset__lte=models.F("size")),
                name="upload_offset_within_size",
            ),
            models.CheckConstraint(
                condition=models.Q(completed_at__isnull=True)
                | models.Q(offset=models.F("size")),
                name="upload_complete_with_all_bytes",
            ),
        ]

    def __str__(self) -> str:
        return self.name
