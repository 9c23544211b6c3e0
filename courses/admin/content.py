"""Admin pages of weeks and materials."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from courses.admin.filters import ContentFilter, ReleasedFilter, WeekFilter
from courses.admin.importing import ScopedImportExport
from courses.admin.inlines import AttachmentInline, MaterialInline, SessionInline
from courses.admin.resources import MaterialResource, WeekResource
from courses.admin.saving import SavedByServices
from courses.admin.scope import CourseScopedAdmin
from courses.models import Material, Week


@admin.register(Week)
class WeekAdmin(ScopedImportExport, SavedByServices, CourseScopedAdmin):
    resource_classes = [WeekResource]
    list_display = ["number", "title", "course", "starts_on", "release_at"]
    list_display_links = ["number", "title"]
    list_filter = [("course", admin.RelatedOnlyFieldListFilter), ReleasedFilter]
    list_select_related = ["course"]
    search_fields = ["title", "number", "course__title", "course__slug"]
    autocomplete_fields = ["course"]
    date_hierarchy = "starts_on"

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [SessionInline, MaterialInline] if obj else []


class MaterialForm(forms.ModelForm[Material]):
    """Checks that the other weeks of a material are in its own course."""

    def clean_also_in(self) -> Any:
        weeks = self.cleaned_data["also_in"]
        course = self.cleaned_data.get("course") or getattr(
            self.instance, "course", None
        )
        if course and any(week.course_id != course.pk for week in weeks):
            raise ValidationError("These weeks belong to another course.")
        return weeks


@admin.register(Material)
class MaterialAdmin(ScopedImportExport, SavedByServices, CourseScopedAdmin):
    """Materials of a course. Students are told when a file is replaced."""

    resource_classes = [MaterialResource]
    form = MaterialForm
    inlines = [AttachmentInline]
    list_display = [
        "title",
        "code",
        "kind",
        "week",
        "course",
        "examinable",
        "release_at",
        "opens_at",
    ]
    list_filter = [
        ("course", admin.RelatedOnlyFieldListFilter),
        WeekFilter,
        "kind",
        "examinable",
        "access",
        ReleasedFilter,
        ContentFilter,
    ]
    list_select_related = ["week", "course"]
    search_fields = ["code", "title", "key", "description", "attribution"]
    autocomplete_fields = ["course"]
    date_hierarchy = "release_at"
    readonly_fields = ["replaced_at"]
    fieldsets = [
        (None, {"fields": ["course", "kind", ("code", "key"), "title", "description"]}),
        (
            "Content",
            {
                "fields": [
                    ("url", "access"),
                    ("file", "replaced_at"),
                    "body",
                    "attribution",
                ]
            },
        ),
        (
            "Place",
            {"fields": ["week", "also_in", "session", "lecture", "position"]},
        ),
        ("For students", {"fields": ["release_at", "opens_at", "examinable"]}),
    ]
