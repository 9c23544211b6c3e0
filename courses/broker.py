"""Connections to the broker for wake-up messages. Losing one costs seconds, not a row.

The row says what is to be done. A wake-up only says that it can be done now. So a
broker that is down, slow or emptied is noted in the log and otherwise ignored.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

# A person waits for the page, so there is one short try.
ONE_QUICK_TRY: Final = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
TIMEOUTS: Final = {"socket_connect_timeout": 1, "socket_timeout": 1}


@contextmanager
def quick_connection() -> Iterator[Any]:
    """Yield a connection to the broker; log a fault of it, and end the block."""
    with current_app.connection_for_write(
        transport_options={**ONE_QUICK_TRY, **TIMEOUTS}
    ) as connection:
        faults: tuple[type[BaseException], ...] = (
            OperationalError,
            OSError,
            *connection.connection_errors,
            *connection.channel_errors,
        )
        try:
            yield connection
        except faults as error:
            log.warning("wake_up_not_sent", error=type(error).__name__)


def connect(connection: Any) -> None:
    """Connect to the broker; raise OperationalError within seconds if it is down."""
    connection.ensure_connection(**ONE_QUICK_TRY)


def send_task_wake_up(task: str) -> None:
    """Send a wake-up message for this task, which takes no arguments."""
    with quick_connection() as connection:
        connect(connection)
        current_app.send_task(
            task, connection=connection, retry=False, ignore_result=True
        )
