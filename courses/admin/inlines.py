"""Inlines: rows that are edited on the page of the row that they belong to."""

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db import models
from django.http import HttpRequest

from courses.admin.scope import ScopedInline
from courses.models import Attachment, Component, Material, Session, SessionLecture


class SameCourseForm(forms.ModelForm[Any]):
    """Puts a row of an inline into the course of its parent."""

    def clean(self) -> dict[str, Any]:
        row = self.instance
        for name in ("session", "lecture", "week"):
            parent = getattr(row, name, None)
            if parent is not None:
                row.course_id = parent.course_id
                break
        return super().clean() or self.cleaned_data


class MaterialInline(ScopedInline):
    """Materials of a week, a session or a lecture."""

    model = Material
    form = SameCourseForm
    fk_name: str | None = None
    fields = ["kind", "code", "title", "url", "file", "examinable", "position"]


class SessionInline(ScopedInline):
    """Sessions of a week."""

    model = Session
    form = SameCourseForm
    fields = [
        "kind",
        "title",
        "starts_at",
        "ends_at",
        "room",
        "online_label",
        "position",
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("week")


class SessionLectureInline(ScopedInline):
    """Lectures that a session treats."""

    model = SessionLecture
    fields = ["lecture", "part", "watch_before", "position"]
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.select_related("lecture", "session__week")


class AttachmentInline(ScopedInline):
    """Further files of a material."""

    model = Attachment
    fields = ["label", "url", "file", "position", "release_at"]
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("material")


class ComponentInline(ScopedInline):
    """The shares of a course's mark."""

    model = Component
    # Their rules are on the page of what counts: a table of all is too wide.
    fields = ["kind", "title", "weight_percent", "note", "position"]
    formfield_overrides = {
        **ScopedInline.formfield_overrides,
        models.TextField: {"widget": AdminTextareaWidget(attrs={"rows": 2})},
    }
    show_change_link = False
