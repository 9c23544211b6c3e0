"""How fast a marker marks, and how long the rest takes. This module uses no database."""

import datetime as dt
import math
from collections.abc import Iterable
from typing import Final

# Hours before now in which markings count for the pace.
RECENT: Final = dt.timedelta(hours=24)
_HOUR: Final = dt.timedelta(hours=1)


def pace(finished: Iterable[dt.datetime], now: dt.datetime) -> float | None:
    """Return markings in an hour, or None if there are none of the last day.

    Only hours in which the person marked are counted, so breaks do not slow the pace.
    """
    hours = [int((now - at) / _HOUR) for at in finished if now - RECENT < at <= now]
    return len(hours) / len(set(hours)) if hours else None


def time_left(waiting: int, per_hour: float | None) -> dt.timedelta | None:
    """Return how long the waiting answers take at this pace, in quarters of an hour.

    It is time of marking, without breaks. None if the pace is not known.
    """
    if not waiting or not per_hour:
        return None
    return math.ceil(waiting / per_hour * 4) * _HOUR / 4


def time_in_words(left: dt.timedelta) -> str:
    """Return a time of marking such as `45 min`, `3 h` or `3 h 15 min`."""
    hours, minutes = divmod(round(left / dt.timedelta(minutes=1)), 60)
    parts = [(hours, "h"), (minutes, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
