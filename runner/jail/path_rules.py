"""The contents of a jail, as data: its paths, devices, sizes and masked files."""

import errno
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOME: Final = "/home/student"
WORK: Final = "/home/student/work"
FILES: Final = "/files"
PRIVATE: Final = "/private"
MODULES: Final = f"{HOME}/modules"
# The first process keeps states of the job's folders here (`folder_states`), and takes
# the mount away from the job before the notebook starts. In a jail that another program
# has made it stays: Landlock lists no right to it.
STATES: Final = "/states"
_LEAST_STATES_BYTES: Final = 128 * 1024**2
_MOST_STATES_BYTES: Final = 512 * 1024**2
# The tmpfs of the job's writable folders, one in each folder of it, and the one of its
# shared memory. The first process takes these mounts away from the job, too. It needs them
# to rename files to SPARE within: files cannot be renamed from one mount to another.
STORE: Final = "/.store"
SHARED_STORE: Final = "/.shared"
SHARED_PART: Final = "0"
SPARE: Final = "spare"
# An empty folder, which covers the entries of waiting snapshots in /proc.
NOTHING: Final = "/var/empty"
SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - the jail's own
TEMPORARY: Final = ("/tmp", "/var/tmp")  # noqa: S108 - the jail's own
# All of these share one tmpfs, so that their sizes add up.
WRITABLE: Final = (HOME, WORK, PRIVATE, *TEMPORARY)
# A job can make files below these, and nowhere else.
ALL_WRITABLE: Final = (*WRITABLE, SHARED_MEMORY)

DEVICES: Final = ("null", "zero", "full", "random", "urandom")
# Devices shown in place of others without a control group. Reading /dev/full gives the
# same as /dev/zero, but it cannot be mapped into memory: no figure would count memory
# that is shared through /dev/zero.
UNGROUPED_NODES: Final = {"/dev/zero": "/dev/full"}
DEVICE_LINKS: Final = {
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
    "/dev/ptmx": "pts/ptmx",
}
# Directories of the host's system that a program needs; links among them stay links.
_SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SYSTEM_PARTS: Final = (
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/fonts",
    # Libraries ask here how many processors there are and what caches they have.
    "/sys/devices/system/cpu",
)
# What the kernel shows about the whole machine in /proc. A job does not need it, and
# could use some of it to observe other jobs, or to know the host again. What libraries
# ask for stays: cpuinfo, meminfo, stat, loadavg, uptime, version, filesystems.
_MACHINE: Final = (
    "/proc/acpi",
    "/proc/allocinfo",
    "/proc/asound",
    "/proc/bootconfig",
    "/proc/buddyinfo",
    "/proc/bus",
    "/proc/cgroups",
    "/proc/cmdline",
    "/proc/config.gz",
    "/proc/consoles",
    "/proc/crypto",
    "/proc/diskstats",
    "/proc/dma",
    "/proc/dri",
    "/proc/driver/rtc",
    "/proc/dynamic_debug",
    "/proc/fb",
    "/proc/fs",
    "/proc/interrupts",
    "/proc/iomem",
    "/proc/ioports",
    "/proc/irq",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/key-users",
    "/proc/keys",
    "/proc/kmsg",
    "/proc/latency_stats",
    "/proc/lock_stat",
    "/proc/lockdep_stats",
    "/proc/locks",
    "/proc/mdstat",
    "/proc/misc",
    "/proc/mtrr",
    "/proc/pagetypeinfo",
    "/proc/partitions",
    "/proc/pressure",
    "/proc/sched_debug",
    "/proc/schedstat",
    "/proc/scsi",
    "/proc/slabinfo",
    "/proc/softirqs",
    "/proc/swaps",
    "/proc/sys/dev",
    "/proc/sys/fs",
    "/proc/sys/kernel/pty",
    "/proc/sys/kernel/random/boot_id",
    "/proc/sys/kernel/random/entropy_avail",
    "/proc/sysrq-trigger",
    "/proc/timer_list",
    "/proc/tty",
    "/proc/version_signature",
    "/proc/vmallocinfo",
    "/proc/vmstat",
    "/proc/zoneinfo",
)
# NVIDIA's driver for programs looks here for its modules, and may start none without them.
_DRIVERS: Final = ("/proc/devices", "/proc/modules")
MASKED: Final = (
    _MACHINE if os.path.exists("/proc/driver/nvidia") else (*_MACHINE, *_DRIVERS)  # noqa: PTH110 - a constant
)
INODES: Final = 50_000
# Each file, even an empty one, takes up kernel memory that is charged to the job.
SHARED_INODES: Final = 4096
# All terminals of a machine share one limit, which is not large.
TERMINALS: Final = 32
# The root holds nothing but places to mount on and a few lines in /etc.
ROOT_BYTES: Final = 4 * 1024**2


def states_bytes(disk_bytes: int) -> int:
    """Return the most bytes of all states of the job's folders, by the job's disk."""
    return min(max(_LEAST_STATES_BYTES, disk_bytes), _MOST_STATES_BYTES)


def in_store(place: str) -> str:
    """Return the name of a writable folder within STORE."""
    return str(WRITABLE.index(place))


class TooWideError(OSError):
    """A jail would show the whole system."""


@dataclass(frozen=True, kw_only=True)
class View:
    """The parts of the host's file system that a jail shows, at their own places.

    `trees` are shown read only. `links` are symbolic links to make. `nodes` are device
    files, which can be written to.
    """

    trees: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    nodes: tuple[str, ...] = tuple(f"/dev/{name}" for name in DEVICES)


def host_view(more: Iterable[str] = (), nodes: Iterable[str] = ()) -> View:
    """Return the view that the running interpreter needs, with `more` paths and `nodes`.

    Raises TooWideError.
    """
    links = [path for path in _SYSTEM if Path(path).is_symlink()]
    trees = [path for path in _SYSTEM if Path(path).is_dir() and path not in links]
    trees += [path for path in _SYSTEM_PARTS if Path(path).exists()]
    python = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.executable]
    python += filter(os.path.isabs, sys.path)
    # Each under its own name, and under the name behind symbolic links.
    python += [os.path.realpath(path) for path in python]
    shown = _outermost([*trees, *python, *more])
    if "/" in shown:
        raise TooWideError(
            errno.EINVAL, "Python is installed in the root of the system"
        )
    return View(
        trees=shown,
        links=tuple((path, os.readlink(path)) for path in links),  # noqa: PTH115 - as it is written
        nodes=(*(f"/dev/{name}" for name in DEVICES), *nodes),
    )


def _outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the paths that exist, without those inside another of them."""
    found: list[str] = []
    for path in sorted({os.path.abspath(path) for path in paths}):  # noqa: PTH100 - links are kept
        if os.path.exists(path) and not any(  # noqa: PTH110 - same
            Path(path).is_relative_to(one) for one in found
        ):
            found.append(path)
    return tuple(found)
