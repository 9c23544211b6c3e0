"""Self-checks: a student's files run before they are handed in.

SECURITY: a self-check is no submission, and has tables of its own. So no list, count,
export or mark of attempts can contain one, even if a filter is forgotten.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django_stubs_ext.db.models.manager import RelatedManager

from courses.models import Assignment, AssignmentRevision
from formats.choices import FileKind
from grading.querysets import SelfCheckQuerySet
from submissions.models import Submission


class SelfCheck(models.Model):
    """One check of a student's work, which only that student sees.

    Its run judges the checks that are shown at once, and no others. It uses no attempt
    and earns nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.ForeignKey(
        Assignment, models.PROTECT, related_name="self_checks"
    )
    revision = models.ForeignKey(
        AssignmentRevision, models.PROTECT, related_name="self_checks"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="self_checks"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    idempotency_key = models.CharField(
        max_length=64,
        blank=True,
        help_text="Hash of the sender's key and the content, as for a submission.",
    )
    warnings = models.JSONField(
        default=list,
        blank=True,
        help_text="Warnings about the files: formats.problems.Problem as JSON.",
    )
    handed_in_as = models.ForeignKey(
        Submission,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The attempt that its files were handed in as, if they were.",
    )
    dropped_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the portal let its files go. The results are kept.",
    )

    files: "RelatedManager[SelfCheckFile]"
    objects = SelfCheckQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["author", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="self_check_idempotency_key_unique",
            ),
        ]
        indexes = [
            # One student's checks of an assignment: the bucket, and the page.
            models.Index(
                fields=["assignment", "author", "-asked_at"],
                name="self_check_of_author",
            ),
            models.Index(fields=["author", "-asked_at"], name="self_check_own_list"),
            # Those whose files are still kept, for `drop_self_check_files`.
            models.Index(
                fields=["asked_at"],
                condition=Q(dropped_at__isnull=True),
                name="self_check_with_files",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assignment} · {self.author} · check"

    def get_absolute_url(self) -> str:
        return reverse("grading:self-check", args=[self.pk])


class SelfCheckFile(models.Model):
    """A file of a self-check: its required name, and the hash of its content."""

    self_check = models.ForeignKey(SelfCheck, models.CASCADE, related_name="files")
    name = models.CharField(max_length=120, help_text="The required name.")
    original_name = models.CharField(
        max_length=255, help_text="The name of the file on the student's machine."
    )
    kind = models.CharField(max_length=12, choices=FileKind.choices)
    sha256 = models.CharField(
        max_length=64, blank=True, help_text="Empty once the content is dropped."
    )
    size = models.PositiveBigIntegerField(help_text="In bytes.")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["self_check", "name"], name="self_check_file_name_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name
