"""Keys that name rows in addresses, course files and calendars, and never change."""

from itertools import count
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.text import slugify

_LONGEST: Final = 50


def free_slug(words: str, others: QuerySet[Any]) -> str:
    """Return a key made from these words that no row of `others` has. One query."""
    wanted = slugify(words)[:_LONGEST].strip("-") or "item"
    taken = set(
        others.filter(key__startswith=wanted).values_list("key", flat=True),
    )
    if wanted not in taken:
        return wanted
    return next(key for n in count(2) if (key := f"{wanted}-{n}") not in taken)
