"""Fields for texts that people write, each with a length that can be rendered."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models

# SECURITY: a page renders what it shows, so no text is longer than that takes a moment.
MAX_MARKDOWN: Final = 50_000


def markdown_field(**options: Any) -> "models.TextField[str, str]":
    """Return a field for Markdown, whose length forms and imports check."""
    return models.TextField(validators=[MaxLengthValidator(MAX_MARKDOWN)], **options)


def texts_of(value: Any) -> list[str]:
    """Return the texts of a JSON list. A form holds anything until it is checked."""
    listed = value if isinstance(value, list) else []
    return [each for each in listed if isinstance(each, str)]


def validate_texts(value: Any) -> None:
    """Raise ValidationError unless the value is a list of texts that are not empty."""
    if not isinstance(value, list) or [t.strip() for t in texts_of(value)] != value:
        raise ValidationError('Write a list of texts, such as ["70010", "97111"].')
    if not all(value):
        raise ValidationError("A text of the list is empty.")
