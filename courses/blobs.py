"""Files by the hash of their content: written once, shared, never changed.

A blob is stored before the row that names it, so a row's blob is always there; a
blob without a row is swept later. The name is `ab/cd/<sha256>`.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.core.files import File
from django.core.files.storage import FileSystemStorage, storages


class BlobTooLargeError(Exception):
    """The content went over the limit that the caller set."""


class BlobMissingError(Exception):
    """A row names content that the store does not hold, or holds damaged."""


@dataclass(frozen=True, kw_only=True)
class Blob:
    """What was stored: SHA-256 in hex, and the size in bytes."""

    sha256: str
    size: int


def _name(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def store_blob(chunks: Iterable[bytes], *, max_bytes: int) -> Blob:
    """Store the content durably and return its hash and size.

    Raises BlobTooLargeError past `max_bytes`; then nothing is stored.
    """
    digest, size = hashlib.sha256(), 0
    with tempfile.TemporaryFile() as spool:
        for chunk in chunks:
            size += len(chunk)
            if size > max_bytes:
                raise BlobTooLargeError
            digest.update(chunk)
            spool.write(chunk)
        spool.seek(0)
        sha256 = digest.hexdigest()
        _write_once(sha256, spool)
    return Blob(sha256=sha256, size=size)


def _write_once(sha256: str, content: IO[bytes]) -> None:
    storage, name = storages["blobs"], _name(sha256)
    if storage.exists(name):
        return
    if not isinstance(storage, FileSystemStorage):
        storage.save(name, File(content))
        return
    target = Path(storage.path(name))
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as part:
        for piece in iter(lambda: content.read(1 << 20), b""):
            part.write(piece)
        part.flush()
        os.fsync(part.fileno())
    Path(part.name).chmod(0o440)
    Path(part.name).replace(target)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_blob(sha256: str) -> IO[bytes]:
    """Open the content for reading. Raises BlobMissingError."""
    try:
        return storages["blobs"].open(_name(sha256), "rb")
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

    Raises BlobMissingError if it is absent or damaged.
    """
    digest = hashlib.sha256()
    with open_blob(sha256) as content:
        for piece in iter(lambda: content.read(1 << 20), b""):
            digest.update(piece)
    if digest.hexdigest() != sha256:
        raise BlobMissingError(sha256)
    return Path(storages["blobs"].path(_name(sha256)))
