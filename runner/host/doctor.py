"""Attacks on our own jail, which test whether it holds on this host.

Each attack is a notebook that tries something that a jail must not allow. It is run
through the real runner on this host. A jail holds if every attempt was made and failed.
"""

import contextlib
import json
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runner.host.runner import Runner
from runner.protocol.jobs import JobResult, JobSpec, Limits, Verdict
from runner.protocol.notebook import notebook_of
from runner.system.processes import read_process

_MIB: Final = 1024**2
_LIMITS: Final = Limits(
    cell_seconds=10,
    run_seconds=20,
    memory_bytes=1024 * _MIB,
    disk_bytes=16 * _MIB,
    processes=48,
)
_HELD: Final = "held"
_BROKEN: Final = "broken"
_BRIEF: Final = replace(_LIMITS, cell_seconds=1)
# Each attempt prints one word; whatever else is printed is ignored.
_PREAMBLE: Final = f"""
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def attempt(call, *arguments):
    try:
        result = call(*arguments)
        failed = isinstance(call, ctypes._CFuncPtr) and result < 0
    except OSError:
        failed = True
    print("{_HELD}" if failed else "{_BROKEN}", flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The targets of the attacks on this host: a file, a process and a listener."""

    file: str
    secret: str
    pid: int
    port: int


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attack: `source` is a cell, and `attempts` is how many words it prints.

    Where `limit` is set, the job must instead end by that limit.
    """

    name: str
    source: str
    attempts: int = 1
    limit: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of an attack; `detail` is for staff."""

    name: str
    held: bool
    detail: str = ""


def attacks(target: Target) -> list[Attack]:
    """Return the attacks on the target."""
    return [
        Attack(
            name="read a file of the host",
            source=f"attempt(open, {target.file!r})\nattempt(open, '/etc/shadow')",
            attempts=2,
        ),
        Attack(
            name="read a file of the host outside the jail's root",
            source=(
                "attempt(os.chroot, '.')\n"
                f"attempt(open, '../' * 40 + {target.file.lstrip('/')!r})\n"
                f"attempt(open, '/proc/1/root' + {target.file!r})"
            ),
            attempts=3,
        ),
        Attack(
            name="write to the system and to installed packages",
            source=(
                "attempt(open, '/usr/evil', 'w')\nattempt(open, '/evil', 'w')\n"
                "attempt(open, ctypes.__file__, 'a')"
            ),
            attempts=3,
        ),
        Attack(
            name="reach the network",
            source=(
                "attempt(socket.socket, socket.AF_INET)\n"
                "attempt(socket.socket, socket.AF_INET6)\n"
                "attempt(socket.socket, 40)\n"
                f"attempt(socket.create_connection, ('127.0.0.1', {target.port}), 1)"
            ),
            attempts=4,
        ),
        Attack(
            name="change the kernel's configuration",
            source=(
                "attempt(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW)\n"
                "attempt(socket.socket, socket.AF_PACKET, socket.SOCK_RAW)\n"
                "attempt(open, '/proc/sys/kernel/core_pattern', 'w')\n"
                "attempt(open, '/proc/sysrq-trigger', 'w')"
            ),
            attempts=4,
        ),
        Attack(
            name="see or signal a process of the host",
            source=(
                f"attempt(os.kill, {target.pid}, 9)\n"
                f"attempt(os.listdir, '/proc/{target.pid}/fd')\n"
                "attempt(open, '/proc/1/mem')"
            ),
            attempts=3,
        ),
        Attack(
            name="trace another process",
            source=(
                "attempt(libc.ptrace, 16, 1, 0, 0)\n"
                "attempt(libc.process_vm_readv, 1, None, 0, None, 0, 0)\n"
                "attempt(libc.syscall, 438, os.pidfd_open(os.getpid()), 0, 0)"
            ),
            attempts=3,
        ),
        Attack(
            name="make namespaces and mounts",
            source=(
                "attempt(libc.unshare, 0x10000000)\nattempt(libc.unshare, 0x20000)\n"
                "attempt(libc.setns, os.open('/proc/self/ns/mnt', 0), 0)\n"
                "attempt(libc.mount, b'none', b'/tmp', b'tmpfs', 0, None)\n"
                "attempt(libc.umount2, b'/proc', 2)"
            ),
            attempts=5,
        ),
        Attack(
            name="become root, or make a device",
            source=(
                "attempt(os.setuid, 0)\nattempt(os.setgid, 0)\n"
                "attempt(os.mknod, 'disk', 0o60600, os.makedev(8, 0))\n"
                "attempt(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))"
            ),
            attempts=4,
        ),
        Attack(
            name="use rarely used parts of the kernel",
            source=(
                "import platform\n"
                "numbers = [321, 425, 298, 323, 250] if platform.machine() == 'x86_64' "
                "else [280, 425, 241, 282, 219]\n"
                "for number in numbers: attempt(libc.syscall, number, 0, 0, 0, 0, 0)"
            ),
            attempts=5,
        ),
        Attack(
            name="find a secret of the host in /proc/self or in the environment",
            source=(
                "seen = ''.join(open(f'/proc/self/{name}', errors='replace').read()\n"
                "    for name in ('environ', 'cmdline', 'mountinfo', 'cgroup'))\n"
                f"seen += repr(dict(os.environ))\nprint('{_BROKEN}' if "
                f"{target.secret!r} in seen else '{_HELD}')"
            ),
        ),
        Attack(
            name="fork without end",
            source=("while True:\n    try: os.fork()\n    except OSError: pass"),
            limit="processes",
        ),
        Attack(
            name="take all memory",
            source=(
                "import signal\nfor _ in range(4):\n    if os.fork() == 0:\n"
                "        kept = []\n        while True: kept.append(bytearray(2**22))\n"
                "signal.pause()"
            ),
            limit="memory",
        ),
        Attack(
            name="fill the disk",
            source="f = open('big', 'wb')\nwhile True: f.write(bytes(2**20))",
            limit="disk",
        ),
        Attack(
            name="run for ever",
            source=(
                "import signal, sys\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\n"
                "while True: pass"
            ),
            limit="cell_time",
        ),
    ]


def examine(runner: Runner) -> Iterator[Finding]:
    """Yield the result of each attack on this runner's jail.

    The last finding says whether the host is still as it was before the attacks.
    """
    with _target() as target:
        for attack in attacks(target):
            limits = _BRIEF if attack.limit == "cell_time" else _LIMITS
            spec = JobSpec(
                job_id="doctor",
                environment="default",
                notebook=notebook_of([_PREAMBLE + attack.source]),
                notebook_name="attack.ipynb",
                limits=limits,
            )
            yield _finding_of(attack, runner.run(spec))
        untouched = (
            Path(target.file).read_text() == target.secret
            and read_process(target.pid) is not None
        )
        yield Finding(
            name="change a file of the host, or end a process of the host",
            held=untouched,
            detail="the file has changed, or the process has ended",
        )


@contextlib.contextmanager
def _target() -> Iterator[Target]:
    """Yield a file that all may read, a process, and a socket that listens."""
    secret = secrets.token_hex(16)
    with (
        tempfile.NamedTemporaryFile("w", prefix="softmark-doctor-") as file,
        socket.create_server(("127.0.0.1", 0)) as listener,
        subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE
        ) as process,
    ):
        file.write(secret)
        file.flush()
        Path(file.name).chmod(0o644)
        yield Target(
            file=file.name,
            secret=secret,
            pid=process.pid,
            port=listener.getsockname()[1],
        )
        process.kill()


def _finding_of(attack: Attack, result: JobResult) -> Finding:
    if attack.limit:
        held = (result.verdict, result.code) == (Verdict.LIMIT, attack.limit)
        detail = f"it ended by {result.code}, not by the limit {attack.limit}"
        return Finding(name=attack.name, held=held, detail=detail)
    words = _printed(result)
    held = words.count(_HELD) == attack.attempts and _BROKEN not in words
    detail = f"the jail stopped {words.count(_HELD)} of {attack.attempts} attempts"
    if result.verdict is not Verdict.COMPLETED:
        held, detail = False, f"the attack did not run to its end: {result.code}"
    return Finding(name=attack.name, held=held, detail=detail)


def _printed(result: JobResult) -> list[str]:
    """Return the words that the attack's cell printed."""
    outputs = json.loads(result.notebook)["cells"][0]["outputs"]
    texts = [one["text"] for one in outputs if one["output_type"] == "stream"]
    return "".join(texts).split()
