"""Checks that all processes of a portal use one store of blobs.

The database records the store's marker. Whoever starts first makes both.
"""

import datetime as dt
import uuid
from typing import Final

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import transaction

from storage.blobs import read_blob, store_blob
from storage.models import ONLY, StoreRecord
from storage.store_errors import BlobMissingError, StoreUnreachableError
from storage.store_marker import (
    COLLECTED,
    NAME,
    expect_marker,
    read_marker,
    read_note,
    write_marker,
    write_note,
)

PREFIX: Final = "softmark"
# Stored and read again at each start, since a store may answer and take nothing.
PROBE: Final = b"Softmark stores this when it starts.\n"


class WrongStoreError(Exception):
    """The store is not the one of this database. `str` says what to do."""


def check_store() -> None:
    """Return if the store is the one that the database records, and takes content.

    If the database records none, the store's marker is recorded; a store without a
    marker gets one. Raises WrongStoreError, StoreUnreachableError, BlobStoreFullError,
    or one of Django's database errors.
    """
    store = storages["blobs"]
    try:
        found = read_marker(store)
        known = StoreRecord.objects.filter(pk=ONLY).first() or _record(store)
        if found is None:
            found = read_marker(store)
    except OSError as error:
        raise StoreUnreachableError(str(error)) from error
    _refuse_another(found, known)
    expect_marker(store)
    try:
        read_blob(store_blob([PROBE], max_bytes=len(PROBE)).sha256)
    except (OSError, BlobMissingError) as error:
        raise StoreUnreachableError(str(error)) from error


def require_own_store() -> None:
    """Return if the store has the marker that the database records; record nothing.

    Raises WrongStoreError, or StoreUnreachableError if the store does not answer.
    """
    store = storages["blobs"]
    try:
        found = read_marker(store)
    except OSError as error:
        raise StoreUnreachableError(str(error)) from error
    known = StoreRecord.objects.filter(pk=ONLY).first()
    if known is None:
        raise WrongStoreError(
            "The database records no store of files yet. Start a web process or a "
            "worker once: it records the store."
        )
    _refuse_another(found, known)


def _refuse_another(found: str | None, known: StoreRecord) -> None:
    if found != _text(known.marker):
        raise WrongStoreError(_words(found, known.marker))


def is_database_older() -> bool:
    """Return whether the store knows a later collection than the database does.

    Then the database was restored from a backup, and does not name what was stored
    since. Raises StoreUnreachableError.
    """
    try:
        noted = read_note(storages["blobs"], COLLECTED)
    except OSError as error:
        raise StoreUnreachableError(str(error)) from error
    known = StoreRecord.objects.filter(pk=ONLY).values_list("collected_at", flat=True)
    recorded = known.first()
    return noted is not None and (recorded is None or recorded.isoformat() < noted)


def note_collection(at: dt.datetime) -> None:
    """Record in the database and in the store that orphans are collected at this time.

    The database comes first: the store must never know a time that it does not.
    """
    StoreRecord.objects.filter(pk=ONLY).update(collected_at=at)
    try:
        write_note(storages["blobs"], COLLECTED, at.isoformat())
    except OSError as error:
        raise StoreUnreachableError(str(error)) from error


def adopt_store() -> None:
    """Record the store that the settings name as this database's own.

    For a store that was replaced on purpose, such as files that were copied without
    their marker. Raises StoreUnreachableError.
    """
    store = storages["blobs"]
    try:
        with transaction.atomic():
            StoreRecord.objects.all().delete()
            _record(store)
    except OSError as error:
        raise StoreUnreachableError(str(error)) from error


def _record(store: Storage) -> StoreRecord:
    """Record the store's marker, or give it one; return what is recorded.

    The row is written first: another process that does the same waits for it.
    """
    with transaction.atomic():
        record, is_new = StoreRecord.objects.get_or_create(pk=ONLY)
        if not is_new:
            return record
        found = read_marker(store)
        if found is None:
            write_marker(store, _text(record.marker))
        else:
            record.marker = _uuid_in(found)
            record.save(update_fields=["marker"])
    return record


def _text(marker: uuid.UUID) -> str:
    return f"{PREFIX} {marker}"


def _uuid_in(text: str) -> uuid.UUID:
    """Return the marker in this text. Raises WrongStoreError if it has none."""
    prefix, _, marker = text.partition(" ")
    try:
        if prefix == PREFIX:
            return uuid.UUID(marker)
    except ValueError:
        pass
    raise WrongStoreError(
        f"The store of files ({_place()}) has an object {NAME} that Softmark has not "
        "written. Choose another folder or prefix."
    )


def _words(found: str | None, known: uuid.UUID) -> str:
    what = (
        f"has no marker (an object {NAME}): it is empty, not mounted, or another one"
        if found is None
        else "has the marker of another one"
    )
    return (
        f"The store of files is not the one that this database records. The store "
        f"({_place()}) {what}; the database records {known}. Correct BLOB_STORE, "
        "SOFTMARK_VAR or DATABASE_URL so that all machines use the same store and "
        "database. If the files were moved on purpose, run manage.py check_services "
        "--adopt once."
    )


def _place() -> str:
    """Return where the store is, for an operator."""
    return settings.BLOB_STORE or str(settings.VAR_DIR / "blobs")
