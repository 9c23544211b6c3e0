"""Landlock: the paths that a process may use, enforced in addition to the mounts.

This is a second line of defence: if a process finds a way to a file that its root does
not show, it still may not open it. Rights and their versions are in the kernel's
Documentation/userspace-api/landlock.rst.
"""

import ctypes
import os
import stat
from collections.abc import Iterable, Mapping
from enum import IntFlag
from typing import Final

from runner.jail import kernel

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_ASK_VERSION: Final = 1
_PATH_BENEATH: Final = 1


class Access(IntFlag):
    """Rights to the file system, with the kernel's numbers."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


LIST: Final = Access.READ_DIR
READ: Final = Access.READ_FILE | Access.READ_DIR
RUN: Final = READ | Access.EXECUTE
_NEVER: Final = Access.MAKE_CHAR | Access.MAKE_BLOCK
WRITE: Final = Access(0xFFFF) & ~_NEVER & ~Access.IOCTL_DEV
DEVICE: Final = (
    Access.READ_FILE | Access.WRITE_FILE | Access.TRUNCATE | Access.IOCTL_DEV
)
TERMINAL: Final = DEVICE | Access.READ_DIR
# Rights that have a meaning for a path that is no folder.
_OF_FILES: Final = DEVICE | Access.EXECUTE
# The version in which each later right was added.
_SINCE: Final[Mapping[Access, int]] = {
    Access.REFER: 2,
    Access.TRUNCATE: 3,
    Access.IOCTL_DEV: 5,
}
_NETWORK_SINCE: Final = 4
_BIND_AND_CONNECT: Final = 0b11
_SCOPES_SINCE: Final = 6
# Abstract Unix sockets and signals reach only processes of the job.
_SCOPES: Final = 0b11


class _RulesetAttributes(ctypes.Structure):
    _fields_ = [
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


def version() -> int:
    """Return the version of Landlock that this kernel enforces, 0 for none."""
    try:
        return kernel.syscall(
            "landlock_create_ruleset", _CREATE_RULESET, None, 0, _ASK_VERSION
        )
    except OSError:
        return 0


def known(abi: int) -> Access:
    """Return the rights that version `abi` can restrict."""
    every = Access(0xFFFF)
    for right, since in _SINCE.items():
        if abi < since:
            every &= ~right
    return every


def restrict_self(rules: Iterable[tuple[str, Access]]) -> None:
    """Restrict this process and its descendants to what the rules allow.

    A rule is a path, and the rights to it and to all below it. A rule whose path does
    not exist is left out. Needs `no_new_privs`.
    """
    abi = version()
    handled = known(abi)
    attributes = _RulesetAttributes(
        handled_access_fs=handled,
        handled_access_net=_BIND_AND_CONNECT if abi >= _NETWORK_SINCE else 0,
        scoped=_SCOPES if abi >= _SCOPES_SINCE else 0,
    )
    ruleset = kernel.syscall(
        "landlock_create_ruleset",
        _CREATE_RULESET,
        ctypes.byref(attributes),
        _size_for(abi),
        0,
    )
    try:
        for path, rights in rules:
            _allow(ruleset, path, rights & handled)
        kernel.syscall("landlock_restrict_self", _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _size_for(abi: int) -> int:
    """Return how many bytes of the attributes a kernel of this version knows."""
    if abi < _NETWORK_SINCE:
        return 8
    return 16 if abi < _SCOPES_SINCE else 24


def _allow(ruleset: int, path: str, rights: Access) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        rule = _PathBeneath(allowed_access=rights, parent_fd=place)
        kernel.syscall(
            "landlock_add_rule",
            _ADD_RULE,
            ruleset,
            _PATH_BENEATH,
            ctypes.byref(rule),
            0,
        )
    finally:
        os.close(place)
