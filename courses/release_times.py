"""Whether what has a release time is out."""

import datetime as dt


def is_out(release_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether students see it already. Without a time it is hidden."""
    return release_at is not None and release_at <= now
