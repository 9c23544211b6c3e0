"""Counts of rows for lists, which stop at a limit so that a count takes no time."""

from typing import Any, Final

from django.db.models import QuerySet

MOST_COUNTED: Final = 10_000


def bounded_count(rows: QuerySet[Any]) -> int | None:
    """Return how many rows there are, or None if they are more than `MOST_COUNTED`."""
    # Rows that are grouped already have columns of their own.
    is_grouped = rows.query.group_by is not None
    counted_rows = rows.order_by() if is_grouped else rows.order_by().values("pk")
    counted = counted_rows[: MOST_COUNTED + 1].count()
    return counted if counted <= MOST_COUNTED else None
