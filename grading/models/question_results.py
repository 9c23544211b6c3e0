"""What a run found for each question."""

from django.db import models
from django.db.models import Q

from courses.models import Question
from grading.models.runs import GradingRun


class QuestionResult(models.Model):
    """What a run found for one question.

    `checks` is a list of objects with the keys of `grading.scoring.CheckResult`.
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
    # SECURITY: traces have a column of their own, so that code which shows `checks`
    # cannot show them.
    traces = models.JSONField(
        default=dict,
        blank=True,
        help_text=(
            "Only for staff: the error of each check's test, by the check's name."
        ),
    )
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
