"""seccomp: the system calls that a job may make.

All calls are allowed except those listed. These are, first, calls that reach other
processes, other namespaces, mounts, devices or rarely used parts of the kernel; isolate
and container runtimes refuse them too. Second, calls that use up something of which the
whole machine has a limited number, or kernel memory that no figure of the job counts.
Third, calls that change something of a file that another job could see, since all jobs
see the same files of the system and the same devices. A filter is a program for the
kernel's classic BPF machine: see seccomp(2) and linux/filter.h.
"""

import ctypes
import errno
import platform
import struct
from typing import Final

from runner.jail import kernel
from runner.jail.system_calls import ARCHITECTURES, Architecture

_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_JUMP_IF_BITS: Final = 0x45
_AND: Final = 0x54
_RETURN: Final = 0x06
# Where the kernel puts the data that the filter checks.
_NUMBER, _ARCHITECTURE = 0, 4
_FIRST_ARGUMENT, _SECOND_ARGUMENT, _THIRD_ARGUMENT, _SIXTH_ARGUMENT = 16, 24, 32, 56
_FOURTH_ARGUMENT = 40
# The upper half of an argument comes after its lower half.
_UPPER: Final = 4

_KILL: Final = 0x8000_0000
_ALLOW: Final = 0x7FFF_0000
_FAIL: Final = 0x0005_0000
# An error of 0: the call does nothing, and reports success.
_GRANT: Final = _FAIL

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
# TIOCSTI and TIOCLINUX, and TIOCSETD, which loads rare parts of the kernel.
_TERMINAL_TRICKS: Final = (0x5412, 0x541C, 0x5423)
# Requests of ioctl, by their kind: those of terminals and of every descriptor (FIONREAD,
# FIONBIO, FIOCLEX). Only they are allowed.
_IOCTL_KIND, _TERMINAL_KIND = 0xFF00, ord("T") << 8
# Drivers of devices have kinds of their own. So a job with a device may make all requests
# but those of file systems: their flags, times, keys and names (f, X, v, 0x15), and
# blocks that two files share (0x94).
_FILE_SYSTEM_KINDS: Final = tuple(kind << 8 for kind in (0x66, 0x58, 0x76, 0x15))
_SHARED_BLOCKS_KIND: Final = 0x94 << 8
# Commands that fcntl may run: descriptors, flags, owners, pipes, seals, and queries of
# locks. Not among them: leases, notifications of changes, hints about writing, and
# commands that are not known yet.
_FCNTL: Final = (*range(6), *range(8, 12), 15, 16, 17, 36, 1027, *range(1030, 1036))
_SET_FLAGS: Final = 4  # F_SETFL
_FCNTL_LOCKS: Final = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, and both of open files
# Advice about pages that all jobs share: MERGEABLE, COLD, PAGEOUT, COLLAPSE.
_ADVICE_ABOUT_SHARED_PAGES: Final = (12, 20, 21, 25)
_NOT_WAITING: Final = 0x08 | 0x80  # RWF_NOWAIT, RWF_DONTCACHE
# O_NOATIME: files would be read, or mapped into memory, without a trace in their times.
_WITHOUT_TRACE: Final = 0x40000

# Flags of mmap. Without a control group, at most one page of memory may be anonymous and
# shared: such memory stays when no process has it mapped, and then no figure of any
# process counts it.
_SHARED_ANONYMOUS: Final = 0x01 | 0x20
_HUGE: Final = 0x40000
_PAGE: Final = 4096

# Options of prctl. Filters, names of mappings and tables of futexes are kernel memory
# that no figure counts. A process that shares a core with no other slows others down.
# Pages that are merged with those of another job tell of that job. Any of a process's
# memory could stand as its arguments, which other processes may read. In this order:
# SET_SECCOMP, SET_MM, SCHED_CORE, SET_MEMORY_MERGE, FUTEX_HASH, SET_VMA.
_OPTIONS_NOT_KNOWN: Final = (22, 35, 62, 67, 78, 0x53564D41)
# Filters of sockets are such memory too, and all jobs share the machine's limit on it.
_SOCKET_LEVEL: Final = 1
_SOCKET_FILTERS: Final = (26, 50, 51, 52)

_CORE: Final = 4  # RLIMIT_CORE

Instruction = tuple[int, int, int, int]


class UnknownArchitectureError(OSError):
    """No filter is known for this processor."""


def this_architecture() -> Architecture:
    """Return the call numbers of this processor, or raise UnknownArchitectureError."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise UnknownArchitectureError(
            errno.ENOSYS, f"no seccomp filter is known for {machine}"
        )
    return ARCHITECTURES[machine]


def program(
    about: Architecture, *, is_grouped: bool = True, has_device: bool = False
) -> bytes:
    """Return the filter in the kernel's format: eight bytes for each instruction.

    `is_grouped` says that a control group counts all memory of the job, `has_device`
    that the job has a device.
    """
    steps: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, about.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        # Calls with numbers of another table than the one that is checked below.
        (_JUMP_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
    ]
    # glibc then falls back to clone, whose flags a filter can check.
    steps += _answer(about.clone3, _FAIL | errno.ENOSYS)
    for number in about.absent:
        steps += _answer(number, _FAIL | errno.ENOSYS)
    for number in about.unsupported:
        steps += _answer(number, _FAIL | errno.EOPNOTSUPP)
    for number in about.granted:
        steps += _answer(number, _GRANT)
    for number in sorted(set(about.refused)):
        steps += _answer(number, _FAIL | errno.EPERM)
    steps += [
        (_JUMP_AT_LEAST, 0, 1, about.newest + 1),
        (_RETURN, 0, 0, _FAIL | errno.ENOSYS),
    ]
    steps += _clone_steps(about.clone)
    steps += _ioctl_steps(about.ioctl, has_device=has_device)
    steps += _fcntl_steps(about.fcntl)
    steps += _madvise_steps(about.madvise)
    steps += _mmap_steps(about.mmap, is_grouped=is_grouped)
    steps += _open_steps(about)
    steps += _preadv2_steps(about.preadv2)
    steps += _prctl_steps(about.prctl)
    steps += _prlimit_steps(about.prlimit)
    steps += _for_call(about.setrlimit, _granted_for_core(_FIRST_ARGUMENT))
    steps += _setsockopt_steps(about.setsockopt)
    for number in about.scheduling:
        steps += _for_call(number, _granted_unless(_FIRST_ARGUMENT, 0))
    for number, kind in ((about.priority, 0), (about.io_priority, 1)):
        of_process = _granted_unless(_FIRST_ARGUMENT, kind)
        steps += _for_call(number, [*of_process, *_granted_unless(_SECOND_ARGUMENT, 0)])
    for number in (about.socket, about.socketpair):
        steps += _socket_steps(number)
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _answer(number: int, answer: int) -> list[Instruction]:
    return [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer)]


def _for_call(number: int, steps: list[Instruction]) -> list[Instruction]:
    """Return the steps, to be taken for one system call alone.

    The steps load another value, so a call that none of them answers is allowed.
    """
    ending = [(_RETURN, 0, 0, _ALLOW)]
    return [(_JUMP_EQUAL, 0, len(steps) + 1, number), *steps, *ending]


def _clone_steps(number: int) -> list[Instruction]:
    """Return steps that allow a fork, but not into new namespaces."""
    return _for_call(
        number,
        [
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_JUMP_IF_BITS, 0, 1, _NAMESPACE_FLAGS),
            (_RETURN, 0, 0, _FAIL | errno.EPERM),
        ],
    )


def _ioctl_steps(number: int, *, has_device: bool) -> list[Instruction]:
    """Return steps that allow what terminals and descriptors have, and no file system."""
    checks: list[Instruction] = [(_LOAD, 0, 0, _SECOND_ARGUMENT)]
    for trick in _TERMINAL_TRICKS:
        checks += _answer(trick, _FAIL | errno.EPERM)
    checks.append((_AND, 0, 0, _IOCTL_KIND))
    # Who copies a file then copies its bytes instead.
    checks += _answer(_SHARED_BLOCKS_KIND, _FAIL | errno.EOPNOTSUPP)
    if has_device:
        for kind in _FILE_SYSTEM_KINDS:
            checks += _answer(kind, _FAIL | errno.ENOTTY)
    else:
        checks += _answer(_TERMINAL_KIND, _ALLOW)
        checks.append((_RETURN, 0, 0, _FAIL | errno.ENOTTY))
    return _for_call(number, checks)


def _fcntl_steps(number: int) -> list[Instruction]:
    """Return steps that let locks succeed without effect, and allow listed commands."""
    checks: list[Instruction] = [(_LOAD, 0, 0, _SECOND_ARGUMENT)]
    for command in _FCNTL_LOCKS:
        checks += _answer(command, _GRANT)
    refused = _refused_with(_THIRD_ARGUMENT, _WITHOUT_TRACE)
    checks += [(_JUMP_EQUAL, 0, len(refused) + 1, _SET_FLAGS), *refused]
    checks.append((_RETURN, 0, 0, _ALLOW))
    for command in _FCNTL:
        checks += _answer(command, _ALLOW)
    checks.append((_RETURN, 0, 0, _FAIL | errno.EINVAL))
    return _for_call(number, checks)


def _madvise_steps(number: int) -> list[Instruction]:
    """Return steps that refuse advice about pages that another job may have too."""
    checks: list[Instruction] = [(_LOAD, 0, 0, _THIRD_ARGUMENT)]
    for advice in _ADVICE_ABOUT_SHARED_PAGES:
        checks += _answer(advice, _FAIL | errno.EINVAL)
    return _for_call(number, checks)


def _mmap_steps(number: int, *, is_grouped: bool) -> list[Instruction]:
    """Return steps that allow only memory which some figure of the job counts.

    The machine's huge pages are refused, since no control group counts them.
    """
    refused: Instruction = (_RETURN, 0, 0, _FAIL | errno.ENOMEM)
    checks: list[Instruction] = [
        (_LOAD, 0, 0, _FOURTH_ARGUMENT),
        (_JUMP_IF_BITS, 0, 1, _HUGE),
        refused,
    ]
    if not is_grouped:
        checks += [
            (_AND, 0, 0, _SHARED_ANONYMOUS),
            (_JUMP_EQUAL, 1, 0, _SHARED_ANONYMOUS),
            (_RETURN, 0, 0, _ALLOW),
            (_LOAD, 0, 0, _SECOND_ARGUMENT + _UPPER),
            (_JUMP_EQUAL, 1, 0, 0),
            refused,
            (_LOAD, 0, 0, _SECOND_ARGUMENT),
            (_JUMP_AT_LEAST, 0, 1, _PAGE + 1),
            refused,
        ]
    return _for_call(number, checks)


def _open_steps(about: Architecture) -> list[Instruction]:
    """Return steps that refuse to open a file without setting its time of access.

    By this time the first process sees that a file may have been written to in memory.
    The kernel gives the same answer for files of other users.
    """
    steps: list[Instruction] = []
    for number, flags in (
        (about.open, _SECOND_ARGUMENT),
        (about.openat, _THIRD_ARGUMENT),
    ):
        if number is not None:
            steps += _for_call(number, _refused_with(flags, _WITHOUT_TRACE))
    return steps


def _refused_with(argument: int, flags: int) -> list[Instruction]:
    """Return steps that refuse a call whose argument has one of the flags."""
    return [
        (_LOAD, 0, 0, argument),
        (_JUMP_IF_BITS, 0, 1, flags),
        (_RETURN, 0, 0, _FAIL | errno.EPERM),
    ]


def _preadv2_steps(number: int) -> list[Instruction]:
    """Return steps that refuse questions about the cache, and removal from it.

    A job must not learn whether another one has read the same file before.
    """
    return _for_call(
        number,
        [
            (_LOAD, 0, 0, _SIXTH_ARGUMENT),
            (_JUMP_IF_BITS, 0, 1, _NOT_WAITING),
            (_RETURN, 0, 0, _FAIL | errno.EOPNOTSUPP),
        ],
    )


def _prctl_steps(number: int) -> list[Instruction]:
    """Return steps that refuse the options in `_OPTIONS_NOT_KNOWN`, as if unknown."""
    checks: list[Instruction] = [(_LOAD, 0, 0, _FIRST_ARGUMENT)]
    for option in _OPTIONS_NOT_KNOWN:
        checks += _answer(option, _FAIL | errno.EINVAL)
    return _for_call(number, checks)


def _setsockopt_steps(number: int) -> list[Instruction]:
    """Return steps that refuse filters of sockets."""
    checks: list[Instruction] = [
        (_LOAD, 0, 0, _SECOND_ARGUMENT),
        (_JUMP_EQUAL, 1, 0, _SOCKET_LEVEL),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _THIRD_ARGUMENT),
    ]
    for option in _SOCKET_FILTERS:
        checks += _answer(option, _FAIL | errno.ENOPROTOOPT)
    return _for_call(number, checks)


def _prlimit_steps(number: int) -> list[Instruction]:
    """Return steps that allow a process to set limits only on itself.

    The job's first process has the same user, and must not be limited by others.
    """
    new = _THIRD_ARGUMENT
    unset = [
        *((_LOAD, 0, 0, new), (_JUMP_EQUAL, 0, 3, 0)),
        *((_LOAD, 0, 0, new + _UPPER), (_JUMP_EQUAL, 0, 1, 0)),
        (_RETURN, 0, 0, _ALLOW),  # it asks for a limit, and sets none
    ]
    return _for_call(
        number,
        [
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_JUMP_EQUAL, 1, 0, 0),
            (_RETURN, 0, 0, _FAIL | errno.EPERM),
            *unset,
            *_granted_for_core(_SECOND_ARGUMENT),
        ],
    )


def _granted_for_core(argument: int) -> list[Instruction]:
    """Return steps that leave the limit on core dumps as it is: see `confine`.

    Programs that turn core dumps off must not fail.
    """
    return [(_LOAD, 0, 0, argument), *_answer(_CORE, _GRANT)]


def _granted_unless(argument: int, own: int) -> list[Instruction]:
    """Return steps that leave the scheduling of other processes as it is.

    The job's first process is one of them. The call does nothing and succeeds unless the
    argument is `own`: libraries name their own threads by number.
    """
    return [(_LOAD, 0, 0, argument), (_JUMP_EQUAL, 1, 0, own), (_RETURN, 0, 0, _GRANT)]


def _socket_steps(number: int) -> list[Instruction]:
    """Return steps that allow only Unix sockets."""
    return _for_call(
        number,
        [
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_JUMP_EQUAL, 1, 0, _AF_UNIX),
            (_RETURN, 0, 0, _FAIL | errno.EAFNOSUPPORT),
        ],
    )


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def filter_self(*, is_grouped: bool, has_device: bool) -> None:
    """Keep this process and its descendants from making refused calls, for good.

    Needs `no_new_privs`.
    """
    about = this_architecture()
    code = program(about, is_grouped=is_grouped, has_device=has_device)
    wanted = _Program(length=len(code) // 8, filter=code)
    kernel.syscall("seccomp", about.seccomp, _SET_MODE_FILTER, 0, ctypes.byref(wanted))
