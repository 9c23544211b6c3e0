"""Keeps the statistics by which SQLite chooses an index. PostgreSQL does so by itself."""

import time
from typing import Final

from django.db import connection

# As SQLite's documentation of `PRAGMA optimize` advises for connections that stay open.
EVERY_SECONDS: Final = 3600.0
# The most rows of an index that are read, so that it takes milliseconds at any size.
ROWS_READ: Final = 400


class DatabaseStatistics:
    """Runs `PRAGMA optimize` at most once in EVERY_SECONDS.

    It looks at the tables that this connection has queried, so it belongs to the thread
    of the sweeper, whose queries are those of the queue.
    """

    def __init__(self) -> None:
        self._next = 0.0

    def keep_fresh(self) -> bool:
        """Run it if it is due, and return whether it ran."""
        if connection.vendor != "sqlite" or time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + EVERY_SECONDS
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA analysis_limit = {ROWS_READ}")
            cursor.execute("PRAGMA optimize")
        return True


statistics_of_database = DatabaseStatistics()
