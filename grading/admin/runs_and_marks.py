"""The admin's pages of runs and marks: site staff may read, run again or cancel."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.http import SignedInRequest
from courses.admin.long_lists import (
    ChosenAssignmentFilter,
    ChosenCourseFilter,
    LongChangeList,
    LongList,
)
from courses.admin.times import CourseTimes
from courses.models import AssignmentRevision
from courses.permissions import work_is_not_hidden
from grading.messages import describe
from grading.models import (
    GradingRun,
    Mark,
    MarkChange,
    Publication,
    QuestionResult,
    Regrade,
    RunEvent,
    RunnerEnvironment,
    WorkerPresence,
)
from grading.querysets import GradingRunQuerySet
from grading.services import (
    RerunRefusedError,
    cancel_run,
    load_counting_runs,
    rerun,
)

if TYPE_CHECKING:
    from django.contrib.admin.options import InlineModelAdmin

    EnvironmentAdminBase = admin.ModelAdmin[RunnerEnvironment]
    PresenceAdminBase = admin.ModelAdmin[WorkerPresence]
    PublicationAdminBase = admin.ModelAdmin[Publication]
    RegradeAdminBase = admin.ModelAdmin[Regrade]
    EventInlineBase = admin.TabularInline[RunEvent, GradingRun]
    ResultInlineBase = admin.TabularInline[QuestionResult, GradingRun]
    ChangeInlineBase = admin.TabularInline[MarkChange, Mark]
else:
    EnvironmentAdminBase = PresenceAdminBase = admin.ModelAdmin
    PublicationAdminBase = RegradeAdminBase = admin.ModelAdmin
    EventInlineBase = ResultInlineBase = ChangeInlineBase = admin.TabularInline


class ReadOnly:
    """An admin of rows that only services write: all permissions to change are off."""

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


class CourseOfRunFilter(ChosenCourseFilter):
    parameter_name = "revision__assignment__course__id__exact"
    field = "revision"
    rows = AssignmentRevision
    course = "assignment__course"


class AssignmentOfRunFilter(ChosenAssignmentFilter):
    parameter_name = "revision__assignment__id__exact"
    course_parameter = CourseOfRunFilter.parameter_name


class QueueFilter(admin.SimpleListFilter):
    """Filter by queue. Django's own filter reads every row to learn their names."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("cpu", "cpu"), ("gpu", "gpu")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(queue=self.value()) if self.value() else queryset


@admin.register(GradingRun)
class GradingRunAdmin(ReadOnly, LongList):
    course_path = "revision__assignment__course"
    order = ("-queued_at",)
    owner = "submission__author"
    narrow = (CourseOfRunFilter.parameter_name, AssignmentOfRunFilter.parameter_name)
    list_display = [
        "student",
        "attempt",
        "number",
        "state",
        "how_it_ended",
        "platform_tries",
        "queued_at",
        "finished_at",
    ]
    list_filter = [
        CourseOfRunFilter,
        AssignmentOfRunFilter,
        "state",
        "verdict",
        "trial",
        QueueFilter,
    ]
    list_select_related = [
        "submission__author",
        "submission__assignment",
        "revision__assignment__course",
    ]
    search_fields = [
        "=id",
        "submission__author__first_name",
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

    def get_queryset(self, request: HttpRequest) -> GradingRunQuerySet:
        """Return all runs but those of self-checks, which only their authors see."""
        rows: Any = super().get_queryset(request)
        found: GradingRunQuerySet = rows.without_self_checks()
        return found

    @admin.display(description="what", ordering="submission__author__last_name")
    def student(self, run: GradingRun) -> str:
        """Return the student who handed the work in, or the name of the trial."""
        if run.submission is None:
            return f"{run.revision}: {run.get_trial_display()}"
        return run.submission.author.name

    @admin.display(description="result", ordering="code")
    def how_it_ended(self, run: GradingRun) -> str:
        """Return where the run is or how it ended, in the words of the run's page."""
        return describe(run, is_own=False).title

    @admin.display(ordering="submission__attempt", empty_value="trial")
    def attempt(self, run: GradingRun) -> int | None:
        """Return the number of the student's attempt, or None for a trial."""
        return run.submission.attempt if run.submission else None

    @admin.action(description="Run the work again", permissions=["act"])
    def run_again(self, request: SignedInRequest, runs: GradingRunQuerySet) -> None:
        for run in runs.of_submissions().select_related("submission__author"):
            try:
                rerun(actor=request.user, submission=run.work)
            except RerunRefusedError as refused:
                self.message_user(request, str(refused), messages.ERROR)
            else:
                self.message_user(request, "The work has been put in the queue.")

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: SignedInRequest, runs: QuerySet[GradingRun]) -> None:
        count = sum(cancel_run(actor=request.user, run=run) for run in runs)
        self.message_user(request, f"{count} cancelled or being cancelled.")

    def has_act_permission(self, request: SignedInRequest) -> bool:
        """Return whether the person may run work again and cancel runs."""
        return request.user.has_perm("grading.change_gradingrun")


class MarkChangeList(LongChangeList):
    """A page of marks, with the runs that count loaded for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Any = load_counting_runs(self.result_list)


@admin.register(Mark)
class MarkAdmin(ReadOnly, LongList):
    course_path = "assignment__course"
    order = ("-assignment_id", "-student_id")
    owner = "student"
    narrow = (
        ChosenCourseFilter.parameter_name,
        ChosenAssignmentFilter.parameter_name,
    )
    list_display = [
        "student",
        "assignment",
        "automatic",
        "manual_points",
        "adjustment",
        "penalty",
        "final",
        "standing",
        "cap_percent",
        "cap_words",
        "updated_at",
    ]
    fields = [
        "student",
        "assignment",
        "run",
        "automatic",
        "manual_points",
        "adjustment",
        "penalty",
        "final",
        "standing",
        "updated_at",
    ]
    list_filter = [ChosenCourseFilter, ChosenAssignmentFilter]
    list_select_related = ["student", "assignment__course"]
    search_fields = [
        "student__email",
        "student__first_name",
        "student__last_name",
        "student__login",
    ]
    inlines: "ClassVar[list[type[InlineModelAdmin[Any, Any]]]]" = [MarkChangeInline]

    def get_queryset(self, request: SignedInRequest) -> Any:  # type: ignore[override]  # only who is signed in comes here
        """Return all marks but those that a second marker must not know yet."""
        rows: Any = super().get_queryset(request)
        return rows.filter(work_is_not_hidden(request.user, assignment="assignment"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return MarkChangeList

    @admin.display(description="automatic points")
    def automatic(self, mark: Mark) -> Decimal:
        """Return the points of the run that counts."""
        return mark.automatic_points

    @admin.display(description="late penalty")
    def penalty(self, mark: Mark) -> Decimal:
        """Return the points that are taken because the attempt that counts is late."""
        return mark.late_penalty

    @admin.display(description="final points", empty_value="no points")
    def final(self, mark: Mark) -> Decimal | None:
        """Return the final points of the mark, or None if there are none."""
        return mark.final_points


@admin.register(RunnerEnvironment)
class RunnerEnvironmentAdmin(ReadOnly, EnvironmentAdminBase):
    list_display = ["name", "python", "level", "recorded_at"]


@admin.register(WorkerPresence)
class WorkerPresenceAdmin(ReadOnly, PresenceAdminBase):
    list_display = [
        "name",
        "queues",
        "seen_at",
        "faults_in_a_row",
        "paused_until",
        "pause_code",
    ]


@admin.register(Publication)
class PublicationAdmin(CourseTimes, ReadOnly, PublicationAdminBase):
    course_path = "assignment__course"
    list_display = ["assignment", "revision_number", "at", "actor", "is_override"]
    list_filter = ["is_override", "assignment"]
    list_select_related = ["assignment__course", "revision", "actor"]
    date_hierarchy = "at"

    @admin.display(description="revision", ordering="revision__number")
    def revision_number(self, publication: Publication) -> int:
        """Return the number of the published revision."""
        return publication.revision.number


@admin.register(Regrade)
class RegradeAdmin(CourseTimes, ReadOnly, RegradeAdminBase):
    course_path = "assignment__course"
    list_display = [
        "assignment",
        "revision_number",
        "requested_at",
        "requested_by",
        "confirmed_at",
        "discarded_at",
    ]
    list_filter = ["assignment"]
    list_select_related = ["assignment__course", "revision", "requested_by"]
    date_hierarchy = "requested_at"

    @admin.display(description="revision", ordering="revision__number")
    def revision_number(self, regrade: Regrade) -> int:
        """Return the number of the revision by which the work is run again."""
        return regrade.revision.number
