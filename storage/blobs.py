"""Files by the hash of their content: written once, shared, never changed.

A blob is stored before the row that names it, so a row's blob always exists. A blob
without a row is kept: nothing deletes blobs. The name is `ab/cd/<sha256>`.

In a folder store, content is first written to `incoming/` in the same file system, then
synced, made read-only and only then renamed. So a name never shows half a file, and a
receipt means that the bytes are on the disk.
"""

import errno
import hashlib
import os
import re
import tempfile
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

PIECE: Final = 1 << 20
FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FILE_MODE: Final = 0o440
FOLDER_MODE: Final = 0o750
PART: Final = ".part"


class BlobTooLargeError(Exception):
    """The content went over the limit that the caller set."""


class BlobStoreFullError(Exception):
    """The store has no room for the content; nothing of it is left there."""


class BlobMissingError(Exception):
    """A row names content that is missing from the store, or damaged there."""


class StoreUnreachableError(Exception):
    """The store does not answer, so nobody can say whether the content is there.

    Nothing is wrong with the content or with the row: the same call may succeed later.
    """


@dataclass(frozen=True, kw_only=True)
class Blob:
    """What was stored: SHA-256 in hex, and the size in bytes."""

    sha256: str
    size: int


def store_blob(chunks: Iterable[bytes], *, max_bytes: int) -> Blob:
    """Store the content durably and return its hash and size.

    In a folder store, content that exists already is replaced by the same bytes: that
    repairs a damaged file and renews its time of modification. Raises BlobTooLargeError
    if there are more than `max_bytes`, and BlobStoreFullError if there is no room; then
    nothing is stored.
    """
    storage = storages["blobs"]
    with _full_store_as_error(), _part_file(storage) as part:
        blob = _copy(chunks, part, max_bytes=max_bytes)
        name = _name(blob.sha256)
        if isinstance(storage, FileSystemStorage):
            _put_in_place(part, Path(storage.path(name)))
        else:
            _save(storage, name, part)
    return blob


def _name(sha256: str) -> str:
    """Return the name of the content in the store.

    Raises BlobMissingError if `sha256` is not a hash.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise BlobMissingError(sha256)
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


@contextmanager
def _full_store_as_error() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise BlobStoreFullError from error
        raise


@contextmanager
def _part_file(storage: Storage) -> Iterator[IO[bytes]]:
    """Give a file to write to, and delete it at the end unless it was renamed."""
    folder = _incoming(storage)
    _make_folder(folder)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=PART, delete=False) as part:
        try:
            yield part.file
        finally:
            with suppress(FileNotFoundError):
                Path(part.name).unlink()


def _incoming(storage: Storage) -> Path:
    if isinstance(storage, FileSystemStorage):
        return Path(storage.path("incoming"))
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


def _put_in_place(part: IO[bytes], target: Path) -> None:
    """Move the written file to its name so that it survives a power cut."""
    _make_folder(target.parent)
    os.fchmod(part.fileno(), FILE_MODE)
    os.fsync(part.fileno())
    Path(part.name).replace(target)
    _sync_folder(target.parent)


def _make_folder(folder: Path) -> None:
    """Create the folder and its parents, each private and synced to the disk."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=FOLDER_MODE)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _save(storage: Storage, name: str, content: IO[bytes]) -> None:
    """Save in a store that is not a folder. It holds whole objects or none."""
    content.seek(0)
    if storage.exists(name):
        return
    saved = storage.save(name, File(content))
    if saved != name:  # another writer of the same content was first
        storage.delete(saved)


def discard_abandoned(*, older_than: timedelta) -> int:
    """Remove what killed processes left half written; return how many files."""
    folder = _incoming(storages["blobs"])
    abandoned = [
        part
        for part in folder.glob(f"*{PART}")
        if time.time() - part.stat().st_mtime > older_than.total_seconds()
    ]
    for part in abandoned:
        part.unlink(missing_ok=True)
    return len(abandoned)


def open_blob(sha256: str) -> IO[bytes]:
    """Open the content for reading. Raises BlobMissingError."""
    name = _name(sha256)
    try:
        return storages["blobs"].open(name, "rb")
    except OSError as error:
        raise BlobMissingError(sha256) from error


def read_blob(sha256: str) -> bytes:
    """Return the content, checked against its hash. Raises BlobMissingError."""
    with open_blob(sha256) as content:
        data = content.read()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BlobMissingError(sha256)
    return data


def blob_path(sha256: str) -> Path:
    """Return a local path of the content, checked against its hash.

    Raises BlobMissingError if it is missing or damaged.
    """
    digest = hashlib.sha256()
    with open_blob(sha256) as content:
        for piece in iter(lambda: content.read(PIECE), b""):
            digest.update(piece)
    if digest.hexdigest() != sha256:
        raise BlobMissingError(sha256)
    return Path(storages["blobs"].path(_name(sha256)))
