"""Capabilities, the rights of a superuser: all are dropped, and none can be regained."""

import ctypes
import os
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
    header = _Header(version=_VERSION_3, pid=0)
    nothing = (_Sets * 2)()
    kernel.check("capset", _libc.capset(ctypes.byref(header), ctypes.byref(nothing)))


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
