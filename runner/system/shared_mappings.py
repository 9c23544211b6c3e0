"""The memory that a process shares with others, and the files that it has mapped so.

See PROCMAP_QUERY in the kernel's include/uapi/linux/fs.h (Linux 6.11 or later). Older
kernels can only print all mappings, which takes milliseconds for a process with torch.
"""

import ctypes
import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_QUERY: Final = 0xC068_6611
# Shared mappings of files: the one that covers the address, or the next.
_SHARED_FILES: Final = 0x08 | 0x10 | 0x20
# Shared mappings that can be written to: the one that covers the address, or the next.
_SHARED_WRITABLE: Final = 0x02 | 0x08 | 0x10
# What may only be read now may become writable later, so that every shared mapping counts.
_LINE: Final = re.compile(rb"^\S+ ...s \S+ ([0-9a-f]+):([0-9a-f]+) (\d+)", re.MULTILINE)
_WRITABLE_LINE: Final = re.compile(rb"^\S+ .w.s ", re.MULTILINE)
# The mapping's line, and the kernel's flags. It is shared, and may be made writable.
_MAY_WRITE: Final = re.compile(
    r"^[0-9a-f]+-[0-9a-f]+ (?:\S+ +){4}(.*)\n(?:\w+: .*\n)*?VmFlags:.* sh ",
    re.MULTILINE,
)


class _Query(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_uint64) for name in ("size", "flags", "address")),
        *((name, ctypes.c_uint64) for name in ("start", "end", "found", "page")),
        *((name, ctypes.c_uint64) for name in ("offset", "inode")),
        *((name, ctypes.c_uint32) for name in ("major", "minor", "name", "build")),
        *((name, ctypes.c_uint64) for name in ("name_address", "build_address")),
    ]


def shared_files(pid: int) -> Iterator[tuple[int, int]]:
    """Yield the device and inode of each file that the process shares. Raises OSError."""
    fd = os.open(f"/proc/{pid}/maps", os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            yield from _asked(fd)
        except OSError:  # the kernel does not know the question
            yield from _read(fd)
    finally:
        os.close(fd)


def can_write_shared() -> bool:
    """Return whether this process can now write to memory that it shares with others."""
    with open("/proc/self/maps", "rb") as file:  # noqa: PTH123 - asked at every fork
        query = _Query(size=ctypes.sizeof(_Query), flags=_SHARED_WRITABLE)
        try:
            fcntl.ioctl(file, _QUERY, query)
        except FileNotFoundError:
            return False
        except OSError:  # the kernel does not know the question
            return _WRITABLE_LINE.search(file.read()) is not None
        return True


def writable_shares() -> list[str]:
    """Return the names of all shared mappings that this process can make writable.

    Takes some 10 ms for a process with torch.
    """
    return _MAY_WRITE.findall(Path("/proc/self/smaps").read_text())


def _asked(fd: int) -> Iterator[tuple[int, int]]:
    address = 0
    while True:
        query = _Query(size=ctypes.sizeof(_Query), flags=_SHARED_FILES, address=address)
        try:
            fcntl.ioctl(fd, _QUERY, query)
        except FileNotFoundError:
            return  # there is no further one
        yield os.makedev(query.major, query.minor), query.inode
        address = query.end


def _read(fd: int) -> Iterator[tuple[int, int]]:
    with open(fd, "rb", closefd=False) as file:
        text = file.read()
    for major, minor, inode in _LINE.findall(text):
        yield os.makedev(int(major, 16), int(minor, 16)), int(inode)
