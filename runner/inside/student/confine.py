"""The steps by which a student's process gives up the zygote's rights and state."""

import os
import resource
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from runner.inside.student import reserved_descriptors
from runner.jail.isolation import Isolation
from runner.system import linux
from runner.system.environment import ALLOCATOR, literal_environment
from runner.system.shares import NICENESS
from runner.wire.job_order import Order, Role

# Variables that only the start of a program needs. The grader keeps them for the
# programs that a test starts: they import nothing that was handed in.
_START_VARIABLES: Final = {
    "PYTHONSAFEPATH",
    "PYTHONHASHSEED",
    "PYTHONDONTWRITEBYTECODE",
    *ALLOCATOR,
}
# Pending signals and timers, which the kernel counts for root of the whole machine too.
_SIGNALS: Final = 1024
# Seconds between the signal for used-up processor time and the kill.
_CPU_GRACE: Final = 5
# SECURITY: no core is written past any limit of less than a page. But if the host pipes
# cores to a program, as systemd and Ubuntu do, the kernel starts it as root for each crash
# whatever the limit is, except for 1. A job cannot change it (`seccomp`).
_NO_CORE: Final = 1
_KEPT: Final = ("channel", "drain_out", "drain_err")


def confine(order: Order, isolation: Isolation, fds: Mapping[str, int]) -> None:
    """Restrict this process to what a job may do, and hide the zygote's state from it.

    Afterwards it is not root, cannot become it, has standard input closed, standard
    output and error captured, its limits set, and its own folder to work in.
    """
    linux.die_with_parent()
    os.setsid()
    _arrange_descriptors(fds)
    _set_limits(order)
    # The processes that watch and end the job must get processor time, whatever it does.
    os.nice(NICENESS)
    os.umask(0o022)
    isolation.lock()
    _set_up_folders(*isolation.homes(), is_grader=order.shape.role is Role.GRADER)


def _arrange_descriptors(fds: Mapping[str, int]) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(fds["stdout"], 1)
    os.dup2(fds["stderr"], 2)
    kept = {0, 1, 2, *(fds[name] for name in _KEPT)}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        if int(name) not in kept:
            try:
                os.close(int(name))
            except OSError:
                continue  # the descriptor of the listing itself


def _set_limits(order: Order) -> None:
    shape = order.shape
    processes = shape.processes
    if order.uid is None and not order.is_jailed:
        # The kernel counts all processes of the user, including those of this service.
        processes += _own_tasks()
    # CUDA reserves far more than it uses. With it only the host and the control group
    # limit memory.
    data = resource.RLIM_INFINITY if shape.gpu else _data_limit(shape.memory_bytes)
    for kind, value in (
        (resource.RLIMIT_DATA, data),
        (resource.RLIMIT_FSIZE, shape.disk_bytes),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_CPU, shape.cpu_seconds),
        (resource.RLIMIT_CORE, _NO_CORE),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, _SIGNALS),
    ):
        _, hard = resource.getrlimit(kind)
        known = [one for one in (value, hard) if one != resource.RLIM_INFINITY]
        allowed = min(known, default=resource.RLIM_INFINITY)
        # With equal limits the kernel kills at once, without the signal that gives the
        # reason.
        most = allowed + _CPU_GRACE if kind == resource.RLIMIT_CPU else allowed
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(kind, (allowed, most))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, reserved_descriptors.split(shape.open_files, hard)
    )


def _data_limit(memory_bytes: int) -> int:
    """Return the limit on data at which resident memory reaches `memory_bytes`.

    The kernel limits reserved memory. The assignment's limit is for used memory,
    including the libraries that are loaded from the start.
    """
    fields = linux.own_status()
    data, resident = (int(fields[name].split()[0]) for name in ("VmData", "VmRSS"))
    return max(memory_bytes + (data - resident) * 1024, data * 1024)


def _own_tasks() -> int:
    count = 0
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid():
                count += len(os.listdir(entry / "task"))  # noqa: PTH208 - a count
        except OSError:
            continue
    return count


def _set_up_folders(
    work: Path, home: Path, temporary: Path, *, is_grader: bool
) -> None:
    """Set the job's working folder, home, temporary folder and environment."""
    os.chdir(work)
    dropped = {"PYTHONHASHSEED"} if is_grader else _START_VARIABLES
    kept = literal_environment(str(home)).keys() - dropped
    for name in os.environ.keys() - kept:
        del os.environ[name]
    os.environ["HOME"] = str(home)
    os.environ["TMPDIR"] = str(temporary)
    os.environ["MPLCONFIGDIR"] = str(home)
    os.environ["PWD"] = str(work)
    # `!python` must start this interpreter.
    own = str(Path(sys.executable).parent)
    os.environ["PATH"] = f"{own}:{os.environ['PATH']}"
    tempfile.tempdir = None
