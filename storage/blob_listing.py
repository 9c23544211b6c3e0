"""Listing the content of a store, and moving it within the store.

Both kinds of store are listed piece by piece, so the memory that it takes is bounded
however much they hold.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from django.core.files.storage import FileSystemStorage, Storage

from storage.blob_names import ASIDE, aside_name, blob_name, is_sha256
from storage.durable_files import make_folder
from storage.store_errors import StoreUnreachableError

if TYPE_CHECKING:
    from storage.object_store import ObjectStore

_TWO: Final = re.compile(r"[0-9a-f]{2}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedBlob:
    """Content in the store: its size in bytes, and when it was last written.

    `written_at` is in seconds since 1970. For content that is set aside, it is when it
    was set aside.
    """

    sha256: str
    size: int
    written_at: float


def listed_blobs(store: Storage, *, are_aside: bool = False) -> Iterator[ListedBlob]:
    """Yield all content of the store, or all that is set aside, in no order.

    Content that is stored or removed meanwhile may be left out. Raises
    StoreUnreachableError.
    """
    if not isinstance(store, FileSystemStorage):
        yield from _objects(cast("ObjectStore", store), are_aside=are_aside)
        return
    root = Path(store.location)
    with _unreachable_in_words():
        yield from _files(root / ASIDE if are_aside else root)


def written_at(store: Storage, sha256: str) -> float | None:
    """Return when the content was last written, or None if it is not there."""
    with suppress(FileNotFoundError), _unreachable_in_words():
        return store.get_modified_time(blob_name(sha256)).timestamp()
    return None


def set_aside(store: Storage, sha256: str) -> None:
    """Move the content aside, where it can still be read, and note the time."""
    if isinstance(store, FileSystemStorage):
        # First the time: without it, the content would look long set aside.
        with suppress(FileNotFoundError), _unreachable_in_words():
            now = time.time()
            os.utime(store.path(blob_name(sha256)), (now, now))
    _move(store, blob_name(sha256), aside_name(sha256))


def bring_back(store: Storage, sha256: str) -> None:
    """Move the content that was set aside to its own name again."""
    _move(store, aside_name(sha256), blob_name(sha256))


def remove_aside(store: Storage, sha256: str) -> None:
    """Delete the content that was set aside, for good."""
    with _unreachable_in_words():
        store.delete(aside_name(sha256))


def _move(store: Storage, source: str, target: str) -> None:
    """Rename content, in place of the same content. It may be gone already."""
    with suppress(FileNotFoundError), _unreachable_in_words():
        if not isinstance(store, FileSystemStorage):
            cast("ObjectStore", store).move(source, target)
            return
        make_folder(Path(store.path(target)).parent)
        Path(store.path(source)).replace(store.path(target))


def _files(root: Path) -> Iterator[ListedBlob]:
    """Yield the content below the folder, one of its small folders after the other."""
    for first in _folders(root):
        for second in _folders(first):
            with suppress(FileNotFoundError), os.scandir(second) as entries:
                for entry in entries:
                    if not is_sha256(entry.name):
                        continue
                    with suppress(FileNotFoundError):
                        facts = entry.stat()
                        yield ListedBlob(
                            sha256=entry.name,
                            size=facts.st_size,
                            written_at=facts.st_mtime,
                        )


def _folders(root: Path) -> list[Path]:
    """Return the folders that two digits name: at most 256."""
    with suppress(FileNotFoundError), os.scandir(root) as entries:
        names = sorted(entry.name for entry in entries if _TWO.fullmatch(entry.name))
        return [root / name for name in names]
    return []


def _objects(store: "ObjectStore", *, are_aside: bool) -> Iterator[ListedBlob]:
    """Yield the content of an object store, which gives its list in pages."""
    for found in store.listed(f"{ASIDE}/" if are_aside else ""):
        sha256 = found.name.rpartition("/")[2]
        if not is_sha256(sha256):
            continue
        own = aside_name(sha256) if are_aside else blob_name(sha256)
        if found.name == own:
            written = found.written_at.timestamp()
            yield ListedBlob(sha256=sha256, size=found.size, written_at=written)


@contextmanager
def _unreachable_in_words() -> Iterator[None]:
    """Turn an error of the store into StoreUnreachableError, unless a file is gone."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreUnreachableError(str(error)) from error
