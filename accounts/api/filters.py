"""The filter for numbers that every list of the API uses."""

import re
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django_filters import rest_framework as filters

MAX_NUMBER: Final = 2**31 - 1
_DIGITS: Final = re.compile(r"[0-9]{1,10}")


class WholeNumberField(forms.IntegerField):
    """Accept 0 to 2**31 - 1, written in at most ten ASCII digits.

    SECURITY: the text is checked before it is converted. `int(Decimal("1e1000000"))`
    stops every thread of the process for minutes.
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
    """Filter by a number or an id. No filterset uses another filter for numbers."""

    field_class = WholeNumberField

    def get_max_validator(self) -> None:
        """Return None: the field has its own limits."""
