"""Where uploads wait while a person looks at what they would do."""

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from django.conf import settings

_LIFETIME_SECONDS: Final = 24 * 3600


class NothingPendingError(Exception):
    """The upload is gone, or another one has taken its place."""


def held_root() -> Path:
    """Return the folder of all of them, readable by the portal alone."""
    root = Path(settings.VAR_DIR) / "imports"
    root.mkdir(mode=0o700, exist_ok=True)
    return root


def forget_old_uploads() -> None:
    """Uploads that nobody came back to are gone after a day."""
    limit = time.time() - _LIFETIME_SECONDS
    for folder in held_root().iterdir():
        # Another request may have been first.
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < limit:
                shutil.rmtree(folder, ignore_errors=True)
