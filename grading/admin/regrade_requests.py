"""Admin pages of regrade requests."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from accounts.http import SignedInRequest
from courses.admin.times import CourseTimes
from courses.permissions import work_is_not_hidden
from grading.admin.runs_and_marks import ReadOnly
from grading.models import RegradeRequest

if TYPE_CHECKING:
    RequestAdminBase = admin.ModelAdmin[RegradeRequest]
else:
    RequestAdminBase = admin.ModelAdmin


@admin.register(RegradeRequest)
class RegradeRequestAdmin(CourseTimes, ReadOnly, RequestAdminBase):
    """Regrade requests, to read. They are answered on the assignment's page."""

    course_path = "submission__assignment__course"

    def get_queryset(self, request: SignedInRequest) -> Any:  # type: ignore[override]  # only who is signed in comes here
        """Return all requests but those of work that a second marker must not know yet."""
        known = work_is_not_hidden(request.user, assignment="submission__assignment")
        return super().get_queryset(request).filter(known)

    list_display = ["submission", "key", "state", "points_before", "points_after"]
    list_filter = ["state"]
    list_select_related = [
        "submission__assignment__course",
        "submission__author",
        "answered_by",
    ]
    search_fields = [
        "submission__author__email",
        "submission__author__first_name",
        "submission__author__last_name",
        "submission__assignment__title",
    ]
    date_hierarchy = "made_at"
