"""An assignment's revisions: what is run and how it is marked, never changed later."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone
from django_stubs_ext.db.models.manager import RelatedManager

from courses.models.assignment import Assignment
from courses.models.rubric import Rubric
from formats.choices import TEST_STYLE_LABELS, FileKind, Part, QuestionKind
from runner.protocol.jobs import TestStyle


class AssignmentRevision(models.Model):
    """One version of an assignment's bundle. Append-only: a change is a new row."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    notebook_name = models.CharField(
        max_length=120,
        blank=True,
        help_text=(
            "The notebook runs under this name, even if the uploaded file has "
            "another name. If it is empty, students hand in files alone, and nothing is "
            "run."
        ),
    )
    environment = models.CharField(max_length=40, default="default")
    queue = models.CharField(
        max_length=8, choices=[("cpu", "CPU"), ("gpu", "GPU")], default="cpu"
    )
    cell_seconds = models.PositiveIntegerField(default=60)
    question_seconds = models.PositiveIntegerField(default=30)
    run_seconds = models.PositiveIntegerField(default=300)
    memory_mb = models.PositiveIntegerField(default=2048)
    disk_mb = models.PositiveIntegerField(default=256)
    gpu_memory_mb = models.PositiveIntegerField(
        default=8192, help_text="The GPU memory of a run, if the queue is GPU."
    )
    seed = models.PositiveIntegerField(
        default=0,
        help_text="The seed of the notebook's random numbers. Students see it.",
    )
    # SECURITY: for staff alone. It is in no hand-out and in no answer to a student.
    grading_seed = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="Secret: the seed of the tests' random numbers. If it is empty, "
        "each attempt draws its own.",
    )
    skip_tags = models.JSONField(default=list, blank=True)
    parameters = models.JSONField(
        default=dict,
        blank=True,
        help_text=(
            "Names and values. Each value is set before every cell that sets its name."
        ),
    )
    imports = models.JSONField(
        default=dict,
        blank=True,
        help_text="What names in scripts and doctests mean, such as torch.nn:Conv2d.",
    )
    bundle_sha256 = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="SHA-256 of the whole folder. The same content is the same revision.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    questions: "RelatedManager[Question]"
    files: "RelatedManager[RevisionFile]"
    required_files: "RelatedManager[RequiredFile]"

    class Meta:
        ordering = ["assignment", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "number"], name="revision_number_unique"
            ),
            models.UniqueConstraint(
                fields=["assignment", "bundle_sha256"],
                condition=~models.Q(bundle_sha256=""),
                name="revision_bundle_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    cell_seconds__gt=0, run_seconds__gt=0, memory_mb__gt=0
                ),
                name="revision_limits_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assignment} · revision {self.number}"

    @property
    def is_files_only(self) -> bool:
        """Whether it has no notebook: people mark the files, and nothing is run."""
        return not self.notebook_name


class RevisionFile(models.Model):
    """A file of a revision's bundle, stored under its content's hash."""

    # SECURITY: the parts that students may read. The other parts hold the answers.
    OPEN_PARTS: ClassVar = (Part.HANDOUT, Part.PUBLIC)

    revision = models.ForeignKey(
        AssignmentRevision, models.CASCADE, related_name="files"
    )
    part = models.CharField(max_length=8, choices=Part.choices)
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="Largest size in bytes.")

    class Meta:
        ordering = ["part", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "part", "name"], name="revision_file_name_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(part__in=Part.values),
                name="revision_file_part_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part}/{self.name}"


class RequiredFile(models.Model):
    """A file that a student hands in: by name, kind and size."""

    revision = models.ForeignKey(
        AssignmentRevision, models.CASCADE, related_name="required_files"
    )
    name = models.CharField(
        max_length=120,
        validators=[
            RegexValidator(
                r"^[A-Za-z0-9][A-Za-z0-9._ ()-]*$",
                "Use letters, digits, dots, dashes, spaces and brackets only.",
            )
        ],
    )
    kind = models.CharField(max_length=12, choices=FileKind.choices)
    description = models.CharField(max_length=200, blank=True)
    max_bytes = models.PositiveBigIntegerField(validators=[MinValueValidator(1)])
    is_optional = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "name"], name="required_file_name_unique"
            ),
            models.UniqueConstraint(
                fields=["revision"],
                condition=models.Q(kind=FileKind.NOTEBOOK.value),
                name="required_file_one_notebook",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=FileKind.values),
                name="required_file_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    """A question of an assignment: a part that earns points.

    `checks` is a list of objects with the keys of `formats.assignment.Check`: name,
    points (a decimal as text), visibility, description, and success and failure where
    the author has written them.
    """

    revision = models.ForeignKey(
        AssignmentRevision, models.CASCADE, related_name="questions"
    )
    key = models.SlugField(max_length=60)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, help_text="What is asked, in one line.")
    kind = models.CharField(
        max_length=6, choices=QuestionKind.choices, default=QuestionKind.AUTO.value
    )
    style = models.CharField(
        max_length=9,
        choices=[(style.value, label) for style, label in TEST_STYLE_LABELS.items()],
        default=TestStyle.FUNCTIONS.value,
        help_text="How the tests of the question are written.",
    )
    points = models.DecimalField(max_digits=7, decimal_places=2)
    checks = models.JSONField(default=list, blank=True)
    rubric = models.ForeignKey(
        Rubric,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="questions",
        help_text="How the question is marked, if people mark it.",
    )
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "key"]
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "key"], name="question_key_unique_in_revision"
            ),
            models.CheckConstraint(
                condition=models.Q(points__gte=0), name="question_points_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=QuestionKind.values),
                name="question_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    style__in=[style.value for style in TEST_STYLE_LABELS]
                ),
                name="question_style_known",
            ),
            models.CheckConstraint(
                condition=models.Q(kind=QuestionKind.MANUAL.value)
                | models.Q(rubric__isnull=True),
                name="question_rubric_by_hand_only",
            ),
        ]

    def __str__(self) -> str:
        return self.title
