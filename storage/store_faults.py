"""What an answer says of a fault of the store: its status, its code and its words."""

import sqlite3
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog
from django.db import OperationalError

from storage.blob_cache import FULL
from storage.store_errors import (
    BlobMissingError,
    BlobStoreFullError,
    StoreUnreachableError,
)

log = structlog.get_logger(__name__)

# After how many seconds a program may try again.
RETRY_SECONDS: Final = 60

_POSTGRESQL_FULL: Final = "53100"


@dataclass(frozen=True, kw_only=True)
class StoreFault:
    """A fault of the store, for people and programs. It is always our own fault.

    `wait_seconds` is None if trying again cannot help.
    """

    status: int
    code: str
    message: str
    hint: str
    wait_seconds: int | None = RETRY_SECONDS


UNREACHABLE: Final = StoreFault(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    code="store_unreachable",
    message=(
        "The portal cannot reach the place where it stores files. This is our fault, "
        "not yours."
    ),
    hint="Try again in a few minutes. If it goes on, tell your lecturer.",
)
FULL_STORE: Final = StoreFault(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    code="store_full",
    message=(
        "The portal has no room left to store files. This is our fault, not yours: "
        "nothing was stored."
    ),
    hint="Tell your lecturer, and try again in a few minutes.",
)
MISSING: Final = StoreFault(
    status=HTTPStatus.INTERNAL_SERVER_ERROR,
    code="stored_file_missing",
    message=(
        "The portal has lost this file, or the file is damaged. This is our fault, "
        "not yours."
    ),
    hint=(
        "Tell your lecturer: site staff must restore the file from a backup. The "
        "portal's log names it."
    ),
    wait_seconds=None,
)


def store_fault_of(error: BaseException) -> StoreFault | None:
    """Return the fault that this error reports, or None if it is another error."""
    if isinstance(error, StoreUnreachableError):
        return UNREACHABLE
    if isinstance(error, BlobMissingError):
        return MISSING
    if isinstance(error, BlobStoreFullError) or _is_of_full_disk(error):
        return FULL_STORE
    return None


def _is_of_full_disk(error: BaseException) -> bool:
    """Return whether a file or the database could not be written for lack of room."""
    if isinstance(error, OSError):
        return error.errno in FULL
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", None) or getattr(cause, "sqlstate", None)
    return code in {sqlite3.SQLITE_FULL, _POSTGRESQL_FULL}


def log_store_fault(error: BaseException, fault: StoreFault) -> None:
    """Log the fault for staff in one line. The error names the file, if it is one."""
    log.error("store_fault", code=fault.code, error=str(error))
