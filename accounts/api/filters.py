"""The filters of the API's lists. Each refuses a value that it cannot read.

Django's own filters ignore a value that they cannot read, and return every row.
"""

import datetime as dt
import re
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.dateparse import parse_datetime
from django_filters import rest_framework as filters
from django_filters.constants import EMPTY_VALUES
from rest_framework.exceptions import ErrorDetail
from rest_framework.exceptions import ValidationError as RefusedValue

from accounts.http import sender
from accounts.models import User

MAX_NUMBER: Final = 2**31 - 1
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2200
_SHOWN: Final = 60
_DIGITS: Final = re.compile(r"[0-9]{1,10}")
_WRITTEN: Final = {"true": True, "1": True, "false": False, "0": False}


class WholeNumberField(forms.IntegerField):
    """Accept 0 to 2**31 - 1, written in at most ten ASCII digits.

    SECURITY: the text is checked before it is converted. `int(Decimal("1e1000000"))`
    blocks every thread of the process for minutes.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "min_value": 0, "max_value": MAX_NUMBER})

    def to_python(self, value: Any) -> int | None:
        """Return the number, or None for an empty value. Raises ValidationError."""
        text = str(value).strip() if value not in self.empty_values else ""
        if text and not _DIGITS.fullmatch(text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return int(text) if text else None


class NumberFilter(filters.NumberFilter):
    """Filter by a number or an id. Every filterset uses this filter for numbers."""

    field_class = WholeNumberField

    def get_max_validator(self) -> None:
        """Return None: the field has its own limits."""


class TrueFalseField(forms.Field):
    """Accept true or false, in any case, or 1 or 0."""

    def to_python(self, value: Any) -> bool | None:
        """Return the boolean, or None for an empty value. Raises ValidationError."""
        text = str(value).strip().lower() if value not in self.empty_values else ""
        if text and text not in _WRITTEN:
            raise ValidationError("Write true or false.", code="invalid")
        return _WRITTEN.get(text)


class BooleanFilter(filters.BooleanFilter):
    """Filter by yes or no."""

    field_class = TrueFalseField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The widget of django-filter turns an unknown value into an empty one.
        super().__init__(*args, **{**kwargs, "widget": forms.TextInput})


class ChoiceFilter(filters.ChoiceFilter):
    """Filter by one of some words. The error message for another word lists them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        words = ", ".join(str(value) for value, _ in kwargs["choices"])
        messages = {"invalid_choice": f"This is not one of the choices: {words}."}
        super().__init__(*args, **{**kwargs, "error_messages": messages})


class SlugField(forms.SlugField):
    """Accept letters, digits, hyphens and underscores, of which slugs are made."""


class SlugFilter(filters.CharFilter):
    """Filter by a slug."""

    field_class = SlugField


class VisibleRowFilter(filters.Filter):
    """Filter by a row that the person sees; any other is refused, and the value named.

    SECURITY: a row that is hidden from the person gives the same error as a row that
    does not exist.
    """

    noun: str
    # The field by which the parameter names the row.
    by: str

    def visible(self, user: User) -> models.QuerySet[Any]:
        """Return the rows that the parameter may name."""
        raise NotImplementedError

    def filter(self, qs: Any, value: Any) -> Any:
        """Return the rows that belong to it. Raises ValidationError. One query."""
        if value in EMPTY_VALUES:
            return qs
        filterset: Any = self.parent
        rows = self.visible(sender(filterset.request))
        if not rows.filter(**{self.by: value}).exists():
            name = next(n for n, own in filterset.filters.items() if own is self)
            words = f"There is no {self.noun} “{str(value)[:_SHOWN]}” that you see."
            raise RefusedValue({name: [ErrorDetail(words, f"unknown_{self.noun}")]})
        return self.narrowed(qs, value)

    def narrowed(self, qs: Any, value: Any) -> Any:
        """Return the rows that belong to the row with this value."""
        return super().filter(qs, value)


class PatternFilter(filters.CharFilter):
    """Filter by a text that matches `pattern`; `words` say how to write it."""

    field_class = forms.RegexField

    def __init__(self, *args: Any, pattern: str, words: str, **kwargs: Any) -> None:
        messages = {"invalid": words}
        super().__init__(*args, regex=pattern, error_messages=messages, **kwargs)


class MomentField(forms.Field):
    """Accept a time with its offset, which every database can compare.

    A time without an offset is another moment in each zone, so it is refused.
    """

    def to_python(self, value: Any) -> dt.datetime | None:
        """Return the time, or None for an empty value. Raises ValidationError."""
        if value in self.empty_values:
            return None
        try:
            moment = parse_datetime(str(value).strip())
        except ValueError:
            moment = None
        if moment is not None and not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise ValidationError(
                f"Give a time between the years {FIRST_YEAR} and {LAST_YEAR}.",
                code="invalid",
            )
        if moment is None or moment.tzinfo is None:
            raise ValidationError(
                # The message is formatted with %, so each % is doubled.
                "Write a time with its offset, such as 2027-02-05T09:00:00Z or "
                "2027-02-05T09:00:00%%2B01:00: in an address, + is written %%2B.",
                code="invalid",
            )
        return moment


class MomentFilter(filters.IsoDateTimeFilter):
    """Filter by a time."""

    field_class = MomentField
