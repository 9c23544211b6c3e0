"""Copies of an object store's content on this machine's disk, bounded in bytes.

All processes of a machine may share one folder. A copy is written under another name,
checked by its hash and only then renamed, so a name never shows half a file. A copy's
time of modification is when it was last used.
"""

import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from storage.durable_files import PART, part_file
from storage.store_errors import BlobMissingError

PIECE: Final = 1 << 20
FILE_MODE: Final = 0o440
FOLDER_MODE: Final = 0o700
FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# A path that was given out is opened at the latest when its job starts. Until then
# nobody deletes the copy, even past the bound.
USE_SECONDS: Final = 900
ABANDONED_SECONDS: Final = 86_400
LOOKS: Final = 100
# The bytes that this process has fetched into each folder since it last made room.
_fetched: dict[Path, int] = {}


class BlobCache:
    """Copies by hash, of which the least recently used are deleted past the bound."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        # For copies that are not complete yet.
        self._incoming = folder / "incoming"
        self._max_bytes = max_bytes

    def path_of(
        self, sha256: str, fetch: Callable[[], Iterable[bytes]], *, is_checked: bool
    ) -> Path:
        """Return the path of the copy, which `fetch` gives if there is none.

        With `is_checked`, a copy that is damaged is fetched anew. Raises
        BlobMissingError if what was fetched is damaged too, and OSError if the disk
        has no room even after all copies were deleted that nobody uses.
        """
        path = self._folder / sha256[:2] / sha256
        if self._is_usable(path, sha256 if is_checked else ""):
            return path
        try:
            self._fetch(sha256, fetch, path)
        except OSError as error:
            if error.errno not in FULL:
                raise
            self._make_room(0)
            self._fetch(sha256, fetch, path)
        self._keep_bound(path)
        return path

    def _is_usable(self, path: Path, sha256: str) -> bool:
        """Return whether the copy is there, and has this hash if one is given."""
        try:
            # First of all, so that no other process deletes the copy from here on.
            os.utime(path)
            if not sha256 or _hash_of(path) == sha256:
                return True
        except FileNotFoundError:
            return False
        path.unlink(missing_ok=True)
        return False

    def _fetch(
        self, sha256: str, fetch: Callable[[], Iterable[bytes]], path: Path
    ) -> None:
        for folder in (self._incoming, path.parent):
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        with part_file(self._incoming) as part:
            digest = hashlib.sha256()
            for piece in fetch():
                digest.update(piece)
                part.write(piece)
            if digest.hexdigest() != sha256:
                raise BlobMissingError(sha256)
            part.flush()
            os.fchmod(part.fileno(), FILE_MODE)
            os.fsync(part.fileno())
            Path(part.name).replace(path)

    def _keep_bound(self, path: Path) -> None:
        """Make room if this process has fetched a hundredth of the bound since it did.

        Looking at all copies takes a quarter of a second where there are 20,000.
        """
        fetched = _fetched.get(self._folder, self._max_bytes)
        fetched += path.stat().st_size
        if fetched >= self._max_bytes // LOOKS:
            self._make_room(self._max_bytes)
            self._discard_abandoned()
            fetched = 0
        _fetched[self._folder] = fetched

    def _make_room(self, max_bytes: int) -> None:
        """Delete the least recently used copies until the rest is within the bound.

        Copies that were used within USE_SECONDS stay, whatever the bound.
        """
        copies = sorted(self._copies())
        total = sum(size for _, size, _ in copies)
        in_use = time.time() - USE_SECONDS
        for used_at, size, path in copies:
            if total <= max_bytes or used_at > in_use:
                return
            Path(path).unlink(missing_ok=True)
            total -= size

    def _discard_abandoned(self) -> None:
        """Delete what killed processes left half fetched."""
        for part in self._incoming.glob(f"*{PART}"):
            # Another process may end it meanwhile.
            with suppress(FileNotFoundError):
                if time.time() - part.stat().st_mtime > ABANDONED_SECONDS:
                    part.unlink()

    def _copies(self) -> Iterator[tuple[float, int, str]]:
        """Yield when each copy was last used, its size in bytes and its path."""
        for folder in self._folder.glob("[0-9a-f][0-9a-f]"):
            with os.scandir(folder) as entries:
                for entry in entries:
                    # Another process may delete it meanwhile.
                    with suppress(FileNotFoundError):
                        facts = entry.stat()
                        yield facts.st_mtime, facts.st_size, entry.path


def _hash_of(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
