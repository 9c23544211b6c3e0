"""The admin pages of submissions. They are read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from accounts.models import User
from courses.admin.long_lists import (
    ChosenAssignmentFilter,
    ChosenCourseFilter,
    LongList,
)
from courses.models import Assignment, Course
from courses.permissions import can_view_work_of
from courses.work_lists import StaffedKeys, own_or_staffed, staffed_keys
from formats.submission_words import size_in_words
from submissions.models import Submission, SubmittedFile


class SubmittedFileInline(admin.TabularInline[Any, Any]):
    model = SubmittedFile
    fields = ["download", "original_name", "kind", "bytes", "sha256", "removed_at"]
    readonly_fields = ["download", "bytes"]
    can_delete = False
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("submission")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # whoever sees the submission sees its files

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="name")
    def download(self, file: SubmittedFile) -> str:
        if file.removed_at is not None:
            return file.name
        address = reverse("submissions:file", args=[file.submission_id, file.name])
        return format_html('<a href="{}">{}</a>', address, file.name)

    @admin.display(description="size")
    def bytes(self, file: SubmittedFile) -> str:
        return size_in_words(file.size)


class LateFilter(admin.SimpleListFilter):
    """Late or on time, by the deadlines as they are now."""

    title = "late"
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # No index knows what is late, so it is asked of a course, not of all work.
        if self.value() is None and not model_admin.is_narrow(request):
            return []
        return [("1", "Late"), ("0", "On time")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in {"0", "1"}:
            return queryset
        return queryset.late(is_late=self.value() == "1")


def _staffed_by(request: HttpRequest, user: User) -> StaffedKeys | None:
    """Return the assignments of the courses that the person staffs, None for all.

    One query at most in a request.
    """
    if user.is_superuser:
        return None
    if not hasattr(request, "_staffed_assignments"):
        found = staffed_keys(user, Assignment.objects.all())
        request._staffed_assignments = found  # type: ignore[attr-defined]  # noqa: SLF001
    keys: StaffedKeys = request._staffed_assignments  # type: ignore[attr-defined]  # noqa: SLF001
    return keys


@admin.register(Submission)
class SubmissionAdmin(LongList):
    course_path = "assignment__course"
    order = ("-received_at",)
    owner, titled = "author", "assignment"
    narrow = (
        ChosenCourseFilter.parameter_name,
        ChosenAssignmentFilter.parameter_name,
    )
    list_display = [
        "author",
        "assignment",
        "course",
        "attempt",
        "received_at",
        "late",
        "number_of_files",
    ]
    list_filter = [
        ChosenCourseFilter,
        ChosenAssignmentFilter,
        LateFilter,
        "received_at",
    ]
    search_fields = [
        "author__email",
        "author__first_name",
        "author__last_name",
        "author__login",
        "assignment__title",
    ]
    date_hierarchy = "received_at"
    inlines = [SubmittedFileInline]
    fields = [
        "author",
        "assignment",
        "revision",
        "attempt",
        "started_at",
        "received_at",
        "late",
        "told_on_receipt",
    ]
    readonly_fields = ["late", "told_on_receipt"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        if not isinstance(request.user, User):
            none: QuerySet[Any] = rows.none()
            return none
        staffed = _staffed_by(request, request.user)
        if staffed is not None:
            rows = own_or_staffed(rows, staffed, field="assignment", own=Q(pk__in=[]))
        chosen: QuerySet[Any] = (
            rows.with_extra_time()
            .select_related("author", "assignment__course", "revision__assignment")
            .prefetch_related("files")
        )
        return chosen

    def sees_few(self, request: HttpRequest) -> bool:
        if not isinstance(request.user, User):
            return True
        staffed = _staffed_by(request, request.user)
        return staffed is not None and staffed.is_few

    def zones_of_list(self, request: HttpRequest) -> set[str]:
        """Return the time zones of the courses whose work the person sees."""
        if not isinstance(request.user, User):
            return set()
        courses = Course.objects.staffed_by(request.user).order_by()
        return set(courses.values_list("time_zone", flat=True).distinct())

    @admin.display(ordering="assignment__course")
    def course(self, submission: Submission) -> str:
        return str(submission.assignment.course)

    @admin.display(description="late")
    def late(self, submission: Submission) -> str:
        """Return whether the work is late by the author's deadline as it is now."""
        return "late" if submission.is_late else "on time"

    @admin.display(description="files")
    def number_of_files(self, submission: Submission) -> int:
        return len(submission.files.all())

    @admin.display(description="warnings", empty_value="none")
    def told_on_receipt(self, submission: Submission) -> str:
        lines = ((warning.get("message", ""),) for warning in submission.warnings)
        return format_html_join("", "<p>{}</p>", lines)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person sees everybody's work in that course, or in any."""
        if not isinstance(request.user, User) or not request.user.is_staff:
            return False
        if obj is not None:
            return can_view_work_of(request.user, obj.assignment)
        staffed = Course.objects.staffed_by(request.user)
        return request.user.is_superuser or staffed.exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
