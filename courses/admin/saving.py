"""Saving of admin forms through the services, as on every other page."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from accounts.models import User
from courses.models import Assignment, Course, Enrolment, Material, Session
from courses.services.edited_rows import (
    save_assignment,
    save_course,
    save_enrolment,
    save_material,
    save_session,
)

_SAVERS: Final[dict[type[Model], Callable[[User, Any], None]]] = {
    Assignment: lambda user, row: save_assignment(actor=user, assignment=row),
    Course: lambda user, row: save_course(actor=user, course=row),
    Enrolment: lambda user, row: save_enrolment(actor=user, enrolment=row),
    Material: lambda user, row: save_material(actor=user, material=row),
    Session: lambda user, row: save_session(actor=user, session=row),
}


class SavedByServices(admin.ModelAdmin[Any]):
    """Saves rows by their service, if their model has one.

    So students are told of another time, file or deadline, and it is recorded who
    changed somebody's role.
    """

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        if not _saved(request, obj):
            super().save_model(request, obj, form, change)

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: Any
    ) -> None:
        if formset.model not in _SAVERS:
            super().save_formset(request, form, formset, change)
            return
        rows = formset.save(commit=False)
        for row in formset.deleted_objects:
            row.delete()
        for row in rows:
            if row.pk is None and hasattr(row, "key"):
                # Several new rows may have got the same free key, so each key is made
                # again.
                row.key = ""
                row.clean()
            if not _saved(request, row):
                row.save()
        formset.save_m2m()


def save_by_service(user: User, row: Model) -> bool:
    """Store the row by its model's service; return False if the model has none."""
    saver = _SAVERS.get(type(row))
    if saver is not None:
        saver(user, row)
    return saver is not None


def _saved(request: HttpRequest, row: Model) -> bool:
    return isinstance(request.user, User) and save_by_service(request.user, row)
