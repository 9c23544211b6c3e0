"""The rule that says whether something with a release time is released."""

import datetime as dt


def is_released(release_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Return whether students see it at `now`. Without a release time it is hidden."""
    return release_at is not None and release_at <= now
