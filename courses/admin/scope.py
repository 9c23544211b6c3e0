"""The admin follows the same table of rights as every page: courses.permissions.

Site staff edit everything. A lecturer whose account may enter the admin edits the
courses in which they are lecturer, sees no other, and finds no other in a form.
Django's own model permissions are not asked.
"""

from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from accounts.models import User
from courses.models import (
    Announcement,
    Assignment,
    AssignmentRevision,
    Attachment,
    Component,
    Course,
    CourseChange,
    Enrolment,
    Extension,
    Lecture,
    Material,
    Session,
    SessionLecture,
    Slot,
    Teacher,
    Week,
)

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
    AnyTabularInline = admin.TabularInline[Any, Any]
    BaseAdmin = admin.options.BaseModelAdmin[Any]
else:
    AnyModelAdmin = admin.ModelAdmin
    AnyTabularInline = admin.TabularInline
    BaseAdmin = object

# The way from a row to its course.
COURSE_OF: Final[dict[type[models.Model], str]] = {
    Course: "pk",
    Enrolment: "course",
    Week: "course",
    Teacher: "course",
    Slot: "course",
    Lecture: "course",
    Session: "course",
    SessionLecture: "session__course",
    Material: "course",
    Attachment: "material__course",
    Component: "course",
    Announcement: "course",
    CourseChange: "course",
    Assignment: "course",
    AssignmentRevision: "assignment__course",
    Extension: "assignment__course",
}


def editable(model: type[models.Model], user: User) -> models.QuerySet[Any]:
    """Return the rows of the courses that the person may edit."""
    rows = model._default_manager.all()  # noqa: SLF001  Django's documented name
    if user.is_superuser:
        return rows
    courses = Course.objects.editable_by(user)
    return rows.filter(**{f"{COURSE_OF[model]}__in": courses})


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def edits_any(request: HttpRequest) -> bool:
    """Whether the person edits any course; one query at most in a request."""
    user = _user(request)
    if user is None or not (user.is_active and user.is_staff):
        return False
    if user.is_superuser:
        return True
    if not hasattr(request, "_edits_any_course"):
        known = Course.objects.editable_by(user).exists()
        request._edits_any_course = known  # type: ignore[attr-defined]  # noqa: SLF001
    return bool(getattr(request, "_edits_any_course", False))


class ScopedFields(BaseAdmin):
    """Offers, and takes, only rows of courses that the person edits."""

    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        related, user = db_field.remote_field.model, _user(request)
        if related in COURSE_OF and user is not None:
            # SECURITY: this is also what a forged choice is checked against.
            kwargs.setdefault("queryset", editable(related, user))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        related, user = db_field.remote_field.model, _user(request)
        if related in COURSE_OF and user is not None:
            # SECURITY: as above.
            kwargs.setdefault("queryset", editable(related, user))
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class CourseScopedAdmin(ScopedFields, AnyModelAdmin):
    """Shows and changes rows of courses that the person edits."""

    lecturers_add = True
    lecturers_delete = True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows, user = super().get_queryset(request), _user(request)
        if user is None:
            return rows.none()
        if user.is_superuser:
            return rows
        return rows.filter(pk__in=editable(self.model, user))

    def _may(self, request: HttpRequest, row: models.Model | None) -> bool:
        if not edits_any(request):
            return False
        user = _user(request)
        if user is None or user.is_superuser or row is None:
            return user is not None
        return editable(self.model, user).filter(pk=row.pk).exists()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return edits_any(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        is_superuser = bool(getattr(request.user, "is_superuser", False))
        return edits_any(request) and (self.lecturers_add or is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_superuser = bool(getattr(request.user, "is_superuser", False))
        return self._may(request, obj) and (self.lecturers_delete or is_superuser)


class ScopedInline(ScopedFields, AnyTabularInline):
    """Rows on their parent's page; who may change the parent may change them."""

    extra = 0
    show_change_link = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_any(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_any(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_any(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_any(request)


class FrozenInline(ScopedInline):
    """Rows on their parent's page that nobody changes there."""

    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
