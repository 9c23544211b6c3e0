"""Admin pages of announcements, and of the record of changes."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from courses.admin.filters import ReleasedFilter
from courses.admin.rights import signed_in_user
from courses.admin.scope import CourseScopedAdmin, ReadOnlyAdmin
from courses.models import Announcement, CourseChange
from courses.services.announcements import (
    AnnouncementContent,
    create_announcement,
    delete_announcement,
    edit_announcement,
)


class AnnouncementForm(forms.ModelForm[Announcement]):
    """Checks that an announcement ends after it is shown."""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        starts, ends = given.get("release_at"), given.get("ends_at")
        if starts and ends and ends <= starts:
            self.add_error(
                "ends_at",
                "It must end after it begins to be shown. Give a later end.",
            )
        return given


@admin.register(Announcement)
class AnnouncementAdmin(CourseScopedAdmin):
    """Announcements. Whoever writes one is its author."""

    form = AnnouncementForm
    list_display = [
        "title",
        "course",
        "author",
        "release_at",
        "ends_at",
        "is_pinned",
        "mailed_at",
    ]
    list_filter = [
        ("course", admin.RelatedOnlyFieldListFilter),
        ReleasedFilter,
        "is_pinned",
        "is_mailed",
    ]
    list_select_related = ["course", "author"]
    search_fields = ["title", "body", "course__slug"]
    autocomplete_fields = ["course"]
    date_hierarchy = "release_at"
    readonly_fields = ["author", "mailed_at", "created_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # It may have been mailed to the people of its course.
        return [*(["course"] if obj else []), *self.readonly_fields]

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        content = AnnouncementContent(
            title=obj.title,
            body=obj.body,
            release_at=obj.release_at,
            ends_at=obj.ends_at,
            is_pinned=obj.is_pinned,
            is_mailed=obj.is_mailed,
        )
        if change:
            edit_announcement(
                actor=signed_in_user(request), announcement=obj, content=content
            )
            return
        made = create_announcement(
            actor=signed_in_user(request), course=obj.course, content=content
        )
        obj.pk, obj.author = made.pk, made.author

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        delete_announcement(actor=signed_in_user(request), announcement=obj)

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[Announcement]
    ) -> None:
        for announcement in queryset.select_related("course"):
            delete_announcement(
                actor=signed_in_user(request), announcement=announcement
            )


@admin.register(CourseChange)
class CourseChangeAdmin(ReadOnlyAdmin):
    """The record of what was changed, read-only."""

    list_display = ["summary", "course", "kind", "is_public", "made_by", "made_at"]
    list_filter = [
        ("course", admin.RelatedOnlyFieldListFilter),
        "kind",
        "is_public",
        ("made_by", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["course", "made_by"]
    search_fields = ["summary", "reason", "before", "after"]
    date_hierarchy = "made_at"
