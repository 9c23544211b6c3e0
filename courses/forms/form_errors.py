"""Errors that services and choices add to forms."""

from collections.abc import Mapping
from typing import Any

from django import forms

from courses.services.field_refusals import FieldsRefusedError


def add_faults(form: forms.Form, refused: FieldsRefusedError) -> None:
    """Add each fault to its field, and those without a field to the form."""
    for name, fault in refused.faults.items():
        form.add_error(name if name in form.fields else None, fault)


def require_time(
    form: forms.Form, given: Mapping[str, Any], *, choice: str, time: str, words: str
) -> None:
    """Add an error if the choice is “later” and no time was entered."""
    is_missing = not given.get(time) and time not in form.errors
    if given.get(choice) == "later" and is_missing:
        form.add_error(time, words)
