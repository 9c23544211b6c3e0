"""Choices in admin forms: only rows of the course that the page belongs to.

A week, a lecture or a name on the timetable is only of use in its own course, and there
are few of them. So a form offers those of the course of the row that is edited. Where a
row is added, it offers those of all courses that the person edits, with the course's
name. They are loaded once for a form, however many rows its inlines have.
"""

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from accounts.models import User
from courses.admin.rights import (
    COURSE_OF,
    editable_rows,
    edited_courses,
    people_taught_by,
    user_of,
)
from courses.admin.times import MOMENTS
from courses.models import (
    Accommodation,
    Assignment,
    Component,
    Course,
    Extension,
    Lecture,
    Room,
    Session,
    Teacher,
    Week,
)
from formats.choices import Role

# Models whose rows are about people of their course.
OF_ITS_PEOPLE: Final = (Accommodation, Extension, Teacher)
# The parameter by which a page that adds a row is told the course.
CHOSEN: Final = "course"
MOST_DIGITS: Final = 10
OF_ONE_COURSE: Final[tuple[type[models.Model], ...]] = (
    Assignment,
    Component,
    Lecture,
    Session,
    Teacher,
    Week,
)


def course_of_page(model: type[models.Model], request: HttpRequest) -> Course | None:
    """Return the course of the page's row, if the person edits it, or None.

    For a row that is added, it is the course that was chosen for it. Looked up once in
    a request.
    """
    if not hasattr(request, "_course_of_page"):
        request._course_of_page = _find_course(model, request)  # type: ignore[attr-defined]  # noqa: SLF001
    course: Course | None = request._course_of_page  # type: ignore[attr-defined]  # noqa: SLF001
    return course


def _find_course(model: type[models.Model], request: HttpRequest) -> Course | None:
    match, user = request.resolver_match, user_of(request)
    row = match.kwargs.get("object_id") if match else None
    if user is None or model not in COURSE_OF:
        return None
    courses = Course.objects.editable_by(user)
    if row is not None:
        return _course_of(model, row, courses)
    if model is Course:
        return None
    # For a new row, the course is found through the row's first foreign key.
    name = COURSE_OF[model].split("__")[0]
    given = (
        request.POST.get(name) or request.POST.get(CHOSEN) or request.GET.get(CHOSEN)
    )
    if given is None and request.method == "GET":
        few = list(courses[:2]) if user.is_superuser else edited_courses(request, user)
        return few[0] if len(few) == 1 else None
    if name == "course" or not request.POST.get(name):
        return _course_of(Course, given, courses)
    related: Any = model._meta.get_field(name).related_model  # noqa: SLF001  documented
    return _course_of(related, given, courses)


def _course_of(
    model: type[models.Model], key: str | None, courses: models.QuerySet[Course]
) -> Course | None:
    if key is None or not key.isdecimal() or len(key) > MOST_DIGITS:
        return None
    rows = model._default_manager.filter(pk=key)  # noqa: SLF001  Django's documented name
    return courses.filter(pk__in=rows.values(COURSE_OF[model])).first()


def _name_and_address(person: Any) -> str:
    return f"{person.name} ({person.email})"


def _people_filter(page: type[models.Model], course: Course) -> dict[str, Any]:
    """Return the filter of people for such a row: only students get extra time."""
    of_course: dict[str, Any] = {"enrolments__course": course}
    if page in (Accommodation, Extension):
        of_course["enrolments__role"] = Role.STUDENT
    return of_course


class CourseChoices(admin.options.BaseModelAdmin[Any]):
    """Offers and accepts only rows of courses that the person edits."""

    formfield_overrides = {models.URLField: {"assume_scheme": "https"}, **MOMENTS}

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        page = getattr(self, "parent_model", self.model)
        course = course_of_page(page, request)
        related = db_field.remote_field.model
        if related is Course and course is not None:
            # It was chosen on the page before, and the form's other choices and times
            # follow it.
            kwargs |= {"queryset": Course.objects.filter(pk=course.pk)}
            kwargs |= {"widget": forms.Select, "empty_label": None}
        if related is User and course is not None and page in OF_ITS_PEOPLE:
            people = User.objects.filter(**_people_filter(page, course)).distinct()
            kwargs |= {"queryset": people, "widget": forms.Select}
        self._scope(db_field, request, kwargs)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if related is User and isinstance(field, forms.ModelChoiceField):
            named: Any = field
            named.label_from_instance = _name_and_address
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
            kwargs.setdefault("queryset", people_taught_by(user))
            # Autocomplete is only for those who may see all people.
            kwargs.setdefault("widget", forms.Select)
        if related in COURSE_OF and user is not None:
            # SECURITY: a forged choice is checked against this queryset too.
            kwargs.setdefault("queryset", self._rows(related, request, user))

    def _rows(
        self, related: type[models.Model], request: HttpRequest, user: User
    ) -> models.QuerySet[Any]:
        rows = editable_rows(related, user)
        if related not in OF_ONE_COURSE:
            return rows
        page = getattr(self, "parent_model", self.model)
        course = course_of_page(page, request)
        rows = rows.select_related("course", *(["week"] if related is Session else []))
        if course is not None:
            return rows.filter(course=course)
        order = rows.model._meta.ordering  # noqa: SLF001  Django's documented name
        return rows.order_by("course", *order)

    def _with_choices(self, db_field: Any, request: HttpRequest, field: Any) -> Any:
        """List the field's choices, so that inlines do not load them again."""
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
