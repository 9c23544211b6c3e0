"""Admin pages of requests for extensions."""

from django.contrib import admin

from courses.admin.scope import ReadOnlyAdmin
from courses.models import ExtensionRequest


@admin.register(ExtensionRequest)
class ExtensionRequestAdmin(ReadOnlyAdmin):
    """Requests for extensions, to read. They are answered on the course's page."""

    list_display = ["student", "assignment", "state", "wished_due_at", "made_at"]
    list_filter = ["state", ("assignment__course", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["student", "assignment__course", "answered_by"]
    search_fields = [
        "student__email",
        "student__first_name",
        "student__last_name",
        "assignment__title",
    ]
    date_hierarchy = "made_at"
