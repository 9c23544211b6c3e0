"""The trial of a jail: build one as for a job, and look around inside.

It runs as a program of its own, because only a process with one thread may enter a jail.
It prints one JSON object: `landlock`, and `missing`, which is "" if all went well.
"""

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Final, NoReturn

from runner.jail import landlock, namespaces, privileges, seccomp
from runner.jail.isolation import Jail
from runner.jail.path_rules import host_view
from runner.system import linux
from runner.system.users import FIRST_UID
from runner.wire.job_order import Order, Shape

_SHAPE: Final = Shape(
    memory_bytes=2**28,
    disk_bytes=2**22,
    shared_bytes=2**20,
    processes=16,
    open_files=64,
    cpu_seconds=10,
)
_WELL: Final = "well"
# Values of kernel.yama.ptrace_scope. From 3 nobody can go back before the next start.
_OWN_CHILDREN, _NEVER = 1, 3
_SCOPE: Final = "/proc/sys/kernel/yama/ptrace_scope"
# The first process holds snapshots as a debugger holds its own children.
_NOT_HELD: Final = "the first process of a jail cannot hold another process"


def main() -> None:
    """Print the result of the trial."""
    abi = landlock.version()
    print(json.dumps({"landlock": abi, "missing": _missing(abi)}))  # noqa: T201 - a program


def _missing(abi: int) -> str:
    if abi < 1:
        return "this kernel does not enforce Landlock"
    if words := ptrace_refusal(_ptrace_scope()):
        return words
    try:
        seccomp.this_architecture()
    except OSError as error:
        return str(error.strerror)
    uid = FIRST_UID if os.geteuid() == 0 else None
    ours, theirs = os.pipe()
    begin, go = os.pipe()
    try:
        pid, _ = namespaces.clone_init(uid)
    except OSError as error:
        return f"namespaces cannot be made: {error}"
    if pid == 0:
        os.close(go)
        _try(Order(shape=_SHAPE, uid=uid), theirs, begin)
    os.close(theirs)
    os.write(go, b"!")
    with os.fdopen(ours, "rb") as report:
        words = report.read().decode()
    os.waitpid(pid, 0)
    # A trial that reported nothing has failed too.
    return "" if words == _WELL else words or "the trial jail ended without a report"


def _ptrace_scope() -> int:
    """Return kernel.yama.ptrace_scope, 0 on a kernel without Yama."""
    try:
        return int(Path(_SCOPE).read_text())
    except OSError:
        return 0


def ptrace_refusal(scope: int) -> str:
    """Return why no jail can be made with this kernel.yama.ptrace_scope, and what to do.

    It is "" for 0 and 1.
    """
    if scope <= _OWN_CHILDREN:
        return ""
    words = (
        f"{_NOT_HELD}, because kernel.yama.ptrace_scope is {scope}. Write "
        "kernel.yama.ptrace_scope = 1 into a file in /etc/sysctl.d (and remove it from "
        "others there), then "
    )
    is_final = scope >= _NEVER
    return words + ("restart the host" if is_final else "run sysctl --system as root")


def _try(order: Order, report: int, begin: int) -> NoReturn:
    """Act as the first process of a jail, and as its student's process."""
    try:
        linux.die_with_parent(signal.SIGKILL)
        os.read(begin, 1)
        jail = Jail(order, host_view())
        jail.enter()
        locked, tell = os.pipe()
        held, go_on = os.pipe()
        pid = os.fork()
        if pid == 0:
            jail.lock()
            os.close(tell)
            os.close(go_on)
            os.read(held, 1)
            os.write(report, (_look_around() or _WELL).encode())
            os._exit(0)
        os.close(tell)
        jail.seal()
        os.read(locked, 1)
        is_held = jail.hold_process(pid) and jail.release_process(pid)
        os.write(report, b"" if is_held else _NOT_HELD.encode())
        os.close(go_on)
        os.waitpid(pid, 0)
    except OSError as error:
        os.write(report, str(error).encode())
    finally:
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(0)


def _look_around() -> str:
    """Return what a student's process could do but must not, "" if there is nothing."""
    if not privileges.has_no_privileges():
        return "a job would keep privileges, or could gain them"
    seen = {one.name for one in Path("/proc").iterdir() if one.name.isdigit()}
    if os.getppid() != 1 or seen != {"1", "2"}:
        return "a job would see processes outside its jail"
    return ""
