"""Checks that database, store and broker answer, and belong to one portal."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import structlog
from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection

from storage.models import StoreRecord
from storage.shared_store import WrongStoreError, check_store
from storage.store_errors import BlobStoreFullError, StoreUnreachableError

log = structlog.get_logger(__name__)

# The broker's key that says which portal it belongs to.
OWNER_KEY: Final = "softmark-portal"
# How long workers have to answer over the broker.
PING_SECONDS: Final = 1.5
CONNECT_SECONDS: Final = 2
ANOTHER_BROKER: Final = (
    "is the broker of another portal, so wake-ups go astray. Set BROKER_URL to another "
    "server or another database number of this one. If the other portal is gone, run "
    "manage.py check_services --adopt once"
)


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """What a check found: `words` is for an operator and holds no secret."""

    service: str
    is_fine: bool
    words: str


def service_states(*, is_adopted: bool = False) -> Iterator[ServiceState]:
    """Yield the state of each service, of the database alone if it is away.

    With `is_adopted`, the broker is this portal's from now on, whose it ever was.
    """
    database = database_state()
    yield database
    if database.is_fine:
        yield store_state()
        yield broker_state(is_claimed=is_adopted)


def database_state() -> ServiceState:
    """Return whether the database answers and has the tables of this release."""
    try:
        StoreRecord.objects.exists()
    except DatabaseError as error:
        kind = type(error).__name__
        words = f"does not answer, or has no tables yet ({kind}). Run manage.py migrate"
        return ServiceState(service="database", is_fine=False, words=words)
    words = f"answers: {connection.vendor}"
    return ServiceState(service="database", is_fine=True, words=words)


def store_state() -> ServiceState:
    """Return whether the store answers and is the one that the database records."""
    place = settings.BLOB_STORE or str(settings.VAR_DIR / "blobs")
    try:
        check_store()
    except WrongStoreError as error:
        words = str(error)
    except StoreUnreachableError as error:
        words = f"does not answer ({place}): {error}"
    except BlobStoreFullError:
        words = f"has no room ({place})"
    else:
        words = f"answers, and is the one that the database records: {place}"
        return ServiceState(service="store", is_fine=True, words=words)
    return ServiceState(service="store", is_fine=False, words=words)


def broker_state(*, is_claimed: bool = False) -> ServiceState:
    """Return whether the broker answers and is this portal's own, and who listens.

    Grading goes on without a broker, so a fault here stops nothing.
    """
    try:
        owner = _owner_of_broker(is_claimed=is_claimed)
        workers = current_app.control.ping(timeout=PING_SECONDS)
    except Exception as error:  # noqa: BLE001  (each transport has errors of its own)
        words = f"does not answer ({type(error).__name__}). Grading goes on, by polling"
        return ServiceState(service="broker", is_fine=False, words=words)
    if owner not in {"", _portal_id()}:
        return ServiceState(service="broker", is_fine=False, words=ANOTHER_BROKER)
    listening = ", ".join(sorted(name for each in workers or [] for name in each))
    words = f"answers. Workers that answer over it: {listening or 'none'}"
    return ServiceState(service="broker", is_fine=True, words=words)


def warn_of_broker() -> None:
    """Log a warning if the broker belongs to another portal."""
    try:
        owner = _owner_of_broker()
    except Exception as error:  # noqa: BLE001  (each transport has errors of its own)
        log.warning("broker_not_checked", error=type(error).__name__)
        return
    if owner not in {"", _portal_id()}:
        log.warning("broker_of_another_portal", words=f"The broker {ANOTHER_BROKER}.")


def _owner_of_broker(*, is_claimed: bool = False) -> str:
    """Return the portal that the broker belongs to, or "" if it cannot say.

    A broker without an owner is this portal's from now on, and any with `is_claimed`.
    """
    with current_app.connection_for_write() as link:
        link.ensure_connection(max_retries=1, interval_start=0, timeout=CONNECT_SECONDS)
        client: Any = getattr(link.default_channel, "client", None)
        if client is None:
            return ""
        client.set(OWNER_KEY, _portal_id(), nx=not is_claimed)
        return str((client.get(OWNER_KEY) or b"").decode("utf-8", "replace"))


def _portal_id() -> str:
    """Return the id that the database and the store share, or "" if there is none."""
    record = StoreRecord.objects.first()
    return str(record.marker) if record is not None else ""


def start_problems() -> list[str]:
    """Return why this process must not start, in words. A broker is not needed."""
    database = database_state()
    found = [database, store_state()] if database.is_fine else [database]
    return [f"the {each.service} {each.words}." for each in found if not each.is_fine]
