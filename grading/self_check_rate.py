"""How many checks of their work a student has left: a token bucket, without a database.

The bucket holds `limit` checks at most, and gets one more after each `every` while it is
not full. Its level follows from the times of the checks alone: nothing else is stored.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ChecksLeft:
    """`left` of `limit` checks. `next_at` is when there is one more; None while full."""

    limit: int
    left: int
    every: dt.timedelta
    next_at: dt.datetime | None = None

    @property
    def is_on(self) -> bool:
        """Whether the assignment offers checks at all."""
        return self.limit > 0


def checks_left(
    times: Sequence[dt.datetime], *, limit: int, every: dt.timedelta, now: dt.datetime
) -> ChecksLeft:
    """Return what is left after checks at these times, in their order.

    `times` are all checks since the bucket was last full, or more: see `since_full`.
    """
    # The bucket is full again at this time, if no further check is made.
    full_at: dt.datetime | None = None
    for at in times:
        # Checks from before the limit was lowered do not make the bucket emptier than
        # empty.
        latest = at + limit * every
        full_at = min(max(full_at or at, at) + every, latest)
    if full_at is None or full_at <= now:
        return ChecksLeft(limit=limit, left=limit, every=every)
    missing = -((now - full_at) // every)  # rounded up
    left = max(limit - missing, 0)
    return ChecksLeft(
        limit=limit,
        left=left,
        every=every,
        next_at=full_at - (missing - 1) * every,
    )


def since_full(
    latest_first: Iterable[dt.datetime], *, limit: int, every: dt.timedelta
) -> list[dt.datetime]:
    """Return the times since the bucket was last certainly full, the earliest first.

    It is full after a pause in which it can be filled from empty.
    """
    found: list[dt.datetime] = []
    for at in latest_first:
        if found and found[-1] - at >= limit * every:
            break
        found.append(at)
    return found[::-1]
