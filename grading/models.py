"""Runs, what they found, and the marks that follow."""

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from courses.models import Assignment, AssignmentRevision, Question
from grading.querysets import GradingRunQuerySet, MarkQuerySet
from grading.states import ACTIVE, TERMINAL, State, Verdict
from submissions.models import Submission

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class GradingRun(models.Model):
    """One execution of one submission. The row is the queue.

    `lease_token` is a fencing token: it grows with every claim, and only the worker
    that holds the current one may write. The lease is judged by the database's clock.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.ForeignKey(Submission, models.PROTECT, related_name="runs")
    revision = models.ForeignKey(
        AssignmentRevision, models.PROTECT, related_name="runs"
    )
    number = models.PositiveIntegerField(help_text="1 for the submission's first run.")
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    queue = models.CharField(max_length=8, default="cpu")
    priority = models.SmallIntegerField(
        default=0, help_text="Higher runs first: 0 live work, negative regrades."
    )
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    lease_token = models.PositiveIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    platform_tries = models.PositiveSmallIntegerField(
        default=0, help_text="Tries that ended through the portal's own fault."
    )
    hinted_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

    progress = models.JSONField(
        default=dict,
        blank=True,
        help_text="While running: cell, cells, tail, questions, seconds, memory_bytes.",
    )

    verdict = models.CharField(max_length=13, choices=Verdict, blank=True)
    code = models.CharField(
        max_length=40, blank=True, help_text="Key of the words in grading.messages."
    )
    detail = models.JSONField(
        default=dict, blank=True, help_text="Values for those words."
    )
    automatic_points = models.DecimalField(
        max_digits=7, decimal_places=2, null=True, blank=True
    )
    measures = models.JSONField(
        default=dict, blank=True, help_text="Seconds, memory, versions, seed, hardware."
    )
    level = models.CharField(
        max_length=2, blank=True, help_text="Isolation level of the runner: L0 to L3."
    )
    executed_sha256 = models.CharField(
        max_length=64, blank=True, help_text="The notebook with its outputs."
    )

    events: "RelatedManager[RunEvent]"
    results: "RelatedManager[QuestionResult]"
    objects = GradingRunQuerySet.as_manager()

    class Meta:
        ordering = ["-queued_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "number"], name="grading_run_number_unique"
            ),
            models.UniqueConstraint(
                fields=["submission"],
                condition=Q(state__in=["queued", "running"]),
                name="grading_run_one_active_per_submission",
            ),
            models.CheckConstraint(
                condition=Q(state__in=State.values), name="grading_run_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(ACTIVE), finished_at__isnull=True)
                | Q(state__in=list(TERMINAL), finished_at__isnull=False),
                name="grading_run_finished_when_terminal",
            ),
            models.CheckConstraint(
                condition=Q(state="running", lease_expires_at__isnull=False)
                | (~Q(state="running") & Q(lease_expires_at__isnull=True)),
                name="grading_run_leased_while_running",
            ),
            models.CheckConstraint(
                condition=(Q(state="finished") & ~Q(verdict=""))
                | (~Q(state="finished") & Q(verdict="")),
                name="grading_run_verdict_when_finished",
            ),
        ]
        indexes = [
            # The queue: claim_next and the place in it.
            models.Index(
                fields=["queue", "-priority", "queued_at"],
                condition=Q(state="queued"),
                name="grading_run_queue",
            ),
            # The sweeper's look for expired leases.
            models.Index(
                fields=["lease_expires_at"],
                condition=Q(state="running"),
                name="grading_run_leases",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission} · run {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("grading:run", args=[self.pk])

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more will happen to this run."""
        return self.state in TERMINAL


class RunEvent(models.Model):
    """A step in a run's life: the history that staff read. Append-only."""

    run = models.ForeignKey(GradingRun, models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=12, choices=State, blank=True)
    target = models.CharField(max_length=12, choices=State)
    lease_token = models.PositiveIntegerField(default=0)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    code = models.CharField(max_length=40, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.source or '·'} → {self.target}"


class QuestionResult(models.Model):
    """What a run found for one question.

    `checks` is a list of objects with the keys of `grading.results.CheckResult`.
    """

    class Outcome(models.TextChoices):
        PASSED = "passed", "Passed"
        PARTIAL = "partial", "Partly passed"
        FAILED = "failed", "Not passed"
        TIMEOUT = "timeout", "Out of time"
        NOT_REACHED = "not_reached", "Not reached"
        MANUAL = "manual", "Marked by hand"

    run = models.ForeignKey(GradingRun, models.CASCADE, related_name="results")
    question = models.ForeignKey(Question, models.PROTECT, related_name="results")
    outcome = models.CharField(max_length=12, choices=Outcome)
    points = models.DecimalField(max_digits=7, decimal_places=2)
    checks = models.JSONField(default=list, blank=True)
    seconds = models.FloatField(default=0)

    class Meta:
        ordering = ["question__position"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "question"], name="question_result_one_per_run"
            ),
            models.CheckConstraint(
                condition=Q(points__gte=0), name="question_result_points_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question}: {self.points}"


class Mark(models.Model):
    """A student's mark for an assignment: one row, each part in its own column."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="marks")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="marks"
    )
    run = models.ForeignKey(
        GradingRun,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The run of the attempt that counts.",
    )
    automatic_points = models.DecimalField(
        max_digits=7, decimal_places=2, default=Decimal(0)
    )
    manual_points = models.DecimalField(
        max_digits=7, decimal_places=2, default=Decimal(0)
    )
    adjustment = models.DecimalField(max_digits=7, decimal_places=2, default=Decimal(0))
    late_penalty = models.DecimalField(
        max_digits=7, decimal_places=2, default=Decimal(0)
    )
    final_points = models.DecimalField(max_digits=7, decimal_places=2)
    updated_at = models.DateTimeField(default=timezone.now)

    changes: "RelatedManager[MarkChange]"
    objects = MarkQuerySet.as_manager()

    class Meta:
        ordering = ["assignment", "student"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "student"],
                name="mark_one_per_student_and_assignment",
            ),
            models.CheckConstraint(
                condition=Q(
                    automatic_points__gte=0,
                    manual_points__gte=0,
                    late_penalty__gte=0,
                    final_points__gte=0,
                ),
                name="mark_parts_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student} · {self.assignment}: {self.final_points}"


class MarkChange(models.Model):
    """A mark before and after, who changed it, and why. Append-only."""

    mark = models.ForeignKey(Mark, models.PROTECT, related_name="changes")
    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty where the portal did it by itself.",
    )
    run = models.ForeignKey(
        GradingRun, models.PROTECT, null=True, blank=True, related_name="+"
    )
    before = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    after = models.DecimalField(max_digits=7, decimal_places=2)
    reason = models.TextField()

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}: {self.reason}"


class RunnerEnvironment(models.Model):
    """What an environment holds, as the last worker that has it told."""

    name = models.CharField(max_length=64, unique=True)
    python = models.CharField(max_length=40)
    packages = models.JSONField(default=dict, help_text="Versions by package.")
    level = models.CharField(max_length=4, help_text="How strongly it is isolated.")
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
