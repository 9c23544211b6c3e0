"""Choices of a form in the admin: rows of the course whose page it is.

A week, a lecture or a name on the timetable is only of use in its own course, and
there are few of them. So their choices are those of the course of the row that is
edited; where a row is added, those of all courses that the person edits, with the
course's name. They are read once for a form, however many rows its inlines have.
"""

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from accounts.models import User
from courses.admin.rights import COURSE_OF, editable, user_of
from courses.models import Component, Course, Lecture, Room, Session, Teacher, Week

if TYPE_CHECKING:
    BaseAdmin = admin.options.BaseModelAdmin[Any]
else:
    BaseAdmin = object

OF_ONE_COURSE: Final[tuple[type[models.Model], ...]] = (
    Component,
    Lecture,
    Session,
    Teacher,
    Week,
)


def _course_of_page(model: type[models.Model], request: HttpRequest) -> int | None:
    """The course of the row whose page is asked for. One query in a request."""
    match, user = request.resolver_match, user_of(request)
    row = match.kwargs.get("object_id") if match else None
    if row is None or user is None or not row.isdecimal():
        return None
    if not hasattr(request, "_course_of_page"):
        found = editable(model, user).filter(pk=row).values_list(COURSE_OF[model])
        known = found.first()
        request._course_of_page = known and known[0]  # type: ignore[attr-defined]  # noqa: SLF001
    course: int | None = request._course_of_page  # type: ignore[attr-defined]  # noqa: SLF001
    return course


class CourseChoices(BaseAdmin):
    """Offers, and takes, only rows of courses that the person edits."""

    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        self._scope(db_field, request, kwargs)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return self._with_choices(db_field, request, field)

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        self._scope(db_field, request, kwargs)
        if db_field.remote_field.model in OF_ONE_COURSE:
            kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        return self._with_choices(db_field, request, field)

    def _scope(
        self, db_field: Any, request: HttpRequest, kwargs: dict[str, Any]
    ) -> None:
        related, user = db_field.remote_field.model, user_of(request)
        if related is User and user is not None and not user.is_superuser:
            # SECURITY: or names of people elsewhere could be asked for, one by one.
            courses = Course.objects.editable_by(user)
            people = User.objects.filter(enrolments__course__in=courses).distinct()
            kwargs.setdefault("queryset", people)
        if related in COURSE_OF and user is not None:
            # SECURITY: this is also what a forged choice is checked against.
            kwargs.setdefault("queryset", self._rows(related, request, user))

    def _rows(
        self, related: type[models.Model], request: HttpRequest, user: User
    ) -> models.QuerySet[Any]:
        rows = editable(related, user)
        if related not in OF_ONE_COURSE:
            return rows
        page = getattr(self, "parent_model", self.model)
        course = _course_of_page(page, request) if page in COURSE_OF else None
        rows = rows.select_related("course", *(["week"] if related is Session else []))
        if course is not None:
            return rows.filter(course=course)
        order = rows.model._meta.ordering  # noqa: SLF001  Django's documented name
        return rows.order_by("course", *order)

    def _with_choices(self, db_field: Any, request: HttpRequest, field: Any) -> Any:
        """The field with its choices as a list: inlines would ask for them again."""
        related = db_field.remote_field.model
        is_listed = related in OF_ONE_COURSE or related is Room
        if field is None or not is_listed or db_field.name in self.autocomplete_fields:
            return field
        rows = list(field.queryset)
        courses = {getattr(row, "course_id", None) for row in rows}
        field.choices = [
            *([("", field.empty_label)] if getattr(field, "empty_label", None) else []),
            *(
                (row.pk, f"{row} ({row.course.slug})" if len(courses) > 1 else str(row))
                for row in rows
            ),
        ]
        return field
