"""Counts of rows for lists, which stop at a limit so that a count takes no time."""

from typing import Any, Final

from django.db.models import QuerySet

MOST_COUNTED: Final = 10_000


def bounded_count(rows: QuerySet[Any]) -> int | None:
    """Return how many rows there are, or None if they are more than `MOST_COUNTED`."""
    counted = rows.order_by().values("pk")[: MOST_COUNTED + 1].count()
    return counted if counted <= MOST_COUNTED else None
