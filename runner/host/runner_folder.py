"""The folder of one Runner, and the removal of those whose Runner died."""

import contextlib
import fcntl
import os
import tempfile
from pathlib import Path
from typing import Final

from runner.host.job_folder import remove_tree

_PREFIX: Final = "softmark-runner-"
_LOCK: Final = "lock"


class RunnerFolder:
    """A folder that is this Runner's alone until `close`.

    A lock on a file in it ends with the process, so that the next Runner can tell
    what a dead one left, and removes it.
    """

    def __init__(self, base: Path) -> None:
        base.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(base)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        # Written under another name first: a lock file that is there is held.
        draft = self.path / "lock.new"
        self._fd = os.open(draft, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        draft.rename(self.path / _LOCK)
        # Jobs' users pass through, and cannot list.
        self.path.chmod(0o711)

    def close(self) -> None:
        """Nothing of the folder is left."""
        with contextlib.suppress(OSError):
            remove_tree(self.path)
        os.close(self._fd)


def _remove_abandoned(base: Path) -> None:
    for folder in base.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.lstat().st_uid != os.geteuid():
                continue
            fd = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_tree(folder)
            finally:
                os.close(fd)
