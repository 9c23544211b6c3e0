"""Admin pages of assignments and extensions."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from courses.admin.filters import ReleasedFilter
from courses.admin.revisions import AssignmentRevisionInline
from courses.admin.rights import signed_in_user
from courses.admin.saving import SavedByServices
from courses.admin.scope import CourseScopedAdmin, FrozenInline
from courses.models import Assignment, Extension
from courses.services.extensions import save_extension, withdraw_extension
from formats.late_rule_checks import RULE_FIELDS


class ExtensionInline(FrozenInline):
    model = Extension
    fields = ["student", "due_at", "reason", "granted_by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.select_related("student", "granted_by", "assignment")


@admin.register(Assignment)
class AssignmentAdmin(SavedByServices, CourseScopedAdmin):
    list_display = [
        "title",
        "course",
        "release_at",
        "due_at",
        "closes_at",
        "weight_percent",
        "revision_number",
    ]
    list_filter = [
        ("course", admin.RelatedOnlyFieldListFilter),
        ReleasedFilter,
        "counting",
        ("component", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["course", "revision"]
    search_fields = ["title", "slug", "course__title", "course__slug"]
    autocomplete_fields = ["course"]
    prepopulated_fields = {"slug": ["title"]}
    date_hierarchy = "due_at"
    lecturers_delete = False
    # Revisions are published on their own page, which shows the state of their trials.
    readonly_fields = ["revision"]
    fieldsets = [
        (None, {"fields": ["course", "week", "title", "slug", "summary"]}),
        (
            "Times",
            {
                "fields": [
                    "release_at",
                    "due_at",
                    "grace_minutes",
                    "closes_at",
                    "upload_minutes",
                ],
                "description": "Students are told when the deadline changes.",
            },
        ),
        (
            "Late work",
            {
                "fields": [*RULE_FIELDS],
                "description": "Without a rule of its own, the course's rule applies.",
            },
        ),
        (
            "Marks",
            {
                "fields": [
                    "pass_mark",
                    "max_attempts",
                    "cpu_budget_seconds",
                    "gpu_budget_seconds",
                    "counting",
                    "component",
                    "weight_percent",
                    "marks_released_at",
                ]
            },
        ),
        ("What is run", {"fields": ["revision"]}),
    ]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [AssignmentRevisionInline, ExtensionInline] if obj else []

    @admin.display(
        description="revision", ordering="revision__number", empty_value="none"
    )
    def revision_number(self, assignment: Assignment) -> int | None:
        return assignment.revision.number if assignment.revision else None


@admin.register(Extension)
class ExtensionAdmin(CourseScopedAdmin):
    """Extensions. Whoever saves one first is the person who granted it."""

    list_display = ["student", "assignment", "course", "due_at", "granted_by"]
    list_filter = [("assignment__course", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["student", "assignment__course", "granted_by"]
    search_fields = [
        "student__email",
        "student__first_name",
        "student__last_name",
        "assignment__title",
    ]
    readonly_fields = ["granted_by", "granted_at"]
    date_hierarchy = "granted_at"

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        user = signed_in_user(request)
        if obj.granted_by_id is None:
            obj.granted_by = user
        save_extension(actor=user, extension=obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        withdraw_extension(actor=signed_in_user(request), extension=obj)

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[Extension]
    ) -> None:
        for extension in queryset.select_related("assignment__course", "student"):
            withdraw_extension(actor=signed_in_user(request), extension=extension)

    @admin.display(ordering="assignment__course")
    def course(self, extension: Extension) -> str:
        return str(extension.assignment.course)
