"""Compare the rows of the database with the content of the store, both ways.

What rows name and what the store holds is written to a temporary SQLite file, so the
memory that a comparison takes does not grow with either. Rows are read before the store
is listed: a row's content was stored before the row, so it must be there.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

import structlog
from django.core.files.storage import storages

from storage.blob_listing import ListedBlob, listed_blobs
from storage.blob_rows import (
    content_columns,
    named_among,
    rows_with_content,
    unnamed_among,
)
from storage.blobs import blob_store_answers, hash_in_store
from storage.orphans import OWN, batches
from storage.shared_store import require_own_store
from storage.store_errors import BlobMissingError, StoreUnreachableError

log = structlog.get_logger(__name__)

# Hashes that are compared with all rows at the same time: some 20 MB.
_MANY: Final = 50_000
_UNKNOWN: Final = -1
_TABLES: Final = """
CREATE TABLE named (
    sha256 TEXT, size INTEGER, place TEXT, PRIMARY KEY (sha256, size)
) WITHOUT ROWID;
CREATE TABLE stored (
    sha256 TEXT PRIMARY KEY, size INTEGER, is_aside INTEGER
) WITHOUT ROWID;
"""
_MISSING: Final = """
SELECT DISTINCT sha256, place FROM named LEFT JOIN stored USING (sha256)
WHERE stored.size IS NULL
"""
_WRONG_SIZE: Final = """
SELECT sha256, place FROM named JOIN stored USING (sha256)
WHERE named.size >= 0 AND named.size <> stored.size
"""
_UNNAMED: Final = """
SELECT sha256, stored.size FROM stored LEFT JOIN named USING (sha256)
WHERE named.size IS NULL AND NOT is_aside
"""
_SAMPLE: Final = """
SELECT sha256, min(place), max(stored.size) FROM named JOIN stored USING (sha256)
GROUP BY sha256 ORDER BY random() LIMIT ?
"""


class FaultKind(StrEnum):
    """What is wrong with content that a row names."""

    MISSING = "missing"
    WRONG_SIZE = "wrong size"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class ContentFault:
    """Content that is not in the store as the rows say, and one of these rows."""

    kind: FaultKind
    sha256: str
    place: str


@dataclass(kw_only=True)
class StorageReport:
    """What a comparison found; sizes are in bytes.

    `named` counts the different content that rows name, `stored` what the store holds,
    and `aside` what of that is set aside. `orphans` are named by no row. `hashed` is
    what was read and compared with its hash.
    """

    named: int = 0
    stored: int = 0
    stored_bytes: int = 0
    aside: int = 0
    orphans: int = 0
    orphan_bytes: int = 0
    hashed: int = 0
    hashed_bytes: int = 0
    faults: int = 0


def check_storage(
    *, sample: int | None, on_fault: Callable[[ContentFault], None]
) -> StorageReport:
    """Compare rows and content, and read `sample` contents, or all if it is None.

    `on_fault` is called for each fault. Raises WrongStoreError if the store has not the
    marker that the database records, and StoreUnreachableError if it does not answer.
    """
    require_own_store()
    report = StorageReport()

    def tell(kind: FaultKind, sha256: str, place: str) -> None:
        report.faults += 1
        log.error("storage_fault", kind=kind.value, sha256=sha256, place=place)
        on_fault(ContentFault(kind=kind, sha256=sha256, place=place))

    # SQLite keeps a database without a name in a temporary file.
    with closing(sqlite3.connect("")) as index:
        index.executescript(_TABLES)
        index.executemany("INSERT OR IGNORE INTO named VALUES (?, ?, ?)", _named())
        for are_aside in (False, True):
            found = listed_blobs(storages["blobs"], are_aside=are_aside)
            rows = _noted(found, report, are_aside=are_aside)
            index.executemany("INSERT OR IGNORE INTO stored VALUES (?, ?, ?)", rows)
        (report.named,) = index.execute(
            "SELECT count(DISTINCT sha256) FROM named"
        ).fetchone()
        for sha256, place in index.execute(_MISSING):
            if _is_missing(sha256):
                tell(FaultKind.MISSING, sha256, place)
        for sha256, place in index.execute(_WRONG_SIZE):
            tell(FaultKind.WRONG_SIZE, sha256, place)
        _count_orphans(index.execute(_UNNAMED), report)
        limit = -1 if sample is None else sample
        for sha256, place, size in index.execute(_SAMPLE, [limit]):
            report.hashed += 1
            report.hashed_bytes += size
            kind = _fault_of(sha256)
            if kind is not None:
                tell(kind, sha256, place)
    log.info("storage_checked", **asdict(report))
    return report


def _named() -> Iterator[tuple[str, int, str]]:
    """Yield hash, size and row of all content that rows name."""
    for model, column, size_column in content_columns():
        label = model._meta.label  # noqa: SLF001  Django's documented name
        columns = ["pk", column, *([size_column] if size_column else [])]
        for row in rows_with_content(model, *columns):
            pk, sha256 = row[:2]
            if sha256:
                yield sha256, row[2] if size_column else _UNKNOWN, f"{label} {pk}"


def _noted(
    found: Iterator[ListedBlob], report: StorageReport, *, are_aside: bool
) -> Iterator[tuple[str, int, bool]]:
    """Yield what the store holds as rows of the index, and count it."""
    for blob in found:
        report.stored += 1
        report.stored_bytes += blob.size
        report.aside += are_aside
        yield blob.sha256, blob.size, are_aside


def _is_missing(sha256: str) -> bool:
    """Return whether a row names the content now, and the store does not have it."""
    try:
        hash_in_store(sha256)
    except BlobMissingError:
        return bool(named_among([sha256]))
    return False


def _count_orphans(rows: Iterator[tuple[str, int]], report: StorageReport) -> None:
    for many in batches(rows, _MANY):
        sizes = {sha256: size for sha256, size in many if sha256 not in OWN}
        for sha256 in unnamed_among(sizes):
            report.orphans += 1
            report.orphan_bytes += sizes[sha256]


def _fault_of(sha256: str) -> FaultKind | None:
    """Read the content, and return what is wrong with it, if anything is."""
    try:
        return None if hash_in_store(sha256) == sha256 else FaultKind.DAMAGED
    except BlobMissingError:
        return FaultKind.MISSING if named_among([sha256]) else None
    except StoreUnreachableError:
        if blob_store_answers():
            return FaultKind.UNREADABLE
        raise
