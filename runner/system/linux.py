"""The few Linux calls that the standard library lacks. Each raises OSError."""

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runner.system import descriptors

_libc: Final = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWNS: Final = 0x00020000
_MADV_COLLAPSE: Final = 25
_MS_RDONLY: Final = 0x1
_MS_NOSUID: Final = 0x2
_MS_NODEV: Final = 0x4
_MS_REMOUNT: Final = 0x20
_MS_BIND: Final = 0x1000
_MS_REC: Final = 0x4000
_MS_PRIVATE: Final = 0x40000


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def own_status() -> dict[str, str]:
    """Return the fields of /proc/self/status, by name."""
    lines = Path("/proc/self/status").read_text().splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name: value.strip() for name, _, value in pairs}


def control(option: int, value: int) -> None:
    """Make the prctl(2) call."""
    zero = ctypes.c_ulong(0)
    _call("prctl", option, ctypes.c_ulong(value), zero, zero, zero)


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Have the kernel send this process the signal when the thread that made it ends.

    A change of user clears this, so call it again after one.
    """
    control(_PR_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose own parent has ended."""
    control(_PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    """Keep this process and its descendants from gaining rights by running a file."""
    control(_PR_SET_NO_NEW_PRIVS, 1)


def set_dumpable(*, dumpable: bool) -> None:
    """Set whether processes of the same user may look into this one."""
    control(_PR_SET_DUMPABLE, int(dumpable))


class OutOfMemoryScore:
    """How early the kernel ends this process and its children when memory runs out.

    Make it while this process still sees its own /proc. No privilege is needed to raise
    the score, and to lower it to where it was.
    """

    _HIGHEST: Final = b"1000"

    def __init__(self) -> None:
        self._fd = -1
        with contextlib.suppress(OSError):
            self._fd = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)

    @contextlib.contextmanager
    def raised(self) -> Iterator[None]:
        """Make processes that are forked meanwhile the first to be ended."""
        if self._fd < 0:
            yield
            return
        before = os.pread(self._fd, 16, 0)
        os.pwrite(self._fd, self._HIGHEST, 0)
        try:
            yield
        finally:
            os.pwrite(self._fd, before, 0)


def protect_from_oom_killer(pid: int, pidfd: int) -> None:
    """Make the kernel end the process last when memory runs out, if we may."""
    lowest = b"-999"  # not -1000, with which a group could be stuck for ever
    with contextlib.suppress(OSError):
        fd = os.open(f"/proc/{pid}/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        try:
            # The process still lives, so the opened file belongs to no other process.
            if not descriptors.wait([pidfd], seconds=0):
                os.write(fd, lowest)
        finally:
            os.close(fd)


def use_huge_pages(start: int, length: int) -> None:
    """Move `length` bytes of memory at the address `start` into huge pages."""
    _call(
        "madvise",
        ctypes.c_void_p(start),
        ctypes.c_size_t(length),
        ctypes.c_int(_MADV_COLLAPSE),
    )


def own_mounts() -> None:
    """Let only this process and its descendants see mounts made from now on."""
    _call("unshare", _CLONE_NEWNS)
    keep_mounts_private()


def keep_mounts_private() -> None:
    """Keep mounts made from now on from spreading to or from another namespace."""
    _call("mount", None, b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None)


def mount_tmpfs(target: str, options: str) -> None:
    """Cover `target` with an empty folder in memory."""
    flags = ctypes.c_ulong(_MS_NOSUID | _MS_NODEV)
    _call("mount", b"tmpfs", os.fsencode(target), b"tmpfs", flags, options.encode())


def bind(source: str, target: str, *, read_only: bool) -> None:
    """Show the folder `source` at `target` too."""
    flags = ctypes.c_ulong(_MS_BIND | _MS_REC)
    _call("mount", os.fsencode(source), os.fsencode(target), None, flags, None)
    if read_only:
        flags = ctypes.c_ulong(_MS_BIND | _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID)
        _call("mount", None, os.fsencode(target), None, flags, None)
