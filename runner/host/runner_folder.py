"""The folder of one Runner, and the removal of folders whose Runner died."""

import contextlib
import fcntl
import os
import tempfile
from pathlib import Path
from typing import Final

from runner.system.trees import remove_tree

_PREFIX: Final = "softmark-runner-"
_LOCK: Final = "lock"


class RunnerFolder:
    """A folder that belongs to this Runner alone until `close`.

    A lock on a file in it ends with the process. So the next Runner recognises folders
    that a dead one left, and removes them.
    """

    def __init__(self, base: Path) -> None:
        base.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(base)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        # First made under another name, so that a file named "lock" is always locked.
        draft = self.path / "lock.new"
        self._fd = os.open(draft, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        draft.rename(self.path / _LOCK)
        # The users of jobs may pass through the folder, but not list it.
        self.path.chmod(0o711)

    def close(self) -> None:
        """Remove the folder, and release its lock."""
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
