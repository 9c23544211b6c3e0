"""Users that jobs run as when the host is root: one for each job that runs."""

import fcntl
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

# Unused in systemd's table of user numbers, and small enough to exist in a container.
FIRST_UID: Final = 60706
JOB_UIDS: Final = range(FIRST_UID, FIRST_UID + 256)


class NoUserFreeError(Exception):
    """All users for jobs are taken."""


def _lock_folder() -> Path:
    """Return a folder to which only root may write; make it if needed."""
    for base in (Path("/run"), Path(tempfile.gettempdir())):
        folder = base / "softmark-users"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError:
            continue
        about = folder.lstat()
        if stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid():
            return folder
    raise NoUserFreeError("no folder for the locks of job users can be made")


class JobUser:
    """A user number that belongs to this job alone until `release`; None if not root.

    The lock belongs to an open file, so it ends with the process that holds it.
    `unclean` says that the last holder may have left processes behind. Raises
    NoUserFreeError.
    """

    def __init__(self) -> None:
        self.uid: int | None = None
        self.unclean = False
        self._fd = -1
        if os.geteuid() == 0:
            self._take(_lock_folder())

    def _take(self, folder: Path) -> None:
        for uid in JOB_UIDS:
            fd = os.open(folder / str(uid), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                continue
            self.uid, self._fd = uid, fd
            self.unclean = os.fstat(fd).st_size > 0
            os.pwrite(fd, b"in use\n", 0)
            return
        raise NoUserFreeError("all users for jobs are taken")

    def release(self) -> None:
        """Free the number for another job. Call it when no process of this job lives."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1
