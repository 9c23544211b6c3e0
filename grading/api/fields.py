"""API fields that several documents have: points, and the times of a run."""

import datetime as dt
from typing import Any, Final

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from grading.models import GradingRun
from grading.services import shown_times

WHEN: Final = "Students see it only to the minute."


def points_field(**options: Any) -> serializers.DecimalField:
    """Return a field for points, as text so that no program rounds them by accident."""
    return serializers.DecimalField(max_digits=9, decimal_places=2, **options)


class KnownFieldsSerializer(serializers.Serializer[Any]):
    """What somebody sends, without any name that is not known.

    A misspelt name would otherwise change something else than was meant.
    """

    def to_internal_value(self, data: Any) -> Any:
        """Return the values. Raises ValidationError for a name that is not known."""
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            words = ErrorDetail("There is no such field.", code="unknown_field")
            raise ValidationError({str(name)[:40]: [words] for name in unknown})
        return super().to_internal_value(data)


class RunTimeField(serializers.DateTimeField):
    """A time of a run, to the second only in rows that have `sees_all`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, help_text=WHEN, **options)

    def get_attribute(self, instance: GradingRun) -> dt.datetime | None:
        """Return the time as precisely as it may be shown."""
        sees_all = bool(getattr(instance, "sees_all", False))
        times = shown_times(instance, sees_all=sees_all)
        found: dt.datetime | None = getattr(times, str(self.source))
        return found
