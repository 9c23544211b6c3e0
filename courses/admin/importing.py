"""Tables in and out, of one's own courses only."""

from typing import Any

from django.http import HttpRequest
from import_export.admin import ImportExportMixin
from import_export.formats import base_formats

from courses.admin.rights import editable, edits_any, user_of
from courses.models import Course


class ScopedImportExport(ImportExportMixin):
    """Imports into courses that the person edits, and exports no other's rows."""

    # SECURITY: not YAML, whose aliases make gigabytes of a few hundred bytes.
    formats = [base_formats.CSV, base_formats.TSV, base_formats.JSON]

    def has_import_permission(self, request: HttpRequest) -> bool:
        return edits_any(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return edits_any(request)

    def get_import_resource_kwargs(
        self, request: HttpRequest, **kwargs: Any
    ) -> dict[str, Any]:
        own = super().get_import_resource_kwargs(request, **kwargs)
        user = user_of(request)
        # SECURITY: a row of another course is not found, whatever the table says.
        courses = editable(Course, user) if user else Course.objects.none()
        return {**own, "courses": courses, "actor": user}
