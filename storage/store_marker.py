"""The marker: a small object that says which portal a store of blobs belongs to.

A process that has seen the marker once expects it from then on. If it is gone, the
store is not there: a network file system that is not mounted is an empty folder.
"""

from pathlib import Path
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage

from storage.durable_files import make_folder, part_file, put_in_place

NAME: Final = "softmark-store"
# When orphans were last collected, as the database records it too.
COLLECTED: Final = "softmark-collected"
MOST_BYTES: Final = 200
_expected: set[str] = set()


def read_marker(store: Storage) -> str | None:
    """Return the text of the store's marker, or None if it has none.

    Raises StoreUnreachableError or OSError if the store does not answer.
    """
    return read_note(store, NAME)


def read_note(store: Storage, name: str) -> str | None:
    """Return the text of a small object of the portal's own. Raises as above."""
    try:
        with store.open(name, "rb") as content:
            return bytes(content.read(MOST_BYTES)).decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return None


def write_marker(store: Storage, text: str) -> None:
    """Give the store a marker with this text. It must have none."""
    write_note(store, NAME, text)


def write_note(store: Storage, name: str, text: str) -> None:
    """Store a small object of the portal's own, in place of an earlier one."""
    data = f"{text}\n".encode()
    if not isinstance(store, FileSystemStorage):
        store.save(name, ContentFile(data))
        return
    folder = Path(store.location)
    make_folder(folder)
    with part_file(folder) as part:
        part.write(data)
        part.flush()
        put_in_place(part, folder / name)


def expect_marker(store: Storage) -> None:
    """Remember for this process that the store has its marker."""
    _expected.add(_place_of(store))


def is_marker_gone(store: Storage) -> bool:
    """Return whether the store had its marker earlier and has it no longer."""
    return _place_of(store) in _expected and not store.exists(NAME)


def _place_of(store: Storage) -> str:
    """Return the folder, or the bucket and prefix."""
    bucket, location = (getattr(store, n, "") for n in ("bucket_name", "location"))
    return f"{bucket}:{location}"
