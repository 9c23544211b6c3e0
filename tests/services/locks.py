"""Waiting in PostgreSQL until another connection waits for a lock."""

from django.db import connection

from tests.services.processes import wait_until


def wait_for_a_lock() -> None:
    """Return once another connection waits for a row of this transaction's."""

    def is_waited_for() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            row: tuple[int] = cursor.fetchone()
            return row[0] > 0

    wait_until(is_waited_for, seconds=30, what="another connection waits")
