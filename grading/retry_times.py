"""How long runs and workers wait after faults of the portal."""

import secrets

from django.conf import settings


def growing_pause(times: int) -> float:
    """Return how many seconds to wait after so many faults in a row: 1 is the first.

    The wait doubles with each fault up to LONGEST_RETRY_SECONDS. It is spread by a
    half in both directions, so that what failed together is not tried together.
    """
    doubled = settings.RETRY_SECONDS * 2.0 ** min(max(times, 1) - 1, 30)
    spread = 0.5 + secrets.randbelow(1000) / 1000
    return min(doubled, settings.LONGEST_RETRY_SECONDS) * spread
