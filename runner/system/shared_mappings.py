"""The files that a process has mapped into its memory and shares with others.

See PROCMAP_QUERY in the kernel's include/uapi/linux/fs.h (Linux 6.11 or later). Older
kernels can only print all mappings, which takes milliseconds for a process with torch.
"""

import ctypes
import fcntl
import os
import re
from collections.abc import Iterator
from typing import Final

_QUERY: Final = 0xC068_6611
# Shared mappings of files: the one that covers the address, or the next.
_SHARED_FILES: Final = 0x08 | 0x10 | 0x20
# What may only be read now may become writable later, so that every shared mapping counts.
_LINE: Final = re.compile(rb"^\S+ ...s \S+ ([0-9a-f]+):([0-9a-f]+) (\d+)", re.MULTILINE)


class _Query(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_uint64) for name in ("size", "flags", "address")),
        *((name, ctypes.c_uint64) for name in ("start", "end", "found", "page")),
        *((name, ctypes.c_uint64) for name in ("offset", "inode")),
        *((name, ctypes.c_uint32) for name in ("major", "minor", "name", "build")),
        *((name, ctypes.c_uint64) for name in ("name_address", "build_address")),
    ]


def shared_files(pid: int) -> list[tuple[int, int]]:
    """Return the device and inode of each file that the process shares. Raises OSError."""
    fd = os.open(f"/proc/{pid}/maps", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return list(_asked(fd))
    except OSError:  # the kernel does not know the question
        return list(_read(fd))
    finally:
        os.close(fd)


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
