"""bubblewrap, an independent program, as a second way to make a jail.

Every job starts cold, in an interpreter of its own. That costs seconds, but the job
shares nothing with the job before: no memory layout, no seed of `hash()`. The same
attacks must fail in both kinds of jail, so each kind is a check of the other.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from runner.host.job_starter import (
    EnvironmentMissingError,
    StartedJob,
    ZygoteLostError,
)
from runner.jail import kernel, namespaces, path_access, path_rules, rootfs
from runner.jail.path_rules import View, host_view
from runner.system import descriptors, linux
from runner.system.environment import literal_environment
from runner.wire.frames import Frame, Peer
from runner.wire.job_order import Order

PROGRAM: Final = "bwrap"
# The devices that bubblewrap puts into a /dev that it makes.
_OWN_DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")
_START_SECONDS: Final = 180
_ROUND_SECONDS: Final = 0.2
_PACKAGE: Final = Path(__file__).resolve().parent.parent
# Room for handed-in files, in addition to what the job itself may store.
_FILES_BYTES: Final = 1024**3
_LAUNCHER: Final = """
import sys
root = sys.argv[1]
sys.path.insert(0, root)
from runner.host.bwrap import launch
launch(*sys.argv[2:])
"""
_INSIDE: Final = """
import sys
root, arguments = sys.argv[1], sys.argv[2:]
sys.argv[:] = [""]
sys.path.insert(0, root)
from runner.inside.zygote.cold import main
sys.path.remove(root)
main(*arguments)
"""


def is_installed() -> bool:
    """Return whether bubblewrap is installed."""
    return shutil.which(PROGRAM) is not None


def arguments(view: View, order: Order) -> list[str]:
    """Return bubblewrap's options for a jail with this view, for this order.

    See bwrap(1).
    """
    shape = order.shape
    found = ["--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    found += ["--unshare-uts", "--unshare-cgroup-try", "--hostname", "softmark"]
    found += ["--die-with-parent", "--as-pid-1", "--cap-drop", "ALL"]
    for place, target in view.links:
        found += ["--symlink", target, place]
    size = str(shape.disk_bytes + _FILES_BYTES)
    for place in (
        path_rules.HOME,
        path_rules.PRIVATE,
        path_rules.FILES,
        *path_rules.TEMPORARY,
    ):
        found += ["--perms", "0700", "--size", size, "--tmpfs", place]
    states = str(path_rules.states_bytes(shape.disk_bytes))
    found += ["--perms", "0700", "--size", states, "--tmpfs", path_rules.STATES]
    found += ["--dir", path_rules.WORK, "--dir", path_rules.NOTHING]
    found += ["--proc", "/proc", "--dev", "/dev"]
    found += ["--size", str(shape.shared_bytes), "--tmpfs", path_rules.SHARED_MEMORY]
    for path in (*view.trees, *shape.libraries, str(_PACKAGE)):
        found += ["--ro-bind", path, path]
    for place, path in _nodes(order).items():
        found += ["--dev-bind", path, place]
    for place in path_rules.MASKED:
        if Path(place).is_file():
            found += ["--ro-bind", "/dev/null", place]
        elif Path(place).is_dir():
            found += ["--tmpfs", place, "--remount-ro", place]
    return [*found, "--chdir", "/"]


def _nodes(order: Order) -> dict[str, str]:
    """Return the device files to add to bubblewrap's own, by their paths in the jail."""
    nodes = {path: path for path in order.shape.nodes}
    is_counted = order.is_grouped or bool(order.shape.gpu)
    return nodes if is_counted else nodes | path_rules.UNGROUPED_NODES


def launch(uid: str, order: str, host: str, fds: str, parent: str) -> None:
    """Become the job's user, then run bubblewrap with the job's first process in it."""
    linux.die_with_parent()
    if os.getppid() != int(parent):
        return
    path_access.make_reachable([])
    _protect_devices(Order.from_json(order), is_root=bool(uid))
    if uid:
        os.setgroups([])
        os.setresgid(int(uid), int(uid), int(uid))
        os.setresuid(int(uid), int(uid), int(uid))
    sys.path.remove(str(_PACKAGE.parent))
    program = shutil.which(PROGRAM)
    if program is None:
        raise SystemExit("bubblewrap is not installed")
    inside = [sys.executable, "-c", _INSIDE, str(_PACKAGE.parent), order, host, fds]
    options = arguments(host_view(), Order.from_json(order))
    os.execv(program, [PROGRAM, *options, "--", *inside])  # noqa: S606 - bubblewrap


def _protect_devices(order: Order, *, is_root: bool) -> None:
    """Make the device files read only before bubblewrap runs, as `rootfs.hold` does.

    bubblewrap has no option for this: a file that it makes read only is no longer a
    device.
    """
    if is_root:
        linux.own_mounts()
    else:
        namespaces.own_mounts()
    own = {f"/dev/{name}" for name in _OWN_DEVICES}
    for path in own | set(_nodes(order).values()):
        if Path(path).exists():
            held = kernel.hold_tree(path)
            kernel.restrict(held, rootfs.NODE)
            kernel.attach(held, path)


class ColdPool:
    """Starts each job cold, with the interface of a pool of zygotes."""

    def __init__(self, environments: Mapping[str, str]) -> None:
        self._interpreters = environments
        self._running: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self._spawner = ThreadPoolExecutor(1, thread_name_prefix="bwrap")

    def warm_up(self, environment: str) -> None:
        """Raise EnvironmentMissingError for an unknown environment; warm nothing."""
        self._interpreter(environment)

    def _interpreter(self, environment: str) -> str:
        if environment not in self._interpreters:
            raise EnvironmentMissingError(
                f"the environment {environment} is not configured"
            )
        return self._interpreters[environment] or sys.executable

    def start_job(
        self, environment: str, order: Order, fds: Sequence[int], init: Peer
    ) -> StartedJob:
        """Start the job's first process, which waits in its jail with all imports done."""
        interpreter = self._interpreter(environment)
        # The kernel ends bubblewrap when the thread that started it ends.
        process = self._spawner.submit(self._spawn, interpreter, order, fds).result()
        self.reap()
        with self._lock:
            self._running.append(process)
        # bubblewrap ends after the job. Without this it would be reaped only when the
        # next job starts.
        threading.Thread(target=process.wait, name="bwrap-end", daemon=True).start()
        frame = self._greet(process, init)
        return StartedJob(
            pid=init.sender,
            pidfd=os.pidfd_open(init.sender),
            versions=dict(frame["versions"]),
        )

    def _spawn(
        self, interpreter: str, order: Order, fds: Sequence[int]
    ) -> subprocess.Popen[bytes]:
        host, *others = fds
        words = [
            "" if order.uid is None else str(order.uid),
            order.to_json(),
            str(host),
            ",".join(map(str, others)),
            str(os.getpid()),
        ]
        return subprocess.Popen(  # noqa: S603 - an interpreter that staff configured
            [interpreter, "-c", _LAUNCHER, str(_PACKAGE.parent), *words],
            env=literal_environment(path_rules.TEMPORARY[0]),
            pass_fds=list(fds),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _greet(self, process: subprocess.Popen[bytes], init: Peer) -> Frame:
        for _ in range(int(_START_SECONDS / _ROUND_SECONDS)):
            descriptors.wait([init], seconds=_ROUND_SECONDS)
            for frame in init.receive():
                if frame.get("t") == "ready":
                    return frame
            if not init.open or process.poll() is not None:
                break
        process.kill()
        raise ZygoteLostError("bubblewrap did not start the job")

    def stop(self, _environment: str) -> None:
        """Do nothing: no process is kept for an environment."""

    def reap(self) -> None:
        """Reap processes that have ended."""
        with self._lock:
            self._running = [one for one in self._running if one.poll() is None]

    def close(self) -> None:
        """End every process."""
        for process in self._running:
            process.kill()
            process.wait()
        self._spawner.shutdown()
