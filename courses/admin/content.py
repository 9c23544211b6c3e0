"""Weeks and materials."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from courses.admin.scope import CourseScopedAdmin, ScopedInline
from courses.models import Material, Week

if TYPE_CHECKING:
    MaterialForm = forms.ModelForm[Material]
else:
    MaterialForm = forms.ModelForm


class MaterialOfWeekForm(MaterialForm):
    """A material on its week's page belongs to the week's course."""

    def clean(self) -> dict[str, Any]:
        if self.instance.week is not None:
            self.instance.course_id = self.instance.week.course_id
        return super().clean() or self.cleaned_data


class MaterialInline(ScopedInline):
    model = Material
    form = MaterialOfWeekForm
    fields = ["kind", "code", "title", "url", "file", "examinable", "position"]


@admin.register(Week)
class WeekAdmin(CourseScopedAdmin):
    list_display = ["number", "title", "course", "starts_on", "release_at"]
    list_display_links = ["number", "title"]
    list_filter = [("course", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["course"]
    search_fields = ["title", "number", "course__title", "course__slug"]
    autocomplete_fields = ["course"]
    date_hierarchy = "starts_on"

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [MaterialInline] if obj else []


@admin.register(Material)
class MaterialAdmin(CourseScopedAdmin):
    list_display = [
        "title",
        "code",
        "kind",
        "week",
        "course",
        "examinable",
        "release_at",
    ]
    list_filter = [
        ("course", admin.RelatedOnlyFieldListFilter),
        "kind",
        "examinable",
    ]
    list_select_related = ["week", "course"]
    search_fields = ["code", "title"]
    autocomplete_fields = ["course", "week"]
    date_hierarchy = "release_at"
