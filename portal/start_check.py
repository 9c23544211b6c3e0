"""What a web process checks before it answers its first request."""

import os
from concurrent.futures import Future, wait
from typing import Final

import structlog
from django.db import DatabaseError

from portal.timed_checks import TimedCall
from storage.shared_store import WrongStoreError, check_store
from storage.store_errors import BlobStoreFullError, StoreUnreachableError

log = structlog.get_logger(__name__)
# With this status of one process, gunicorn ends all of them.
NO_START: Final = 3
# Probes shall be answered while the database is away, so no start waits longer.
_PATIENCE_SECONDS: Final = 2.0


def refuse_wrong_store() -> None:
    """End this process if the store is another one than the database's.

    What is handed in would be stored where no worker finds it. If store or database do
    not answer, pages are served nevertheless: they say so, and may work again soon. The
    check then goes on beside them, and still ends the process.
    """
    checked = TimedCall("store", check_store).begin()
    wait([checked], timeout=_PATIENCE_SECONDS)
    if not checked.done():
        checked.add_done_callback(_end_if_wrong)
    elif _is_wrong(checked):
        raise SystemExit(NO_START)


def _is_wrong(checked: Future[None]) -> bool:
    """Return whether the check has found another store. Raises unexpected errors."""
    try:
        checked.result()
    except WrongStoreError as error:
        log.error("wrong_store", words=str(error))  # noqa: TRY400  (no traceback)
        return True
    except (StoreUnreachableError, BlobStoreFullError, DatabaseError) as error:
        log.warning("store_not_checked", error=type(error).__name__)
    return False


def _end_if_wrong(checked: Future[None]) -> None:
    if _is_wrong(checked):
        os._exit(NO_START)  # SystemExit would end this thread alone
