"""Admin pages of rooms, teachers, standing hours, lectures and sessions."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest

from courses.admin.course_choices import CourseChoices
from courses.admin.filters import ReleasedFilter, TakesPlaceFilter, WeekFilter
from courses.admin.importing import ScopedImportExport
from courses.admin.inlines import MaterialInline, SessionLectureInline
from courses.admin.resources import LectureResource, SessionResource
from courses.admin.saving import SavedByServices
from courses.admin.scope import CourseScopedAdmin, edits_any_course
from courses.models import Lecture, Room, Session, Slot, Teacher
from courses.models.texts import texts_of
from courses.services.timetable import (
    SessionRefusedError,
    cancel_session,
    restore_session,
)


@admin.register(Room)
class RoomAdmin(CourseChoices, admin.ModelAdmin[Any]):
    """Rooms. Anybody who edits a course may add one; only site staff change them."""

    list_display = ["name", "other_names", "url"]
    search_fields = ["name", "aliases_text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        text: QuerySet[Any] = rows.annotate(aliases_text=Cast("aliases", TextField()))
        return text

    @admin.display(description="other spellings")
    def other_names(self, room: Room) -> str:
        return ", ".join(texts_of(room.aliases))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return edits_any_course(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_any_course(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return edits_any_course(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_any_course(request) and bool(
            getattr(request.user, "is_superuser", False)
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)


@admin.register(Teacher)
class TeacherAdmin(CourseScopedAdmin):
    list_display = ["name", "course", "user", "position"]
    list_display_links = ["name"]
    list_filter = [("course", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["course", "user"]
    search_fields = ["name", "user__email", "user__last_name", "course__slug"]
    autocomplete_fields = ["course"]


@admin.register(Slot)
class SlotAdmin(CourseScopedAdmin):
    list_display = ["__str__", "course", "kind", "room", "online_label"]
    list_filter = [("course", admin.RelatedOnlyFieldListFilter), "kind", "weekday"]
    list_select_related = ["course", "room"]
    search_fields = ["course__slug", "course__title", "room__name", "online_label"]
    autocomplete_fields = ["course", "room"]


@admin.register(Lecture)
class LectureAdmin(ScopedImportExport, SavedByServices, CourseScopedAdmin):
    resource_classes = [LectureResource]
    list_display = ["number", "title", "course", "examinable"]
    list_display_links = ["number", "title"]
    list_filter = [("course", admin.RelatedOnlyFieldListFilter), "examinable"]
    list_select_related = ["course"]
    search_fields = ["number", "title", "course__slug"]
    autocomplete_fields = ["course"]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [MaterialInline] if obj else []


class SessionForm(forms.ModelForm[Session]):
    """Checks that a session's teachers are on its own course's timetable."""

    def clean_teachers(self) -> Any:
        teachers = self.cleaned_data["teachers"]
        course = self.cleaned_data.get("course") or getattr(
            self.instance, "course", None
        )
        if course and any(teacher.course_id != course.pk for teacher in teachers):
            raise ValidationError(
                "These people are on the timetable of another course."
            )
        return teachers


class ReasonedActionForm(ActionForm):
    """The form of an action, with the reason for it."""

    reason = forms.CharField(label="Reason", required=False, max_length=200)


@admin.register(Session)
class SessionAdmin(ScopedImportExport, SavedByServices, CourseScopedAdmin):
    """Sessions. Cancelling or moving one keeps what was planned first."""

    resource_classes = [SessionResource]
    form = SessionForm
    action_form = ReasonedActionForm
    actions = ["cancel", "restore"]
    list_display = [
        "week_number",
        "session_name",
        "course",
        "starts_at",
        "place",
        "takes_place",
        "release_at",
    ]
    list_display_links = ["week_number", "session_name"]
    list_filter = [
        ("course", admin.RelatedOnlyFieldListFilter),
        WeekFilter,
        "kind",
        TakesPlaceFilter,
        ReleasedFilter,
        ("room", admin.RelatedOnlyFieldListFilter),
    ]
    search_fields = ["key", "title", "note", "teachers__name", "room__name"]
    autocomplete_fields = ["course"]
    date_hierarchy = "starts_at"
    readonly_fields = ["cancelled_at", "cancel_reason", "moved_from"]
    fieldsets = [
        (None, {"fields": ["course", "week", "kind", "title", "key", "position"]}),
        (
            "When and where",
            {
                "fields": [
                    ("starts_at", "ends_at"),
                    "room",
                    ("online_label", "online_url"),
                    ("queue_label", "queue_url"),
                ],
                "description": "Students are told when the time or the place changes.",
            },
        ),
        ("Who", {"fields": ["teachers", "by_team"]}),
        ("For students", {"fields": ["note", "release_at"]}),
        ("What happened", {"fields": ["cancelled_at", "cancel_reason", "moved_from"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.select_related("course", "week", "room")

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [SessionLectureInline, MaterialInline] if obj else []

    @admin.display(description="week", ordering="week__number")
    def week_number(self, session: Session) -> int:
        return session.week.number

    @admin.display(description="session", ordering="kind")
    def session_name(self, session: Session) -> str:
        return session.name

    @admin.display(ordering="room")
    def place(self, session: Session) -> str:
        places = [session.room.name if session.room else "", session.online_label]
        return " and ".join(filter(None, places)) or "-"

    @admin.display(description="takes place", boolean=True)
    def takes_place(self, session: Session) -> bool:
        return not session.is_cancelled

    @admin.action(description="Cancel the chosen sessions", permissions=["change"])
    def cancel(self, request: HttpRequest, sessions: QuerySet[Session]) -> None:
        """Cancel the chosen sessions, with the reason given beside the action."""
        self._each(request, sessions, cancel_session, "cancelled")

    @admin.action(description="Restore the chosen sessions", permissions=["change"])
    def restore(self, request: HttpRequest, sessions: QuerySet[Session]) -> None:
        """Undo the cancellation of the chosen sessions."""
        self._each(request, sessions, restore_session, "restored")

    def _each(
        self,
        request: HttpRequest,
        sessions: QuerySet[Session],
        service: Callable[..., Session],
        done: str,
    ) -> None:
        count = 0
        for session in sessions:
            try:
                service(
                    actor=request.user,
                    session=session,
                    reason=request.POST.get("reason", ""),
                )
                count += 1
            except SessionRefusedError as refused:
                self.message_user(request, f"{session}: {refused}", messages.ERROR)
        if count:
            noun = "session" if count == 1 else "sessions"
            self.message_user(request, f"{count} {noun} {done}; students are told.")
