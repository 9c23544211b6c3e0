"""Form fields for a moment, entered by the clocks of a course.

They read and show times in Django's current zone, so views set it to the course's zone:
`timezone.override(course.tz)`.
"""

import datetime as dt
import zoneinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils import timezone

from courses.wall_clock import check_hour


def by_current_clocks(naive: dt.datetime) -> dt.datetime:
    """Return the moment at which the clocks of the current zone show this time.

    Raises ValidationError for a time that the clocks skip or show twice; its message
    says what to enter.
    """
    zone = timezone.get_current_timezone()
    if isinstance(zone, zoneinfo.ZoneInfo):
        check_hour(naive, zone)
    moment: dt.datetime = from_current_timezone(naive)
    return moment


class _StoredMomentMixin:
    """Keeps the stored moment if the person did not change what the page showed.

    The page does not show the seconds of a moment, nor which of two equal hours it is
    in when the clocks go back.
    """

    def _clean_bound_field(self, bf: Any) -> Any:
        stored = bf.form.initial.get(bf.name)
        if stored is not None and not self.has_changed(bf.initial, bf.data):  # type: ignore[attr-defined]
            return stored
        return self.clean(bf.data)  # type: ignore[attr-defined]


class MomentInput(forms.DateTimeInput):
    """A browser's field for a day and a time."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class MomentField(_StoredMomentMixin, forms.DateTimeField):
    """A date and a time in one browser field, by the clocks of the current zone."""

    widget = MomentInput

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether the entered text differs from what the page showed."""
        widget: Any = self.widget
        shown = widget.format_value(self.prepare_value(initial)) or ""
        return bool(shown != (data or ""))

    def to_python(self, value: Any) -> Any:
        """Return the moment, or raise ValidationError with what to enter instead."""
        try:
            return super().to_python(value)
        except ValidationError as error:
            raise _in_words(error) from error


class SplitMomentField(_StoredMomentMixin, forms.SplitDateTimeField):
    """A date and a time in two fields, as in the admin."""

    def compress(self, data_list: Any) -> Any:
        """Return the moment, or raise ValidationError with what to enter instead."""
        try:
            return super().compress(data_list)
        except ValidationError as error:
            raise _in_words(error) from error


def _in_words(error: ValidationError) -> ValidationError:
    """Return the error; for a skipped or doubled hour, one that says what to enter."""
    if error.code != "ambiguous_timezone":
        return error
    params: Any = error.params
    try:
        by_current_clocks(params["datetime"])
    except ValidationError as found:
        return found
    return error
