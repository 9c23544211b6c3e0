"""The seccomp filter's answers, for both processors: its program is run in Python."""

import errno
import fcntl
import resource
import socket
import struct

import pytest

from runner.jail import kernel, seccomp
from runner.jail.system_calls import ARCHITECTURES, Architecture

KILLED = -1
ALLOWED = 0
GRANTED = -2
FCNTL_LOCKS = (6, 7, 37, 38)


def answer(
    about: Architecture,
    number: int,
    *arguments: int,
    audit: int | None = None,
    is_grouped: bool = True,
    has_device: bool = False,
) -> int:
    """Return the error number for the call: 0 if it is allowed, KILLED if it kills.

    GRANTED is success without effect.
    """
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack(
        "<IIQ6Q", number, about.audit if audit is None else audit, 0, *padded
    )
    code = seccomp.program(about, is_grouped=is_grouped, has_device=has_device)
    result = run(code, data)
    if result == 0x8000_0000:
        return KILLED
    if result == 0x0005_0000:
        return GRANTED
    return ALLOWED if result == 0x7FFF_0000 else result - 0x0005_0000


def run(program: bytes, data: bytes) -> int:
    """Run a filter program as the kernel does; see linux/filter.h."""
    steps = list(struct.iter_unpack("HBBI", program))
    loaded, at = 0, 0
    while True:
        code, if_true, if_false, value = steps[at]
        at += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            (loaded,) = struct.unpack_from("<I", data, value)
            continue
        if code == 0x54:
            loaded &= value
            continue
        holds = {0x15: loaded == value, 0x35: loaded >= value, 0x45: loaded & value}
        at += if_true if holds[code] else if_false


@pytest.fixture(params=sorted(ARCHITECTURES))
def about(request: pytest.FixtureRequest) -> Architecture:
    return ARCHITECTURES[request.param]


def test_every_refused_call_fails(about: Architecture) -> None:
    assert {answer(about, number) for number in about.refused} == {errno.EPERM}
    assert {answer(about, number) for number in about.absent} == {errno.ENOSYS}
    assert {answer(about, one) for one in about.unsupported} == {errno.EOPNOTSUPP}
    assert {answer(about, number) for number in about.granted} == {GRANTED}


def test_no_file_is_opened_without_a_trace_in_its_times(about: Architecture) -> None:
    set_flags, without_trace = 4, 0x40000
    assert answer(about, about.openat, 0, 0, without_trace) == errno.EPERM
    assert answer(about, about.openat, 0, 0, 0o2) == ALLOWED
    assert answer(about, about.fcntl, 3, set_flags, without_trace) == errno.EPERM
    assert answer(about, about.fcntl, 3, set_flags, 0o4000) == ALLOWED
    if about.open is not None:
        assert answer(about, about.open, 0, without_trace) == errno.EPERM
        assert answer(about, about.open, 0, 0o2) == ALLOWED


def test_every_other_known_call_is_allowed(about: Architecture) -> None:
    special = {about.clone3, about.socket, about.socketpair, about.clone, about.ioctl}
    listed = {*about.refused, *about.absent, *about.unsupported, *about.granted}
    special.add(about.io_priority)
    others = {*range(about.newest + 1)} - special - listed
    assert {answer(about, number) for number in others} == {ALLOWED}


def test_unknown_calls_are_answered_as_missing(about: Architecture) -> None:
    assert answer(about, about.newest + 1) == errno.ENOSYS
    assert answer(about, 0x3FFF_FFFF) == errno.ENOSYS


def test_a_call_by_another_table_of_numbers_kills(about: Architecture) -> None:
    assert answer(about, 0, audit=0x4000_0003) == KILLED
    assert answer(about, 0x4000_0000) == KILLED
    assert answer(about, 0xFFFF_FFFF) == KILLED


def test_only_unix_sockets_are_allowed(about: Architecture) -> None:
    for number in (about.socket, about.socketpair):
        assert answer(about, number, socket.AF_UNIX) == ALLOWED
        for family in (socket.AF_INET, socket.AF_INET6, 16, 17, 38, 40, 2**32 - 1):
            assert answer(about, number, family) == errno.EAFNOSUPPORT


def test_upper_bits_of_an_argument_do_not_bypass_the_filter(
    about: Architecture,
) -> None:
    """The kernel uses only the lower half of these arguments."""
    assert answer(about, about.socket, 2**32 + socket.AF_INET) == errno.EAFNOSUPPORT
    assert answer(about, about.ioctl, 0, 2**32 + 0x5412) == errno.EPERM


def test_forks_are_allowed_and_namespaces_are_not(about: Architecture) -> None:
    thread = 0x003D_0F00
    assert answer(about, about.clone, 17) == ALLOWED
    assert answer(about, about.clone, thread) == ALLOWED
    assert answer(about, about.clone3) == errno.ENOSYS
    for flag in (kernel.CLONE_NEWUSER, kernel.CLONE_NEWNET, kernel.CLONE_NEWNS):
        assert answer(about, about.clone, 17 | flag) == errno.EPERM


def test_typing_into_another_s_terminal_is_refused(about: Architecture) -> None:
    assert answer(about, about.ioctl, 0, 0x5412) == errno.EPERM
    assert answer(about, about.ioctl, 0, 0x541C) == errno.EPERM
    assert answer(about, about.ioctl, 0, 0x5423) == errno.EPERM
    assert answer(about, about.ioctl, 0, 0x5413) == ALLOWED


def test_a_lock_on_a_file_is_granted_and_does_nothing(about: Architecture) -> None:
    for command in FCNTL_LOCKS:
        assert answer(about, about.fcntl, 3, command) == GRANTED
    assert (
        answer(about, about.fcntl, 3, 5) == ALLOWED
    )  # shows at most the host's own locks


def test_fcntl_allows_listed_commands_only(about: Architecture) -> None:
    listed = {
        value
        for name, value in vars(fcntl).items()
        if name.startswith("F_") and isinstance(value, int)
    }
    leases = {fcntl.F_SETLEASE, fcntl.F_GETLEASE, fcntl.F_NOTIFY, 1036, 1038, 1039}
    ordinary = {0, 1, 2, 3, 4, fcntl.F_DUPFD_CLOEXEC, 1031, 1032, 1033, 1034}
    for command in leases | {99, 1044, 2**32 - 1}:
        assert answer(about, about.fcntl, 3, command) == errno.EINVAL
    assert {answer(about, about.fcntl, 3, one) for one in ordinary} == {ALLOWED}
    assert ordinary <= listed | {1033, 1034}


def test_shared_pages_cannot_be_inspected_or_moved(
    about: Architecture,
) -> None:
    for advice in (12, 20, 21, 25):
        assert answer(about, about.madvise, 0, 4096, advice) == errno.EINVAL
    for advice in (0, 4, 8, 14, 15):
        assert answer(about, about.madvise, 0, 4096, advice) == ALLOWED
    for flags in (0x08, 0x80, 0x89):
        assert answer(about, about.preadv2, 3, 0, 1, 0, 0, flags) == errno.EOPNOTSUPP
    assert answer(about, about.preadv2, 3, 0, 1, 0, 0, 1) == ALLOWED


def test_only_requests_of_terminals_and_descriptors_are_allowed(
    about: Architecture,
) -> None:
    """A file system's own requests change what init knows of a file, or name disks."""
    for kind in range(0x100):
        for request in (kind << 8, 0x401C_0000 | kind << 8 | 0x20):
            expected = errno.EOPNOTSUPP if kind == 0x94 else errno.ENOTTY
            if kind == ord("T"):
                expected = ALLOWED
            assert answer(about, about.ioctl, 3, request) == expected


def test_a_job_with_a_device_may_ask_its_driver_but_no_file_system(
    about: Architecture,
) -> None:
    for request in (0x4008_6602, 0xC050_6617, 0x401C_5820, 0x8008_7601, 0x8081_1501):
        assert answer(about, about.ioctl, 3, request, has_device=True) == errno.ENOTTY
    for request in (0xC020_4629, 0x3000_0001, 33, 0x541B):
        assert answer(about, about.ioctl, 3, request, has_device=True) == ALLOWED
    assert answer(about, about.ioctl, 0, 0x5412, has_device=True) == errno.EPERM


PRIVATE, SHARED, FIXED, ANONYMOUS = 2, 1, 16, 32


def test_shared_memory_without_a_file_needs_a_control_group(
    about: Architecture,
) -> None:
    for size in (4097, 2**31, 2**32, 2**40 + 1):
        refused = about.mmap, 0, size, 3, SHARED | ANONYMOUS | FIXED
        assert answer(about, *refused, is_grouped=False) == errno.ENOMEM
        assert answer(about, *refused) == ALLOWED
        for flags in (SHARED, PRIVATE | ANONYMOUS, PRIVATE):
            call = about.mmap, 0, size, 3, flags
            assert answer(about, *call, is_grouped=False) == ALLOWED
    page = about.mmap, 0, 4096, 3, SHARED | ANONYMOUS
    assert answer(about, *page, is_grouped=False) == ALLOWED


def test_reserved_huge_pages_are_refused(about: Architecture) -> None:
    for flags in (PRIVATE | ANONYMOUS, SHARED | ANONYMOUS, PRIVATE):
        for is_grouped in (True, False):
            call = about.mmap, 0, 2**21, 3, flags | 0x40000
            assert answer(about, *call, is_grouped=is_grouped) == errno.ENOMEM


NUMBERS_OF_THE_MACHINE = {
    "x86_64": {
        "asynchronous I/O": {*range(206, 211), 333},
        "inotify": {253, 254, 255, 294},
        "System V": {29, 30, 31, *range(64, 72), 220},
        "Landlock": {444, 445, 446},
        "filters of calls": {317},
        "pages in pipes": {278},
    },
    "aarch64": {
        "asynchronous I/O": {*range(5), 292},
        "inotify": {26, 27, 28},
        "System V": set(range(186, 198)),
        "Landlock": {444, 445, 446},
        "filters of calls": {277},
        "pages in pipes": {75},
    },
}


@pytest.mark.parametrize("processor", sorted(ARCHITECTURES))
def test_calls_that_use_resources_of_the_whole_machine_are_missing(
    processor: str,
) -> None:
    about = ARCHITECTURES[processor]
    for numbers in NUMBERS_OF_THE_MACHINE[processor].values():
        assert {answer(about, number) for number in numbers} == {errno.ENOSYS}


def test_options_that_make_uncounted_kernel_memory_are_refused(
    about: Architecture,
) -> None:
    for option in (22, 35, 62, 67, 78, 0x53564D41):
        assert answer(about, about.prctl, option) == errno.EINVAL
        assert answer(about, about.prctl, 2**32 + option) == errno.EINVAL
    for option in (26, 50, 51, 52):
        assert answer(about, about.setsockopt, 3, 1, option) == errno.ENOPROTOOPT
    assert len(about.unsupported) == 3


def test_other_options_of_processes_and_sockets_are_allowed(
    about: Architecture,
) -> None:
    for option in (1, 4, 15, 36, 38, 41):
        assert answer(about, about.prctl, option) == ALLOWED
    for option in (7, 8, 16, 20, 21):
        assert answer(about, about.setsockopt, 3, 1, option) == ALLOWED
    assert answer(about, about.setsockopt, 3, 6, 26) == ALLOWED


def test_an_unknown_processor_has_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(seccomp.UnknownArchitectureError, match="riscv64"):
        seccomp.this_architecture()


def test_a_process_can_change_only_its_own_scheduling(about: Architecture) -> None:
    for number in about.scheduling:
        assert answer(about, number, 0) == ALLOWED
        assert answer(about, number, 1) == GRANTED
    for number, process in ((about.priority, 0), (about.io_priority, 1)):
        assert answer(about, number, process, 0) == ALLOWED
        assert answer(about, number, process, 1) == GRANTED
        for group in (process + 1, process + 2):
            assert answer(about, number, group, 0) == GRANTED


def test_nothing_changes_the_limit_on_core_dumps(about: Architecture) -> None:
    """Of all limits, only 1 keeps the kernel from piping a core to the host's program."""
    core, files = resource.RLIMIT_CORE, resource.RLIMIT_NOFILE
    assert answer(about, about.setrlimit, core, 1) == GRANTED
    assert answer(about, about.setrlimit, files, 1) == ALLOWED
    for limits in (1, 1 << 32):
        assert answer(about, about.prlimit, 0, core, limits) == GRANTED
        assert answer(about, about.prlimit, 0, files, limits) == ALLOWED
        assert answer(about, about.prlimit, 1, core, limits) == errno.EPERM
    assert answer(about, about.prlimit, 0, core, 0) == ALLOWED
