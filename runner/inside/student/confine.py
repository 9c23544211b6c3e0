"""How a student's process gives up what the zygote had, before it runs anything."""

import os
import resource
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from runner.jail.isolation import Isolation
from runner.system import linux
from runner.system.environment import literal_environment
from runner.wire.job_order import Order, Role

_NICENESS: Final = 10
# Variables that only the start of an interpreter needs. The grader keeps them, for the
# programs that a test starts: they import nothing that was handed in.
_ZYGOTES: Final = {"PYTHONSAFEPATH", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE"}
# Signals that wait and timers, which are counted for the whole machine's root too.
_SIGNALS: Final = 1024
# From the signal that says that the processor time is used up to the kill.
_CPU_GRACE: Final = 5
_KEPT: Final = ("channel", "drain_out", "drain_err")


def confine(order: Order, isolation: Isolation, fds: Mapping[str, int]) -> None:
    """This process may do only what a job may, and sees nothing of the zygote's.

    Afterwards it is not root, cannot become it, has standard input closed, standard
    output and error captured, its limits set, and its own folder to work in.
    """
    linux.die_with_parent()
    os.setsid()
    _arrange_descriptors(fds)
    _set_limits(order)
    # So that whoever watches and ends the job gets a turn, whatever it does.
    os.nice(_NICENESS)
    os.umask(0o022)
    isolation.lock()
    _settle(*isolation.homes(), is_grader=order.shape.role is Role.GRADER)


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
                continue  # the listing's own descriptor


def _set_limits(order: Order) -> None:
    shape = order.shape
    processes = shape.processes
    if order.uid is None and not order.is_jailed:
        # The kernel counts all of the user's processes, ours too.
        processes += _own_tasks()
    # CUDA reserves far more than it uses; there the host and the group measure alone.
    data = resource.RLIM_INFINITY if shape.gpu else _data_limit(shape.memory_bytes)
    for kind, value in (
        (resource.RLIMIT_DATA, data),
        (resource.RLIMIT_FSIZE, shape.disk_bytes),
        (resource.RLIMIT_NOFILE, shape.open_files),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_CPU, shape.cpu_seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, _SIGNALS),
    ):
        _, hard = resource.getrlimit(kind)
        known = [one for one in (value, hard) if one != resource.RLIM_INFINITY]
        allowed = min(known, default=resource.RLIM_INFINITY)
        # Where both are the same, the kernel kills at once and says nothing of why.
        most = allowed + _CPU_GRACE if kind == resource.RLIMIT_CPU else allowed
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(kind, (allowed, most))


def _data_limit(memory_bytes: int) -> int:
    """Return the limit on data at which resident memory reaches `memory_bytes`.

    The kernel limits what is reserved; the assignment speaks of what is used, with
    the libraries that are there from the start.
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


def _settle(work: Path, home: Path, temporary: Path, *, is_grader: bool) -> None:
    """The working folder, home and temporary folder are the job's own."""
    os.chdir(work)
    dropped = {"PYTHONHASHSEED"} if is_grader else _ZYGOTES
    kept = literal_environment(str(home)).keys() - dropped
    for name in os.environ.keys() - kept:
        del os.environ[name]
    os.environ["HOME"] = str(home)
    os.environ["TMPDIR"] = str(temporary)
    os.environ["MPLCONFIGDIR"] = str(home)
    os.environ["PWD"] = str(work)
    # `!python` is this interpreter.
    own = str(Path(sys.executable).parent)
    os.environ["PATH"] = f"{own}:{os.environ['PATH']}"
    tempfile.tempdir = None
