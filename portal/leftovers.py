"""What killed processes, and people who did not go on, have left on this machine."""

import datetime as dt
from typing import Final

from django.utils import timezone

from courses.services.held_uploads import forget_old_uploads
from storage.blobs import discard_abandoned
from submissions.attempt_opening import discard_expired_attempts
from submissions.reserved_room import forget_reserved_room

AGE: Final = dt.timedelta(days=1)


def discard_leftovers() -> int:
    """Delete what is old or has expired; return how many uploads and half files."""
    now = timezone.now()
    forget_reserved_room(now=now)
    return (
        discard_abandoned(older_than=AGE)
        + forget_old_uploads()
        + discard_expired_attempts(now=now)
    )
