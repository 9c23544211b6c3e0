"""What a web process checks before it answers its first request."""

import structlog
from django.db import DatabaseError, connections

from storage.shared_store import WrongStoreError, check_store
from storage.store_errors import BlobStoreFullError, StoreUnreachableError

log = structlog.get_logger(__name__)
# With this status of one process, gunicorn ends all of them.
NO_START = 3


def refuse_wrong_store() -> None:
    """End this process if the store is another one than the database's.

    What is handed in would be stored where no worker finds it. If store or database do
    not answer, pages are served nevertheless: they say so, and may work again soon.
    """
    try:
        check_store()
    except WrongStoreError as error:
        log.error("wrong_store", words=str(error))  # noqa: TRY400  (no traceback)
        raise SystemExit(NO_START) from None
    except (StoreUnreachableError, BlobStoreFullError, DatabaseError) as error:
        log.warning("store_not_checked", error=type(error).__name__)
    finally:
        connections.close_all()
