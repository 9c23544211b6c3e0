"""Copies of model rows."""

import copy
from typing import TypeVar

from django.db.models import Model

RowT = TypeVar("RowT", bound=Model)


def unsaved_copy(row: RowT, **changes: object) -> RowT:
    """Return an unsaved copy of the row with all its fields, and these changes."""
    copied = copy.copy(row)  # copies the state too: Model.__getstate__
    copied.pk, copied._state.adding = None, True  # noqa: SLF001  as Django's docs do
    copied.__dict__.pop("_prefetched_objects_cache", None)
    for name, value in changes.items():
        setattr(copied, name, value)
    return copied
