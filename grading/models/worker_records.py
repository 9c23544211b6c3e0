"""What workers report of themselves: their environments, presence and numbers."""

from django.db import models
from django.db.models import Value
from django.utils import timezone


class RunnerEnvironment(models.Model):
    """The contents of an environment, as the last worker that has it reported them."""

    name = models.CharField(max_length=64, unique=True)
    python = models.CharField(max_length=40)
    packages = models.JSONField(
        default=dict, help_text="Installed versions, by package."
    )
    modules = models.JSONField(
        default=list, blank=True, help_text="Modules that can be imported, by name."
    )
    level = models.CharField(max_length=4, help_text="The isolation level of its jail.")
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class WorkerPresence(models.Model):
    """A worker or beat process that was seen lately, and what it reported of itself.

    A worker pauses after faults of the portal in several different runs in a row.
    """

    class Role(models.TextChoices):
        WORKER = "worker", "Worker"
        BEAT = "beat", "Beat"

    role = models.CharField(
        max_length=8, choices=Role, default=Role.WORKER, db_default="worker"
    )
    name = models.CharField(
        max_length=120, unique=True, help_text="The host and the process."
    )
    host = models.CharField(max_length=120)
    queues = models.JSONField(default=list, help_text="The queues that it serves.")
    started_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)
    numbers = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        blank=True,
        help_text="What it has counted since it started, and what it has in use now.",
    )
    faults_in_a_row = models.PositiveIntegerField(
        default=0, help_text="Different runs that failed since the last one that ended."
    )
    paused_until = models.DateTimeField(
        null=True, blank=True, help_text="It takes no run before this time."
    )
    pause_code = models.CharField(
        max_length=40, blank=True, help_text="How the last of these runs failed."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
