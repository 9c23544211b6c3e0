"""Numbers of system calls, by processor: those refused, absent or granted in a jail.

The reasons are in `runner/jail/seccomp.py` and docs/sandbox.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A processor's call numbers. `newest` is the last call that these lists know.

    Calls in `refused` fail. Calls in `absent` fail as if the kernel did not have them,
    and calls in `unsupported` as if no file system had them. Calls in `granted` do
    nothing and succeed. flock is one of these: by a lock on a file that all jobs see, one
    job could observe another, but a program that locks a file in its own folder must not
    fail. Mounts cannot give a job its own file in every case: for the kernel, all
    descriptors of events and timers of the machine are one file.
    """

    audit: int
    seccomp: int
    clone: int
    clone3: int
    ioctl: int
    fcntl: int
    madvise: int
    mmap: int
    open: int | None
    openat: int
    preadv2: int
    prctl: int
    prlimit: int
    setrlimit: int
    setsockopt: int
    socket: int
    socketpair: int
    scheduling: Sequence[int]
    priority: int
    io_priority: int
    newest: int
    refused: Sequence[int]
    absent: Sequence[int]
    unsupported: Sequence[int]
    granted: Sequence[int]


# Numbers that all architectures share: those of fsopen's family and of later calls.
_REFUSED_ANYWHERE: Final = (
    *(425, 426, 427),  # io_uring
    *range(428, 434),  # open_tree to fspick
    438,  # pidfd_getfd
    440,  # process_madvise
    *(442, 443),  # mount_setattr, quotactl_fd
    448,  # process_mrelease
    *(457, 458),  # statmount, listmount
)
_ABSENT_ANYWHERE: Final = (
    437,  # openat2, which can ask whether another job has opened a path
    *(444, 445, 446),  # Landlock, whose rules are memory that no figure counts
    447,  # memfd_secret
    451,  # cachestat
)
_NEWEST: Final = 462

ARCHITECTURES: Final[Mapping[str, Architecture]] = {
    "x86_64": Architecture(
        audit=0xC000_003E,
        seccomp=317,
        clone=56,
        clone3=435,
        ioctl=16,
        fcntl=72,
        madvise=28,
        mmap=9,
        open=2,
        openat=257,
        preadv2=327,
        prctl=157,
        prlimit=302,
        setrlimit=160,
        setsockopt=54,
        socket=41,
        socketpair=53,
        scheduling=(142, 144, 203, 314),  # parameters, scheduler, affinity, attributes
        priority=141,
        io_priority=251,
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
        absent=(
            27,  # mincore
            *(29, 30, 31, 67),  # System V shared memory
            *(64, 65, 66, 220, *range(68, 72)),  # System V semaphores and messages
            *(
                *range(206, 211),
                333,
            ),  # asynchronous I/O, whose events have one limit for the machine
            *(253, 254, 255, 294),  # inotify
            278,  # vmsplice, which keeps memory in a pipe after every process has freed it
            317,  # seccomp: filters are memory that no figure counts
            319,  # memfd_create
            *_ABSENT_ANYWHERE,
        ),
        unsupported=(188, 189, 190),  # setxattr: no group counts access lists' memory
        granted=(73, 162, 221, 306),  # flock, sync, fadvise64, syncfs
    ),
    "aarch64": Architecture(
        audit=0xC000_00B7,
        seccomp=277,
        clone=220,
        clone3=435,
        ioctl=29,
        fcntl=25,
        madvise=233,
        mmap=222,
        open=None,
        openat=56,
        preadv2=286,
        prctl=167,
        prlimit=261,
        setrlimit=164,
        setsockopt=208,
        socket=198,
        socketpair=199,
        scheduling=(118, 119, 122, 274),  # as above
        priority=140,
        io_priority=30,
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
        absent=(
            *(*range(5), 292),  # asynchronous I/O
            *(26, 27, 28),  # inotify
            75,  # vmsplice
            *range(186, 198),  # System V messages, semaphores and shared memory
            232,  # mincore
            277,  # seccomp
            279,  # memfd_create
            *_ABSENT_ANYWHERE,
        ),
        unsupported=(5, 6, 7),  # setxattr
        granted=(32, 81, 223, 267),  # flock, sync, fadvise64, syncfs
    ),
}
