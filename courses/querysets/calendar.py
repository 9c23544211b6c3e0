"""Stored versions of calendars."""

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from courses.models import CalendarHistory


class CalendarHistoryQuerySet(models.QuerySet["CalendarHistory"]):
    """Stored versions of what calendar programs were sent."""

    def store_if_current(
        self, history: "CalendarHistory", events: dict[str, Any]
    ) -> bool:
        """Store what was sent; return False if another request stored its own first."""
        same = self.filter(pk=history.pk, version=history.version)
        return bool(same.update(events=events, version=models.F("version") + 1))
