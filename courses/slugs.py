"""Names of rows that stay the same: in addresses, course files and calendars."""

from itertools import count
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.text import slugify

_LONGEST: Final = 50


def free_slug(words: str, others: QuerySet[Any]) -> str:
    """Return a key made from the words that none of the other rows has. One query."""
    wanted = slugify(words)[:_LONGEST].strip("-") or "item"
    taken = set(
        others.filter(key__startswith=wanted).values_list("key", flat=True),
    )
    if wanted not in taken:
        return wanted
    return next(key for n in count(2) if (key := f"{wanted}-{n}") not in taken)
