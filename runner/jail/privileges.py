"""Capabilities, the rights of a superuser.

A job's processes drop all of them, and can regain none. Its first process keeps one.
"""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runner.jail import kernel
from runner.system import linux

_VERSION_3: Final = 0x20080522
_PR_CAPBSET_DROP: Final = 24
_PR_SET_SECUREBITS: Final = 28
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
# No-root, no-setuid-fixup and no-ambient-raise, each with its lock. See capabilities(7).
_NO_PRIVILEGED_ROOT: Final = 0b11_00_11_11
_SYS_ADMIN: Final = 1 << 21
_libc: Final = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")
    ]


def drop_capabilities() -> None:
    """Drop every capability, so that running a file brings none back."""
    if _held()["CapEff"]:
        _drop_for_good()
    _set(effective=0, permitted=0)


def keep_mount_right() -> None:
    """Drop every capability, except that `with_mount_right` may still use one.

    A process that is forked from this one must call `drop_capabilities`.
    """
    _drop_for_good()
    _set(effective=0, permitted=_SYS_ADMIN)


@contextlib.contextmanager
def with_mount_right() -> Iterator[None]:
    """Use the right to change mounts of this process's own namespaces."""
    _set(effective=_SYS_ADMIN, permitted=_SYS_ADMIN)
    try:
        yield
    finally:
        _set(effective=0, permitted=_SYS_ADMIN)


def _set(*, effective: int, permitted: int) -> None:
    header = _Header(version=_VERSION_3, pid=0)
    sets = (_Sets * 2)(_Sets(effective=effective, permitted=permitted))
    kernel.check("capset", _libc.capset(ctypes.byref(header), ctypes.byref(sets)))


def _drop_for_good() -> None:
    """Empty the bounding set. A process that has no capability left may not do this."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for number in range(last + 1):
        linux.control(_PR_CAPBSET_DROP, number)
    linux.control(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    linux.control(_PR_SET_SECUREBITS, _NO_PRIVILEGED_ROOT)


def _held() -> dict[str, int]:
    """Return this process's sets of capabilities, and whether it can gain privileges."""
    fields = linux.own_status()
    names = [name for name in fields if name.startswith("Cap")]
    return {name: int(fields[name], 16) for name in (*names, "NoNewPrivs")}


def has_no_privileges() -> bool:
    """Return whether this process holds no capability and cannot gain any."""
    held = _held()
    forbidden = held.pop("NoNewPrivs")
    return not any(held.values()) and bool(forbidden) and os.geteuid() != 0
