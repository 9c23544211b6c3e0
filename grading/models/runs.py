"""Runs: the queue, their history, and what they found."""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django_stubs_ext.db.models.manager import RelatedManager

from courses.models import Assignment, AssignmentRevision, Course
from grading.models.regrades import Regrade
from grading.models.self_checks import SelfCheck
from grading.querysets import GradingRunQuerySet
from grading.states import ACTIVE, TERMINAL, State, Verdict
from submissions.models import Submission

if TYPE_CHECKING:
    from grading.models.question_results import QuestionResult


class Trial(models.TextChoices):
    """The notebook that a trial run of a revision executes."""

    SOLUTION = "solution", "Model solution"
    HANDOUT = "handout", "Untouched hand-out"


class GradingRun(models.Model):
    """One execution of a submission, of a self-check, or of a revision's own notebook.

    The row is the queue. The last is a trial, which belongs to no student. A trial and
    a self-check have no submission; they are claimed, leased, retried and swept like
    every other run.

    `lease_token` is a fencing token: it grows with every claim, and only the worker
    that holds the current one may write. The database's clock decides when a lease
    expires.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.ForeignKey(
        Submission,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="runs",
        help_text="Empty for a trial and for a self-check.",
    )
    self_check = models.OneToOneField(
        SelfCheck,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="run",
        help_text="The self-check that it executes, if it is the run of one.",
    )
    revision = models.ForeignKey(
        AssignmentRevision, models.PROTECT, related_name="runs"
    )
    trial = models.CharField(
        max_length=8,
        choices=Trial,
        blank=True,
        help_text="Empty for a run of a submission.",
    )
    number = models.PositiveIntegerField(
        help_text="1 for the first run of the submission, or of the trial."
    )
    regrade = models.ForeignKey(
        Regrade,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="runs",
        help_text="The run counts only after this regrade is confirmed.",
    )
    copied_from = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The run whose results were copied. This run executed nothing.",
    )
    is_after_freeze = models.BooleanField(
        default=False,
        db_default=False,
        help_text="It finished while the marks of the course were frozen, so it does "
        "not count until the freeze ends.",
    )
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    queue = models.CharField(max_length=8, default="cpu")
    priority = models.SmallIntegerField(
        default=0,
        help_text=(
            "A higher number runs first. New work has 0, regrades have a negative "
            "number. A run that failed twice by the portal's fault goes down by 1."
        ),
    )
    course = models.ForeignKey(
        Course,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        help_text="The course of the work, for the queue's index.",
    )
    turn = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="The place in the line of its priority: see grading.services.fair_turns.",
    )
    is_further = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Another run of the same student waited when this one was queued.",
    )
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    lease_token = models.PositiveIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    platform_tries = models.PositiveSmallIntegerField(
        default=0, help_text="Tries that failed by the portal's own fault."
    )
    not_before = models.DateTimeField(
        null=True,
        blank=True,
        help_text="No worker takes the run before this time: a try has failed.",
    )
    put_back_count = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="How often a fault of the portal has put the run back in the queue.",
    )
    failed_hosts = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="The hosts of the tries that failed, each between two bars.",
    )
    request_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    woken_at = models.DateTimeField(null=True, blank=True)
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
    # What was used, from the measures, so that it can be summed. 0 for a copy.
    # SECURITY: the seconds of checks are for staff alone, as in the measures.
    cpu_seconds = models.FloatField(default=0, db_default=0)
    gpu_seconds = models.FloatField(
        default=0, db_default=0, help_text="For how long the notebook held a GPU."
    )
    checking_cpu_seconds = models.FloatField(default=0, db_default=0)
    checking_gpu_seconds = models.FloatField(default=0, db_default=0)
    # SECURITY: for staff alone. Whoever knows the seed knows what the tests draw.
    grading_seed = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="Secret: the seed of the tests' random numbers. Empty for old "
        "runs, which had none.",
    )
    level = models.CharField(
        max_length=2, blank=True, help_text="Isolation level of the runner: L0 to L3."
    )
    executed_sha256 = models.CharField(
        max_length=64, blank=True, help_text="The notebook with its outputs."
    )
    record = models.JSONField(
        default=dict,
        blank=True,
        help_text="The inputs: see grading.worker.input_record.InputRecord.",
    )
    input_sha256 = models.CharField(
        max_length=64,
        blank=True,
        help_text="SHA-256 of all inputs. The same inputs need not run twice.",
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
                condition=Q(submission__isnull=False, self_check__isnull=True, trial="")
                | Q(
                    submission__isnull=True,
                    self_check__isnull=True,
                    regrade__isnull=True,
                    copied_from__isnull=True,
                    trial__in=["solution", "handout"],
                )
                | Q(
                    submission__isnull=True,
                    self_check__isnull=False,
                    regrade__isnull=True,
                    copied_from__isnull=True,
                    automatic_points__isnull=True,
                    input_sha256="",
                    trial="",
                ),
                name="grading_run_of_work_trial_or_self_check",
            ),
            models.UniqueConstraint(
                fields=["revision", "trial", "number"],
                condition=~Q(trial=""),
                name="grading_run_trial_number_unique",
            ),
            models.UniqueConstraint(
                fields=["revision", "trial"],
                condition=~Q(trial="") & Q(state__in=["queued", "running"]),
                name="grading_run_one_active_per_trial",
            ),
            models.CheckConstraint(
                condition=Q(copied_from__isnull=True) | Q(state="finished"),
                name="grading_run_copied_is_finished",
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
                condition=Q(state__in=list(TERMINAL)) | Q(grading_seed__isnull=False),
                name="grading_run_secret_before_it_runs",
            ),
            models.CheckConstraint(
                condition=(Q(state="finished") & ~Q(verdict=""))
                | (~Q(state="finished") & Q(verdict="")),
                name="grading_run_verdict_when_finished",
            ),
        ]
        indexes = [
            # The order of the queue: `claim_next` and the place in the queue.
            models.Index(
                fields=["queue", "-priority", "turn", "queued_at", "id"],
                condition=Q(state="queued"),
                name="grading_run_turns",
            ),
            # How many students of a course wait: `next_turn`.
            models.Index(
                fields=["queue", "priority", "course"],
                condition=Q(state="queued", is_further=False),
                name="grading_run_waiting_course",
            ),
            # How long the first in line has waited: the sweeper's report.
            models.Index(
                fields=["queued_at"],
                condition=Q(state="queued"),
                name="grading_run_oldest",
            ),
            # What recent runs of a revision took: the expected wait.
            models.Index(
                fields=["revision", "-finished_at"],
                condition=Q(
                    state="finished",
                    submission__isnull=False,
                    copied_from__isnull=True,
                ),
                name="grading_run_recent",
            ),
            models.Index(
                fields=["-finished_at"],
                condition=Q(state="needs_staff"),
                name="grading_run_needs_staff",
            ),
            # The sweeper's search for expired leases.
            models.Index(
                fields=["lease_expires_at"],
                condition=Q(state="running"),
                name="grading_run_leases",
            ),
            # The search for an earlier run of the same inputs.
            models.Index(
                fields=["input_sha256"],
                condition=~Q(input_sha256=""),
                name="grading_run_inputs",
            ),
            # Lists by time. An index by state and time would be taken for the queue,
            # too, which has better ones.
            models.Index(fields=["queued_at", "id"], name="grading_run_times"),
        ]

    def __str__(self) -> str:
        trial = f"{self.revision} · {self.get_trial_display()}"
        what = self.submission or self.self_check or trial
        return f"{what} · run {self.number}"

    def get_absolute_url(self) -> str:
        if self.self_check_id is not None:
            return reverse("grading:self-check", args=[self.self_check_id])
        if self.submission_id is None:
            course, slug = self.assignment.course, self.assignment.slug
            return reverse(
                "grading:trials", args=[course.slug, slug, self.revision.number]
            )
        return reverse("grading:run", args=[self.pk])

    @property
    def work(self) -> Submission:
        """The submission. Raises LookupError for a trial and for a self-check."""
        if self.submission is None:
            raise LookupError("This run has no submission.")
        return self.submission

    @property
    def work_id(self) -> uuid.UUID:
        """The id of the submission. Raises LookupError for a trial and a self-check."""
        if self.submission_id is None:
            raise LookupError("This run has no submission.")
        return self.submission_id

    @property
    def assignment(self) -> Assignment:
        """The assignment that the run belongs to, whatever it executes."""
        if self.submission_id is None:
            return self.revision.assignment
        return self.work.assignment

    @property
    def executed_nothing(self) -> bool:
        """Whether the work has no notebook, so that people alone mark it."""
        return self.verdict == Verdict.NOTHING_RUN

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more will happen to this run."""
        return self.state in TERMINAL


class RunEvent(models.Model):
    """A change of a run's state: the history that staff read. Append-only."""

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
