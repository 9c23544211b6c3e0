"""Users that jobs run as, when the host is root: one each, never two jobs at once."""

import fcntl
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

# Free in systemd's table of user numbers, and below what a container maps.
FIRST_UID: Final = 60706
JOB_UIDS: Final = range(FIRST_UID, FIRST_UID + 256)


class NoUserFreeError(Exception):
    """All users for jobs are taken."""


def _lock_folder() -> Path:
    """Return a folder that only root may write, made if need be."""
    for base in (Path("/run"), Path(tempfile.gettempdir())):
        folder = base / "softmark-users"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError:
            continue
        about = folder.lstat()
        if stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid():
            return folder
    raise NoUserFreeError("no folder for locks")


class JobUser:
    """A user number that is this job's alone until `release`; None if we are no root.

    The lock is an open file's, so it ends with the process that holds it. `unclean`
    says that the last holder did not get to see its processes off.
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
        """The number may serve another job; none of this one's processes lives."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1
