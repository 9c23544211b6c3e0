"""What killed processes and previews that nobody confirmed have left on this machine."""

import datetime as dt
from typing import Final

from courses.services.held_uploads import forget_old_uploads
from storage.blobs import discard_abandoned

AGE: Final = dt.timedelta(days=1)


def discard_leftovers() -> int:
    """Delete what is at least a day old; return how many uploads and half files."""
    return discard_abandoned(older_than=AGE) + forget_old_uploads()
