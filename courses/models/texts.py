"""Fields for texts that people write, each with a length that can be rendered."""

from typing import Any, Final

from django.core.validators import MaxLengthValidator
from django.db import models

# SECURITY: a page renders what it shows, so no text is longer than that takes a moment.
MAX_MARKDOWN: Final = 50_000


def markdown_field(**options: Any) -> "models.TextField[str, str]":
    """Return a field for Markdown, whose length forms and imports check."""
    return models.TextField(validators=[MaxLengthValidator(MAX_MARKDOWN)], **options)
