"""Admin pages of assignments."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from courses.admin.filters import ReleasedFilter
from courses.admin.revisions import AssignmentRevisionInline
from courses.admin.saving import SavedByServices
from courses.admin.scope import CourseScopedAdmin, FrozenInline
from courses.models import Assignment, Extension
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
                    "cooldown_minutes",
                    "cpu_budget_seconds",
                    "gpu_budget_seconds",
                    "self_check_limit",
                    "self_check_minutes",
                    "counting",
                    "component",
                    "weight_percent",
                    "is_extra_credit",
                    "marks_out_of",
                    "marks_released_at",
                ]
            },
        ),
        (
            "Marking by hand",
            {
                "fields": [
                    "marking_is_anonymous",
                    "markers_see_own_only",
                    "agreed_above",
                    "regrades_until",
                    "regrade_limit",
                ]
            },
        ),
        (
            "Declaration",
            {"fields": ["declaration", "declaration_questions"]},
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
