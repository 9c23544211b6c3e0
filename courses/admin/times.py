"""Times in the admin: entered and shown by the clocks of the row's course.

A page of one row has one course, so Django's current zone is that course's while the
page is read and written. A list may have rows of many courses, so each time names its
zone.
"""

import zoneinfo
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import formats, timezone
from django.utils.text import capfirst

from courses.admin.rights import COURSE_OF, zones_of_edited_courses
from courses.forms.moments import SplitMomentField
from courses.models import Course
from courses.wall_clock import moment_words


class CourseMomentWidget(AdminSplitDateTime):
    """The fields of a moment, with the name of the current zone beside them.

    `zone_words` is shown instead if the zone is entered on the same page.
    """

    zone_words = ""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        return {**context, "zone_words": self.zone_words or zone_name()}


MOMENTS: Final[dict[Any, dict[str, Any]]] = {
    models.DateTimeField: {
        "form_class": SplitMomentField,
        "widget": CourseMomentWidget,
    }
}


def zone_name() -> str:
    """Return the name of the current zone, such as America/New_York."""
    return timezone.get_current_timezone_name()


class MixedZonesList(ChangeList):
    """A list that has no navigation by dates if its rows have several zones."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.may_have_dates = not getattr(request, "_mixed_zones", False)
        super().__init__(request, *args, **kwargs)

    def get_filters(self, request: HttpRequest) -> Any:
        if not self.may_have_dates:
            self.date_hierarchy = None
        return super().get_filters(request)


class CourseTimes(admin.ModelAdmin[Any]):
    """Reads and shows the times of its rows by the clocks of their course.

    `course_path` is the lookup from a row to its course.
    """

    course_path = ""

    def path_to_course(self) -> str:
        """Return the lookup from a row to its course; "pk" for a course itself."""
        return self.course_path or COURSE_OF[self.model]

    # --- The page of a row ---------------------------------------------------

    def zone_of_page(
        self, request: HttpRequest, object_id: str | None
    ) -> zoneinfo.ZoneInfo | None:
        """Return the zone of the row's course, or None if there is no row."""
        if object_id is None or not self._is_key(object_id):
            return None
        path = self.path_to_course()
        lookup = "time_zone" if path == "pk" else f"{path}__time_zone"
        rows = self.model._default_manager.filter(pk=object_id)  # noqa: SLF001  documented
        name: Any = rows.values_list(lookup, flat=True).first()
        return zoneinfo.ZoneInfo(name) if name else None

    def _is_key(self, text: str) -> bool:
        try:
            self.model._meta.pk.to_python(text)  # noqa: SLF001  Django's documented name
        except ValidationError:
            return False
        return True

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        with timezone.override(self.zone_of_page(request, object_id)):
            page = super().changeform_view(request, object_id, form_url, extra_context)
            return rendered(page)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> Any:
        with timezone.override(self.zone_of_page(request, object_id)):
            return rendered(super().history_view(request, object_id, extra_context))

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: Any
    ) -> None:
        """Store the page's related rows, and show how entered times were understood."""
        super().save_related(request, form, formsets, change)
        said = [
            f"{capfirst(str(form.fields[name].label))}: {_in_words(moment)}"
            for name in form.changed_data
            if isinstance(form.fields[name], forms.SplitDateTimeField)
            and (moment := form.cleaned_data.get(name)) is not None
        ]
        if said:
            self.message_user(request, f"{'; '.join(said)} ({zone_name()}).")

    # --- The list ------------------------------------------------------------

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)
        model: Any = self.model
        return [_column(model, self.path_to_course(), name) for name in columns]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return MixedZonesList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        zone = self._zone_of_list(request)
        request._mixed_zones = zone is None  # type: ignore[attr-defined]  # noqa: SLF001  for the list
        with timezone.override(zone):
            return rendered(super().changelist_view(request, extra_context))

    def _zone_of_list(self, request: HttpRequest) -> zoneinfo.ZoneInfo | None:
        """Return the one zone of all rows that may be listed, or None."""
        names = self.zones_of_list(request)
        chosen = request.GET.get(f"{self.path_to_course()}__id__exact", "")
        if len(names) > 1 and chosen.isdecimal():
            rows = Course.objects.filter(pk=chosen)
            names = set(rows.values_list("time_zone", flat=True))
        return zoneinfo.ZoneInfo(names.pop()) if len(names) == 1 else None

    def zones_of_list(self, request: HttpRequest) -> set[str]:
        """Return the time zones of all courses whose rows the person may be shown."""
        return zones_of_edited_courses(request)


def rendered(page: HttpResponseBase) -> HttpResponseBase:
    """Return the page rendered: later the zone is no longer the current one."""
    return page.render() if isinstance(page, TemplateResponse) else page


def _in_words(moment: Any) -> str:
    return moment_words(moment, zoneinfo.ZoneInfo(zone_name()))


@cache
def _column(model: Any, path: str, name: Any) -> Any:
    """Return the column; for a time, a function that shows it by the course's zone."""
    known = {f.name: f for f in model._meta.fields}  # noqa: SLF001  documented
    field = known.get(name) if isinstance(name, str) else None
    if not isinstance(field, models.DateTimeField):
        return name
    return _time_column(field, path)


def _time_column(
    field: "models.DateTimeField[Any, Any]", path: str
) -> Callable[[Any], str | None]:
    steps = [] if path == "pk" else path.split("__")

    @admin.display(description=str(field.verbose_name), ordering=field.name)
    def column(row: Any) -> str | None:
        moment = getattr(row, field.name)
        if moment is None:
            return None
        course = row
        for step in steps:
            course = getattr(course, step)
        return formats.date_format(moment.astimezone(course.tz), "DATETIME_FORMAT")

    column.__name__ = field.name
    return column
