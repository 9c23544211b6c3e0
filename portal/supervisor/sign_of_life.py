"""A file that a program touches for as long as it works."""

import time
from pathlib import Path
from typing import Final

# A worker touches its file every five seconds.
SILENT_SECONDS: Final = 90.0


class SignOfLife:
    """Watches the file of one program.

    The time since the last sign is this process's own. By the clock on the wall, every
    program would be silent after the machine has slept.
    """

    def __init__(self, path: Path, *, seconds: float = SILENT_SECONDS) -> None:
        self.path = path
        self._seconds = seconds
        self._last = 0
        self._seen = time.monotonic()

    def begin(self) -> None:
        """Count from now, because the program starts now."""
        self.path.unlink(missing_ok=True)
        self._seen = time.monotonic()

    def is_there(self) -> bool:
        """Return whether the program has given a sign lately."""
        try:
            touched = self.path.stat().st_mtime_ns
        except OSError:
            touched = self._last
        if touched != self._last:
            self._last, self._seen = touched, time.monotonic()
        return time.monotonic() - self._seen < self._seconds
