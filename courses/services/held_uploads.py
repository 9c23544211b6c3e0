"""The folders in which uploads are kept until the person confirms them."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from django.conf import settings

_LIFETIME_SECONDS: Final = 24 * 3600


class NothingPendingError(Exception):
    """The upload is gone, or another one has taken its place."""


def held_uploads_folder() -> Path:
    """Return the folder that holds all kept uploads, readable by the portal alone."""
    root = Path(settings.VAR_DIR) / "imports"
    root.mkdir(mode=0o700, exist_ok=True)
    return root


@contextmanager
def whole_upload_in(folder: Path) -> Iterator[None]:
    """Delete the folder again if the upload could not be written, as on a full disk."""
    try:
        yield
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def forget_old_uploads() -> int:
    """Delete uploads that are older than a day; return how many."""
    limit, deleted = time.time() - _LIFETIME_SECONDS, 0
    for folder in held_uploads_folder().iterdir():
        # Another request may delete it first.
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < limit:
                shutil.rmtree(folder, ignore_errors=True)
                deleted += 1
    return deleted
