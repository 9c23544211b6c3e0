"""Points as people type them, in forms of marking."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms

# The sign that word processors write.
_MINUS: Final = "\N{MINUS SIGN}"
# The longest text of points that is read as a number.
LONGEST_POINTS: Final = 12
_DECIMALS: Final = 2


def typed_points(text: str) -> Decimal | None:
    """Return the points that a person typed, or None if the text is no such number.

    A decimal comma is read as a point, and a minus sign as a hyphen. An empty text is
    None, and so is a number with more than two decimals: "1,000" would be one point for
    some people and a thousand for others.
    """
    plain = _plain(text)
    if not plain or len(plain) > LONGEST_POINTS:
        return None
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_DECIMALS:
        return None
    # SECURITY: arithmetic with exponents beyond these ends in an error.
    return number if number.adjusted() <= LONGEST_POINTS else None


class PointsField(forms.DecimalField):
    """A number of points, with two decimals at most, as `typed_points` reads it."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(
            **{
                "max_digits": 7,
                "decimal_places": _DECIMALS,
                "widget": widget,
                **options,
            }
        )

    def to_python(self, value: Any) -> Any:
        """Return the number. Raises ValidationError if it is none."""
        return super().to_python(_plain(value) if isinstance(value, str) else value)


def _plain(text: str) -> str:
    return text.strip().replace(",", ".").replace(_MINUS, "-")
