"""Base classes of admin pages with rows of the person's own courses only."""

import zoneinfo
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR
from django.db import models
from django.http import HttpRequest
from django.template.response import TemplateResponse

from accounts.models import User
from courses.admin.course_choices import CHOSEN, CourseChoices, course_of_page
from courses.admin.rights import COURSE_OF, editable_rows, edits_any_course, user_of
from courses.admin.times import CourseTimes
from courses.models import Course

__all__ = [
    "COURSE_OF",
    "CourseScopedAdmin",
    "FrozenInline",
    "ReadOnlyAdmin",
    "ScopedInline",
    "editable_rows",
    "edits_any_course",
    "user_of",
]


MOST_ROWS: Final = 200


def _edits_row(request: HttpRequest, user: User, row: models.Model) -> bool:
    """Return whether the person edits the row's course. Looked up once in a request."""
    known: dict[tuple[type, object], bool] = request.__dict__.setdefault(
        "_edited_rows", {}
    )
    key = (type(row), row.pk)
    if key not in known:
        known[key] = editable_rows(type(row), user).filter(pk=row.pk).exists()
    return known[key]


class CourseScopedAdmin(CourseTimes, CourseChoices, admin.ModelAdmin[Any]):
    """Shows and changes rows of courses that the person edits.

    If there are several courses, one is chosen before a row is added.
    """

    lecturers_add = True
    lecturers_delete = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # A row keeps its course: the rows that belong to it would stay in the old one.
        fields = list(super().get_readonly_fields(request, obj))
        names = {field.name for field in self.model._meta.fields}  # noqa: SLF001  documented
        moves = obj is not None and "course" in names and "course" not in fields
        return [*fields, "course"] if moves else fields

    def zone_of_page(
        self, request: HttpRequest, object_id: str | None
    ) -> zoneinfo.ZoneInfo | None:
        course = course_of_page(self.model, request)
        return course.tz if course else None

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> Any:
        if (
            request.method == "GET"
            and self.model is not Course
            and self.has_add_permission(request)
            and course_of_page(self.model, request) is None
        ):
            return self._choice_of_course(request)
        return super().add_view(request, form_url, extra_context)

    def _choice_of_course(self, request: HttpRequest) -> TemplateResponse:
        """Return the page on which the course of a new row is chosen."""
        user = user_of(request)
        courses = editable_rows(Course, user) if user else Course.objects.none()
        query = request.GET.copy()
        query.pop(CHOSEN, None)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Add {self.opts.verbose_name}",
            "opts": self.opts,
            "is_popup": IS_POPUP_VAR in request.GET,
            "courses": courses.order_by("-academic_year", "title", "pk"),
            "query": query.urlencode(),
        }
        return TemplateResponse(request, "admin/courses/choose_course.html", context)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows, user = super().get_queryset(request), user_of(request)
        if user is None:
            return rows.none()
        if user.is_superuser:
            return rows
        return rows.filter(pk__in=editable_rows(self.model, user))

    def _may(self, request: HttpRequest, row: models.Model | None) -> bool:
        if not edits_any_course(request):
            return False
        user = user_of(request)
        if user is None or user.is_superuser or row is None:
            return user is not None
        return _edits_row(request, user, row)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return edits_any_course(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        is_superuser = bool(getattr(request.user, "is_superuser", False))
        return edits_any_course(request) and (self.lecturers_add or is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_superuser = bool(getattr(request.user, "is_superuser", False))
        return self._may(request, obj) and (self.lecturers_delete or is_superuser)


class ScopedInline(CourseChoices, admin.TabularInline[Any, Any]):
    """Rows on their parent's page. Whoever may change the parent may change them."""

    extra = 0
    # A form itself says how many rows it sends, and each is built and shown.
    max_num = 150
    show_change_link = True

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(
            request, obj, **{**kwargs, "absolute_max": MOST_ROWS}
        )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_any_course(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_any_course(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_any_course(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_any_course(request)


class FrozenInline(ScopedInline):
    """Rows on their parent's page that nobody may change there."""

    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(CourseScopedAdmin):
    """Rows that only services write: nobody adds, edits or deletes them by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
