"""Files by the hash of their content: written once, shared, never changed.

A blob is stored before the row that names it, so a row's blob always exists. A blob
without a row is set aside after some days, where it can still be read, and removed days
later: storage/orphans.py. The name is `ab/cd/<sha256>`.

In a folder store, content is first written to `incoming/` in the same file system, then
synced, made read-only and only then renamed. So a name never shows half a file, and a
receipt means that the bytes are on the disk. From an object store, content is read by
way of the copies of storage/blob_cache.py.
"""

import errno
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from storage.blob_cache import FULL, PIECE, BlobCache
from storage.blob_names import aside_name, blob_name
from storage.durable_files import PART, make_folder, part_file, put_in_place
from storage.store_errors import (
    BlobMissingError,
    BlobStoreFullError,
    BlobTooLargeError,
    StoreUnreachableError,
)
from storage.store_marker import NAME, is_marker_gone

__all__ = [
    "Blob",
    "BlobMissingError",
    "BlobStoreFullError",
    "BlobTooLargeError",
    "StoreUnreachableError",
    "blob_path",
    "blob_store_answers",
    "discard_abandoned",
    "hash_in_store",
    "open_blob",
    "read_blob",
    "store_blob",
]

INCOMING: Final = "incoming"
# How Django names the files of a form in FILE_UPLOAD_TEMP_DIR.
_UPLOADS: Final = "*.upload*"
# Errors of one file. Where the store answers, every other error is one of the store.
_OF_THE_FILE: Final = {
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EACCES,
    errno.EPERM,
    errno.ELOOP,
}


@dataclass(frozen=True, kw_only=True)
class Blob:
    """What was stored: SHA-256 in hex, and the size in bytes."""

    sha256: str
    size: int


def store_blob(chunks: Iterable[bytes], *, max_bytes: int) -> Blob:
    """Store the content durably and return its hash and size.

    In a folder store, content that exists already is replaced by the same bytes: that
    repairs a damaged file and renews its time of modification. Raises BlobTooLargeError
    if there are more than `max_bytes`, BlobStoreFullError if there is no room, and
    StoreUnreachableError if the store does not answer; then nothing is stored.
    """
    storage = storages["blobs"]
    if isinstance(storage, FileSystemStorage) and is_marker_gone(storage):
        raise StoreUnreachableError(str(storage.location))
    with _full_store_as_error(), part_file(_made_incoming(storage)) as part:
        blob = _copy(chunks, part, max_bytes=max_bytes)
        name = blob_name(blob.sha256)
        if isinstance(storage, FileSystemStorage):
            put_in_place(part, Path(storage.path(name)))
        else:
            _save(storage, name, part, blob.size)
    return blob


@contextmanager
def _full_store_as_error() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise BlobStoreFullError from error
        raise


def _made_incoming(storage: Storage) -> Path:
    folder = _incoming(storage)
    make_folder(folder)
    return folder


def _incoming(storage: Storage) -> Path:
    if isinstance(storage, FileSystemStorage):
        return Path(storage.path(INCOMING))
    return Path(settings.FILE_UPLOAD_TEMP_DIR)


def _copy(chunks: Iterable[bytes], part: IO[bytes], *, max_bytes: int) -> Blob:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise BlobTooLargeError
        digest.update(chunk)
        part.write(chunk)
    part.flush()
    return Blob(sha256=digest.hexdigest(), size=size)


def _save(storage: Storage, name: str, content: IO[bytes], size: int) -> None:
    """Save in a store that is not a folder. It holds whole objects or none."""
    content.seek(0)
    if storage.exists(name) and storage.size(name) == size:
        return
    saved = storage.save(name, File(content))
    if saved != name:  # another writer of the same content was first
        storage.delete(saved)


def discard_abandoned(*, older_than: timedelta) -> int:
    """Remove what killed processes left half written; return how many files.

    That is content on its way into the store, files of materials, and files of forms on
    their way to this machine. What is still being written is younger.
    """
    places = [
        (_incoming(storages["blobs"]), f"*{PART}"),
        (Path(settings.FILE_UPLOAD_TEMP_DIR), _UPLOADS),
    ]
    materials = storages["default"]
    if isinstance(materials, FileSystemStorage):
        places.append((Path(materials.location), f"*{PART}"))
    oldest, removed = time.time() - older_than.total_seconds(), 0
    for folder, pattern in places:
        for path in folder.glob(pattern):
            # Its writer may end meanwhile.
            with suppress(FileNotFoundError):
                if path.stat().st_mtime <= oldest:
                    path.unlink()
                    removed += 1
    return removed


def open_blob(sha256: str) -> IO[bytes]:
    """Open the content for reading.

    Raises BlobMissingError, or StoreUnreachableError if the store does not answer.
    """
    storage = storages["blobs"]
    if isinstance(storage, FileSystemStorage):
        with _faults_in_words(storage, sha256):
            return _opened(storage, sha256)
    return _copy_of(storage, sha256, is_checked=False).open("rb")


def read_blob(sha256: str) -> bytes:
    """Return the content, checked against its hash. Raises as `open_blob` does."""
    with open_blob(sha256) as content, _faults_in_words(storages["blobs"], sha256):
        data = content.read()
    if hashlib.sha256(data).hexdigest() != sha256:
        # The copy of an object store's content is fetched anew.
        return blob_path(sha256).read_bytes()
    return data


def blob_path(sha256: str) -> Path:
    """Return a local path of the content, checked against its hash.

    Open the path within fifteen minutes: after that, the copy of an object store's
    content may be deleted. Raises BlobMissingError if the content is missing or
    damaged, and StoreUnreachableError if the store does not answer.
    """
    storage = storages["blobs"]
    if not isinstance(storage, FileSystemStorage):
        return _copy_of(storage, sha256, is_checked=True)
    with open_blob(sha256) as content, _faults_in_words(storage, sha256):
        digest = hashlib.sha256()
        for piece in iter(lambda: content.read(PIECE), b""):
            digest.update(piece)
    if digest.hexdigest() != sha256:
        raise BlobMissingError(sha256)
    return Path(content.name)


def hash_in_store(sha256: str) -> str:
    """Return the hash of what the store itself holds under this name, not a copy.

    Raises as `open_blob` does.
    """
    storage, digest = storages["blobs"], hashlib.sha256()
    with _faults_in_words(storage, sha256), _opened(storage, sha256) as content:
        for piece in iter(lambda: content.read(PIECE), b""):
            digest.update(piece)
    return digest.hexdigest()


def _opened(storage: Storage, sha256: str) -> IO[bytes]:
    """Open the content in the store, also if it has been set aside."""
    try:
        return storage.open(blob_name(sha256), "rb")
    except FileNotFoundError:
        return storage.open(aside_name(sha256), "rb")


def _copy_of(storage: Storage, sha256: str, *, is_checked: bool) -> Path:
    """Return the path of this machine's copy, which is fetched if there is none."""
    blob_name(sha256)  # raises if it is not a hash

    def fetch() -> Iterator[bytes]:
        with _opened(storage, sha256) as content:
            yield from iter(lambda: content.read(PIECE), b"")

    with _faults_in_words(storage, sha256):
        return _cache().path_of(sha256, fetch, is_checked=is_checked)


def _cache() -> BlobCache:
    return BlobCache(
        Path(settings.BLOB_CACHE), max_bytes=int(settings.BLOB_CACHE_BYTES)
    )


@contextmanager
def _faults_in_words(storage: Storage, sha256: str) -> Iterator[None]:
    """Turn an error of reading into what it says of the content, or of the store."""
    try:
        yield
    except OSError as error:
        is_folder = isinstance(storage, FileSystemStorage)
        is_of_file = isinstance(error, FileNotFoundError) or (
            is_folder and error.errno in _OF_THE_FILE
        )
        if is_of_file and _answers(storage):
            raise BlobMissingError(sha256) from error
        raise StoreUnreachableError(str(error)) from error


def blob_store_answers() -> bool:
    """Return whether the store can be read, and is there.

    A folder without any content is not the store: it is where the store's file system
    is mounted, while that is away. Nor is a store that has lost its marker.
    """
    return _answers(storages["blobs"])


def _answers(storage: Storage) -> bool:
    try:
        if isinstance(storage, FileSystemStorage):
            with os.scandir(storage.location) as entries:
                is_there = any(entry.name != INCOMING for entry in entries)
        else:
            # Only whether it answers is asked here.
            storage.exists(NAME)
            is_there = True
        return is_there and not is_marker_gone(storage)
    except (OSError, StoreUnreachableError):
        return False
