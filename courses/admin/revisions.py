"""Read-only admin pages of revisions. A change needs a new import."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from courses.admin.scope import FrozenInline, ReadOnlyAdmin
from courses.models import AssignmentRevision, Question, RequiredFile, RevisionFile


class AssignmentRevisionInline(FrozenInline):
    model = AssignmentRevision
    fields = ["number", "notebook_name", "environment", "queue", "created_at"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("assignment")


class RequiredFileInline(FrozenInline):
    model = RequiredFile
    fields = ["name", "kind", "max_bytes", "is_optional", "description"]


class QuestionInline(FrozenInline):
    model = Question
    fields = ["key", "title", "kind", "style", "points", "checks"]


class RevisionFileInline(FrozenInline):
    model = RevisionFile
    fields = ["part", "name", "size", "sha256"]


@admin.register(AssignmentRevision)
class AssignmentRevisionAdmin(ReadOnlyAdmin):
    list_display = [
        "assignment",
        "course",
        "number",
        "environment",
        "queue",
        "created_at",
        "created_by",
    ]
    list_filter = [
        ("assignment__course", admin.RelatedOnlyFieldListFilter),
        "environment",
        "queue",
    ]
    list_select_related = ["assignment__course", "created_by"]
    search_fields = ["assignment__title", "assignment__slug"]
    date_hierarchy = "created_at"
    inlines = [RequiredFileInline, QuestionInline, RevisionFileInline]

    @admin.display(ordering="assignment__course")
    def course(self, revision: AssignmentRevision) -> str:
        return str(revision.assignment.course)
