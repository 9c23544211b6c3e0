"""Rows that the admin's search fields offer; lecturers get their courses' people."""

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from courses.admin.rights import edits_any_course, people_taught_by, user_of


class ScopedAutocompleteView(AutocompleteJsonView):
    """Search rows that the person may choose.

    Lecturers see no page of accounts. They find the people of the courses that they
    edit.
    """

    def has_perm(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may search rows of this kind."""
        if super().has_perm(request, obj):
            return True
        return self.model_admin.model is User and edits_any_course(request)

    def get_queryset(self) -> QuerySet[Any]:
        """Return the rows that match what was typed.

        SECURITY: without this limit, the names and addresses of people in other courses
        could be searched.
        """
        rows: QuerySet[Any] = super().get_queryset()
        user = user_of(self.request)
        if self.model_admin.model is not User or user is None or user.is_superuser:
            return rows
        return rows.filter(pk__in=people_taught_by(user))
