"""Model fields for texts that people write, with limits on their length."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models

from formats.declaration import QuestionsError, parse_questions
from formats.lengths import MAX_MARKDOWN
from formats.letter_scale import LetterScaleError, parse_letter_scale


def markdown_field(**options: Any) -> "models.TextField[str, str]":
    """Return a field for Markdown. Forms and imports check its length."""
    return models.TextField(validators=[MaxLengthValidator(MAX_MARKDOWN)], **options)


def validate_questions(value: str) -> None:
    """Raise ValidationError for a text that does not give questions of a declaration."""
    try:
        parse_questions(value)
    except QuestionsError as error:
        raise ValidationError(str(error)) from error


def validate_letter_scale(value: str) -> None:
    """Raise ValidationError for a text that gives no letter scale."""
    try:
        parse_letter_scale(value)
    except LetterScaleError as error:
        raise ValidationError(str(error)) from error


def texts_of(value: Any) -> list[str]:
    """Return the texts of a JSON list; other values are left out.

    In a form the value may be anything until it is validated.
    """
    listed = value if isinstance(value, list) else []
    return [each for each in listed if isinstance(each, str)]


def validate_texts(value: Any) -> None:
    """Raise ValidationError unless the value is a list of stripped, non-empty texts."""
    if not isinstance(value, list) or [t.strip() for t in texts_of(value)] != value:
        raise ValidationError('Write a list of texts, such as ["70010", "97111"].')
    if not all(value):
        raise ValidationError("One of the texts in the list is empty. Remove it.")
