import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0007_self_checks"),
        ("grading", "0011_late_penalty_is_computed"),
        ("submissions", "0004_removed_content"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SelfCheck",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "idempotency_key",
                    models.CharField(
                        blank=True,
                        help_text="Hash of the sender's key and the content, as for a submission.",
                        max_length=64,
                    ),
                ),
                (
                    "warnings",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Warnings about the files: formats.problems.Problem as JSON.",
                    ),
                ),
                (
                    "dropped_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the portal let its files go. The results are kept.",
                        null=True,
                    ),
                ),
                (
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="self_checks",
                        to="courses.assignment",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="self_checks",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "handed_in_as",
                    models.ForeignKey(
                        blank=True,
                        help_text="The attempt that its files were handed in as, if they were.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="submissions.submission",
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="self_checks",
                        to="courses.assignmentrevision",
                    ),
                ),
            ],
            options={
                "ordering": ["-asked_at"],
                "indexes": [
                    models.Index(
                        fields=["assignment", "author", "-asked_at"],
                        name="self_check_of_author",
                    ),
                    models.Index(
                        fields=["author", "-asked_at"], name="self_check_own_list"
                    ),
                    models.Index(
                        condition=models.Q(("dropped_at__isnull", True)),
                        fields=["asked_at"],
                        name="self_check_with_files",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("idempotency_key", ""), _negated=True),
                        fields=("author", "idempotency_key"),
                        name="self_check_idempotency_key_unique",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SelfCheckFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "name",
                    models.CharField(help_text="The required name.", max_length=120),
                ),
                (
                    "original_name",
                    models.CharField(
                        help_text="The name of the file on the student's machine.",
                        max_length=255,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("notebook", "Jupyter notebook (.ipynb)"),
                            ("safetensors", "Weights (.safetensors)"),
                            ("state_dict", "PyTorch state dict (.pt, .pth)"),
                            ("torchscript", "TorchScript program (.pt)"),
                            ("other", "Any file"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "sha256",
                    models.CharField(
                        blank=True,
                        help_text="Empty once the content is dropped.",
                        max_length=64,
                    ),
                ),
                ("size", models.PositiveBigIntegerField(help_text="In bytes.")),
                (
                    "self_check",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="grading.selfcheck",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("self_check", "name"),
                        name="self_check_file_name_unique",
                    )
                ],
            },
        ),
        migrations.AlterField(
            model_name="gradingrun",
            name="submission",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty for a trial and for a self-check.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="submissions.submission",
            ),
        ),
        migrations.AddField(
            model_name="gradingrun",
            name="self_check",
            field=models.OneToOneField(
                blank=True,
                help_text="The self-check that it executes, if it is the run of one.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="run",
                to="grading.selfcheck",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="gradingrun",
            name="grading_run_of_work_or_trial",
        ),
        migrations.AddConstraint(
            model_name="gradingrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("self_check__isnull", True),
                        ("submission__isnull", False),
                        ("trial", ""),
                    ),
                    models.Q(
                        ("copied_from__isnull", True),
                        ("regrade__isnull", True),
                        ("self_check__isnull", True),
                        ("submission__isnull", True),
                        ("trial__in", ["solution", "handout"]),
                    ),
                    models.Q(
                        ("automatic_points__isnull", True),
                        ("copied_from__isnull", True),
                        ("input_sha256", ""),
                        ("regrade__isnull", True),
                        ("self_check__isnull", False),
                        ("submission__isnull", True),
                        ("trial", ""),
                    ),
                    _connector="OR",
                ),
                name="grading_run_of_work_trial_or_self_check",
            ),
        ),
    ]
