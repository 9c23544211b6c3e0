"""Runs and marks for site staff: to read, and to run again or cancel."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.http import SignedInRequest
from grading.models import (
    GradingRun,
    Mark,
    MarkChange,
    QuestionResult,
    RunEvent,
    RunnerEnvironment,
)
from grading.services import cancel_run, rerun

if TYPE_CHECKING:
    from django.contrib.admin.options import InlineModelAdmin

    RunAdminBase = admin.ModelAdmin[GradingRun]
    MarkAdminBase = admin.ModelAdmin[Mark]
    EnvironmentAdminBase = admin.ModelAdmin[RunnerEnvironment]
    EventInlineBase = admin.TabularInline[RunEvent, GradingRun]
    ResultInlineBase = admin.TabularInline[QuestionResult, GradingRun]
    ChangeInlineBase = admin.TabularInline[MarkChange, Mark]
else:
    RunAdminBase = MarkAdminBase = EnvironmentAdminBase = admin.ModelAdmin
    EventInlineBase = ResultInlineBase = ChangeInlineBase = admin.TabularInline


class ReadOnly:
    """Rows that only services write: nobody adds, edits or deletes them by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RunEventInline(ReadOnly, EventInlineBase):
    model = RunEvent
    fields = ["at", "source", "target", "code", "lease_token", "actor", "detail"]


class QuestionResultInline(ReadOnly, ResultInlineBase):
    model = QuestionResult
    fields = ["question", "outcome", "points", "seconds", "checks"]


class MarkChangeInline(ReadOnly, ChangeInlineBase):
    model = MarkChange
    fields = ["at", "before", "after", "reason", "actor", "run"]
    fk_name = "mark"


@admin.register(GradingRun)
class GradingRunAdmin(ReadOnly, RunAdminBase):
    list_display = [
        "student",
        "attempt",
        "number",
        "state",
        "code",
        "platform_tries",
        "queued_at",
        "finished_at",
    ]
    list_filter = ["state", "verdict", "queue", "submission__assignment"]
    list_select_related = ["submission__assignment", "submission__author"]
    search_fields = [
        "=id",
        "submission__author__email",
        "submission__author__last_name",
        "submission__author__login",
    ]
    date_hierarchy = "queued_at"
    inlines: "ClassVar[list[type[InlineModelAdmin[Any, Any]]]]" = [
        RunEventInline,
        QuestionResultInline,
    ]
    actions = ["run_again", "cancel"]

    @admin.display(ordering="submission__author__last_name")
    def student(self, run: GradingRun) -> str:
        """Who handed the work in."""
        return run.submission.author.name

    @admin.display(ordering="submission__attempt")
    def attempt(self, run: GradingRun) -> int:
        """Which of the student's attempts it is."""
        return run.submission.attempt

    @admin.action(description="Run the work again", permissions=["act"])
    def run_again(self, request: SignedInRequest, runs: QuerySet[GradingRun]) -> None:
        for run in runs.select_related("submission"):
            rerun(actor=request.user, submission=run.submission)
        self.message_user(request, "The work is in the queue.")

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: SignedInRequest, runs: QuerySet[GradingRun]) -> None:
        count = sum(cancel_run(actor=request.user, run=run) for run in runs)
        self.message_user(request, f"{count} cancelled or about to be.")

    def has_act_permission(self, request: SignedInRequest) -> bool:
        """Whether the person may do more than look."""
        return request.user.has_perm("grading.change_gradingrun")


@admin.register(Mark)
class MarkAdmin(ReadOnly, MarkAdminBase):
    list_display = [
        "student",
        "assignment",
        "automatic_points",
        "manual_points",
        "adjustment",
        "late_penalty",
        "final_points",
        "updated_at",
    ]
    list_filter = ["assignment"]
    list_select_related = ["student", "assignment__course"]
    search_fields = ["student__email", "student__last_name", "student__login"]
    inlines: "ClassVar[list[type[InlineModelAdmin[Any, Any]]]]" = [MarkChangeInline]


@admin.register(RunnerEnvironment)
class RunnerEnvironmentAdmin(ReadOnly, EnvironmentAdminBase):
    list_display = ["name", "python", "level", "recorded_at"]
