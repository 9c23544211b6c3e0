"""seccomp: which system calls a job may make.

Everything is allowed but what is listed: calls that reach other processes, other
namespaces, mounts, devices or seldom used parts of the kernel, as isolate and
container runtimes refuse them too. A filter is a program for the kernel's classic BPF
machine: see seccomp(2) and linux/filter.h.
"""

import ctypes
import errno
import platform
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runner.jail import kernel

_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_JUMP_IF_BITS: Final = 0x45
_RETURN: Final = 0x06
# Where the kernel puts what the filter looks at.
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24

_KILL: Final = 0x8000_0000
_ALLOW: Final = 0x7FFF_0000
_FAIL: Final = 0x0005_0000

_SET_MODE_FILTER: Final = 1
_X32: Final = 0x4000_0000
_AF_UNIX: Final = 1
_NAMESPACE_FLAGS: Final = (
    kernel.CLONE_NEWNS
    | kernel.CLONE_NEWCGROUP
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
    | 0x80  # time
)
_TERMINAL_TRICKS: Final = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX

Instruction = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A processor's numbers. `newest` is the last call that the lists here know of."""

    audit: int
    seccomp: int
    clone: int
    clone3: int
    ioctl: int
    socket: int
    socketpair: int
    newest: int
    refused: Sequence[int]
    absent: Sequence[int]


# Numbers that all architectures share: fsopen's family and what came later.
_REFUSED_ANYWHERE: Final = (
    *(425, 426, 427),  # io_uring
    *range(428, 434),  # open_tree to fspick
    438,  # pidfd_getfd
    440,  # process_madvise
    *(442, 443),  # mount_setattr, quotactl_fd
    448,  # process_mrelease
    *(457, 458),  # statmount, listmount
)
_ABSENT_ANYWHERE: Final = (447,)  # memfd_secret
_NEWEST: Final = 462

ARCHITECTURES: Final[Mapping[str, Architecture]] = {
    "x86_64": Architecture(
        audit=0xC000_003E,
        seccomp=317,
        clone=56,
        clone3=435,
        ioctl=16,
        socket=41,
        socketpair=53,
        newest=_NEWEST,
        refused=(
            *(
                101,
                103,
                134,
                135,
                136,
                139,
            ),  # ptrace, syslog, uselib, personality, ustat, sysfs
            *range(153, 157),  # vhangup, modify_ldt, pivot_root, _sysctl
            *(159, 161, 163, 164),  # adjtimex, chroot, acct, settimeofday
            *range(
                165, 181
            ),  # mount to nfsservctl: swap, reboot, names, modules, ports
            *(212, 227, 237, 238, 239),  # lookup_dcookie, clock_settime, NUMA policies
            *(
                246,
                248,
                249,
                250,
                256,
            ),  # kexec_load, add_key, request_key, keyctl, migrate_pages
            *(
                272,
                279,
                298,
                300,
            ),  # unshare, move_pages, perf_event_open, fanotify_init
            *(303, 304, 305, 308),  # file handles, clock_adjtime, setns
            *(310, 311, 312, 313),  # process_vm_readv and writev, kcmp, finit_module
            *(320, 321, 323),  # kexec_file_load, bpf, userfaultfd
            *_REFUSED_ANYWHERE,
        ),
        absent=(29, 30, 31, 67, 319, *_ABSENT_ANYWHERE),  # SysV shared memory, memfd
    ),
    "aarch64": Architecture(
        audit=0xC000_00B7,
        seccomp=277,
        clone=220,
        clone3=435,
        ioctl=29,
        socket=198,
        socketpair=199,
        newest=_NEWEST,
        refused=(
            *(18, 39, 40, 41, 42),  # lookup_dcookie, mounts, pivot_root, nfsservctl
            *(51, 58, 60, 89, 92),  # chroot, vhangup, quotactl, acct, personality
            *(
                97,
                104,
                105,
                106,
                112,
                116,
                117,
            ),  # unshare, kexec, modules, clock, syslog, ptrace
            *(142, 161, 162, 170, 171),  # reboot, names, settimeofday, adjtimex
            *(217, 218, 219, 224, 225),  # keys, swap
            *(235, 236, 237, 238, 239, 241),  # NUMA policies, perf_event_open
            *(262, 264, 265, 266, 268),  # fanotify_init, handles, clock_adjtime, setns
            *(
                270,
                271,
                272,
                273,
                280,
                282,
                294,
            ),  # other processes, modules, bpf, userfaultfd
            *_REFUSED_ANYWHERE,
        ),
        absent=(194, 195, 196, 197, 279, *_ABSENT_ANYWHERE),
    ),
}


class UnknownArchitectureError(OSError):
    """No filter is known for this processor."""


def this_architecture() -> Architecture:
    """Return the running processor's numbers, or raise UnknownArchitectureError."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise UnknownArchitectureError(
            errno.ENOSYS, f"no seccomp filter is known for {machine}"
        )
    return ARCHITECTURES[machine]


def program(about: Architecture) -> bytes:
    """Return the filter as the kernel reads it: eight bytes for each instruction."""
    steps: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, about.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        # Calls of another table of numbers than the one that is checked below.
        (_JUMP_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
    ]
    # glibc falls back to clone, whose flags can be looked at.
    steps += _answer(about.clone3, _FAIL | errno.ENOSYS)
    for number in about.absent:
        steps += _answer(number, _FAIL | errno.ENOSYS)
    for number in sorted(set(about.refused)):
        steps += _answer(number, _FAIL | errno.EPERM)
    steps += [
        (_JUMP_AT_LEAST, 0, 1, about.newest + 1),
        (_RETURN, 0, 0, _FAIL | errno.ENOSYS),
    ]
    steps += _flags(about.clone)
    steps += _terminal(about.ioctl)
    for number in (about.socket, about.socketpair):
        steps += _family(number)
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _answer(number: int, answer: int) -> list[Instruction]:
    return [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer)]


def _only(number: int, steps: list[Instruction]) -> list[Instruction]:
    """Return the steps, taken for one system call; they leave another value loaded."""
    ending = [(_RETURN, 0, 0, _ALLOW)]
    return [(_JUMP_EQUAL, 0, len(steps) + 1, number), *steps, *ending]


def _flags(number: int) -> list[Instruction]:
    """A process may be forked, but not into new namespaces."""
    return _only(
        number,
        [
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_JUMP_IF_BITS, 0, 1, _NAMESPACE_FLAGS),
            (_RETURN, 0, 0, _FAIL | errno.EPERM),
        ],
    )


def _terminal(number: int) -> list[Instruction]:
    """Nobody puts words into a terminal's mouth."""
    checks: list[Instruction] = [(_LOAD, 0, 0, _SECOND_ARGUMENT)]
    for trick in _TERMINAL_TRICKS:
        checks += _answer(trick, _FAIL | errno.EPERM)
    return _only(number, checks)


def _family(number: int) -> list[Instruction]:
    """Sockets are Unix sockets."""
    return _only(
        number,
        [
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_JUMP_EQUAL, 1, 0, _AF_UNIX),
            (_RETURN, 0, 0, _FAIL | errno.EAFNOSUPPORT),
        ],
    )


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def filter_self() -> None:
    """This process and its descendants may make no refused call. For good.

    Needs `no_new_privs`.
    """
    about = this_architecture()
    code = program(about)
    wanted = _Program(length=len(code) // 8, filter=code)
    kernel.syscall("seccomp", about.seccomp, _SET_MODE_FILTER, 0, ctypes.byref(wanted))
