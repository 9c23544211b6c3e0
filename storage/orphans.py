"""Orphans, content that no row names: they are set aside, and removed later.

This rule keeps content that a row is about to name:

1. Only content that was last written before the grace is set aside. A row is written
   within minutes of its content.
2. Just before that, the rows and the time are looked at once more.
3. Content that is set aside can still be read, and stays for the grace again. Each
   collection first brings back what a row names by then.

So a whole grace lies between the last time that anybody was told "the store has this"
and the removal.
"""

import datetime as dt
import hashlib
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import IO, Final, TypeVar

import structlog
from django.core.files.storage import Storage, storages
from django.utils import timezone

from storage.blob_listing import (
    ListedBlob,
    bring_back,
    listed_blobs,
    remove_aside,
    set_aside,
    written_at,
)
from storage.blob_rows import named_among, unnamed_among
from storage.shared_store import (
    PROBE,
    is_database_older,
    note_collection,
    require_own_store,
)

log = structlog.get_logger(__name__)
T = TypeVar("T")

# Hashes that are compared with all rows at the same time: some 20 MB.
_MANY: Final = 50_000
# Hashes that are looked at once more just before they are moved or removed.
_FEW: Final = 100
_ONCE: Final = "run manage.py collect_orphans --delete --force once"
# The portal stores this at each start, and no row names it.
OWN: Final = frozenset({hashlib.sha256(PROBE).hexdigest()})


class CollectionRefusedError(Exception):
    """The database is not the store's, or probably not. `str` says what to do."""


@dataclass(kw_only=True)
class OrphanReport:
    """What a collection found and did; sizes are in bytes.

    `blobs` counts all content, `old` what was last written before the grace, `orphans`
    what of that no row names. `aside` counts what lay aside already, and `due` what of
    that no row names and has lain there for the grace.
    """

    blobs: int = 0
    old: int = 0
    orphans: int = 0
    orphan_bytes: int = 0
    aside: int = 0
    due: int = 0
    due_bytes: int = 0
    set_aside: int = 0
    removed: int = 0
    brought_back: int = 0
    is_database_older: bool = False

    @property
    def refusal(self) -> str:
        """Why nothing may go unless an operator insists, or "" if it may."""
        if self.is_database_older:
            return (
                "The database is older than the store: it was restored from a backup, "
                "and does not name what was stored since. Nothing was removed. Once "
                f"you need none of that any more, {_ONCE}."
            )
        if 2 * self.orphans > self.old:
            return (
                f"{self.orphans} of {self.old} old files in the store would go, "
                "because no row of the database names them. That is more than half, "
                "so the database is probably another one, or empty. Nothing was "
                f"removed. If the database is right, {_ONCE}."
            )
        return ""


def collect_orphans(
    *, grace: dt.timedelta, is_dry: bool, is_forced: bool = False
) -> OrphanReport:
    """Set orphans aside, and remove those that were set aside before the grace.

    With `is_dry`, only look. Raises WrongStoreError if the store has not the marker that
    the database records, StoreUnreachableError if it does not answer, and
    CollectionRefusedError, unless `is_forced`, if the database is older than the store
    or more than half of the old content would go. Then nothing goes, and only what a
    row names is brought back.
    """
    require_own_store()
    store, report = storages["blobs"], OrphanReport()
    limit = time.time() - grace.total_seconds()
    with tempfile.TemporaryFile("w+") as orphans, tempfile.TemporaryFile("w+") as due:
        _find_orphans(store, limit, report, orphans)
        _find_due(store, limit, report, due, is_dry=is_dry)
        report.is_database_older = is_database_older()
        if is_dry:
            return report
        if report.refusal and not is_forced:
            raise CollectionRefusedError(report.refusal)
        note_collection(timezone.now())
        for few in batches(_lines(due), _FEW):
            _remove(store, few, report)
        for few in batches(_lines(orphans), _FEW):
            _set_aside(store, few, limit, report)
    log.info("orphans_collected", **asdict(report))
    return report


def _find_orphans(
    store: Storage, limit: float, report: OrphanReport, orphans: IO[str]
) -> None:
    """Write the hash of each orphan into the file."""

    def old() -> Iterator[ListedBlob]:
        for blob in listed_blobs(store):
            report.blobs += 1
            if blob.written_at < limit and blob.sha256 not in OWN:
                report.old += 1
                yield blob

    for many in batches(old(), _MANY):
        sizes = {blob.sha256: blob.size for blob in many}
        for sha256 in unnamed_among(sizes):
            report.orphans += 1
            report.orphan_bytes += sizes[sha256]
            orphans.write(f"{sha256}\n")


def _find_due(
    store: Storage, limit: float, report: OrphanReport, due: IO[str], *, is_dry: bool
) -> None:
    """Write the hash of what is to be removed into the file; bring back the rest."""
    for many in batches(listed_blobs(store, are_aside=True), _MANY):
        report.aside += len(many)
        unnamed = unnamed_among(blob.sha256 for blob in many)
        for blob in many:
            if blob.sha256 not in unnamed:
                report.brought_back += 1
                if not is_dry:
                    _bring_back(store, blob.sha256)
            elif blob.written_at < limit:
                report.due += 1
                report.due_bytes += blob.size
                due.write(f"{blob.sha256}\n")


def _bring_back(store: Storage, sha256: str) -> None:
    log.warning("orphan_brought_back", sha256=sha256)
    if written_at(store, sha256) is None:
        bring_back(store, sha256)
    else:  # it was stored again meanwhile
        remove_aside(store, sha256)


def _remove(store: Storage, hashes: list[str], report: OrphanReport) -> None:
    named = named_among(hashes)
    for sha256 in hashes:
        if sha256 not in named:
            remove_aside(store, sha256)
            report.removed += 1


def _set_aside(
    store: Storage, hashes: list[str], limit: float, report: OrphanReport
) -> None:
    named = named_among(hashes)
    for sha256 in hashes:
        written = written_at(store, sha256)
        if sha256 not in named and written is not None and written < limit:
            set_aside(store, sha256)
            report.set_aside += 1


def _lines(file: IO[str]) -> Iterator[str]:
    file.seek(0)
    return (line.rstrip("\n") for line in file)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of this length; the last may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
