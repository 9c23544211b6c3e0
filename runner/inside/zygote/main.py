"""The zygote: a process that imports what notebooks import, and forks jobs.

It runs no notebook itself. It is executed with a literal environment, holds no secret
and has one thread at each fork. It ends when its control socket closes or when its
parent ends. If it may be unfit to fork, it asks to be replaced.
"""

import contextlib
import os
import select
import signal
import sys
from collections.abc import Iterator, Mapping
from typing import Final

import IPython
import matplotlib
import numpy as np
import torch

from runner.inside.student import cell_loop
from runner.inside.zygote import preload
from runner.inside.zygote.fork_safety import why_not_to_fork, why_not_to_serve
from runner.inside.zygote.init import run_job
from runner.jail import namespaces, path_access
from runner.jail.path_rules import TooWideError, View, host_view
from runner.system.processes import kill_tree
from runner.wire.frames import Channel, ChannelClosedError, Frame
from runner.wire.job_order import DESCRIPTORS, Order

_TICK_MS: Final = 1000
# From this many orders on, compaction is worth its time.
_COMPACT_AFTER: Final = 4
_PIECE_MS: Final = 50


def warm_up() -> Mapping[str, str]:
    """Build the shell, preload what jobs share, and return the versions."""
    preload.import_all()
    # Before the shell exists: it would note that something was drawn.
    preload.rehearse()
    cell_loop.prepare()
    preload.freeze()
    return versions()


def versions() -> Mapping[str, str]:
    """Return the versions of what runs a notebook here, to record with each result."""
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "ipython": IPython.__version__,
        "numpy": np.__version__,
        "torch": torch.__version__,
        "matplotlib": matplotlib.__version__,
    }


class Zygote:
    """The server of the host's orders, until the control socket closes."""

    def __init__(self, channel: Channel, view: View) -> None:
        self.channel = channel
        self.jobs: set[int] = set()
        self.view = view
        self._orders = 0
        self._compaction: Iterator[None] | None = None
        self._is_compact = False
        self._wake_in, self._wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def serve(self) -> None:
        """Fork a job for each order. Return once the host has closed the socket."""
        signal.set_wakeup_fd(self._wake_out, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        poll.register(self.channel.sock, select.POLLIN)
        poll.register(self._wake_in, select.POLLIN)
        with contextlib.suppress(ChannelClosedError):
            while True:
                patience = _PIECE_MS if self._is_to_compact else _TICK_MS
                events = dict(poll.poll(patience))
                self._reap()
                if self.channel.sock.fileno() in events:
                    self._obey(*self.channel.receive())
                    self._orders += 1
                elif self._is_to_compact:
                    self._compact()
        # Each job ends by itself when its own socket closes. The zygote's socket is
        # closed and would wake this loop without end.
        poll.unregister(self.channel.sock)
        while self.jobs:
            poll.poll(_TICK_MS)
            self._reap()

    @property
    def _is_to_compact(self) -> bool:
        return self._orders >= _COMPACT_AFTER and not self._is_compact

    def _compact(self) -> None:
        """Move another piece of memory into huge pages while no order waits."""
        if self._compaction is None:
            self._compaction = preload.compaction()
        self._is_compact = next(self._compaction, self) is self

    def _obey(self, frame: Frame, fds: list[int]) -> None:
        if frame.get("t") != "job" or len(fds) != len(DESCRIPTORS):
            raise SystemExit(
                f"an invalid order: {frame.get('t')}, {len(fds)} descriptors"
            )
        if reason := why_not_to_fork():
            self.channel.send({"t": "unfit", "reason": reason})
            raise ChannelClosedError
        order = Order.from_frame(frame)
        try:
            pid, pidfd = self._fork(order)
        except OSError as error:
            self.channel.send({"t": "refused", "reason": str(error)})
            for fd in fds:
                os.close(fd)
            return
        if pid == 0:
            self._become_init(order, fds)
        self.jobs.add(pid)
        # The host may be gone. The job will notice that itself.
        with contextlib.suppress(OSError):
            self.channel.send({"t": "started", "pid": pid, "fds": 1}, [pidfd])
        for fd in (pidfd, *fds):
            os.close(fd)

    def _fork(self, order: Order) -> tuple[int, int]:
        """Return (0, -1) in the job's first process, else its pid and pidfd."""
        if order.is_jailed:
            return namespaces.clone_init(order.uid)
        pid = os.fork()
        return (pid, os.pidfd_open(pid)) if pid else (0, -1)

    def _become_init(self, order: Order, fds: list[int]) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for fd in (self.channel.sock.fileno(), self._wake_in, self._wake_out):
                os.close(fd)
            run_job(order, dict(zip(DESCRIPTORS, fds, strict=True)), self.view)
            status = 0
        finally:
            os._exit(status)

    def _reap(self) -> None:
        """Reap ended children, and kill what a job's dead init has left to this process."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_in, 4096)
        orphans = False
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                orphans = orphans or pid not in self.jobs or status != 0
                self.jobs.discard(pid)
        if orphans:
            kill_tree(os.getpid(), spare=self.jobs)


def main(channel: Channel, work_dir: str) -> None:
    """Preload, tell the host the versions or the failure, and serve."""
    try:
        path_access.make_reachable([work_dir])
        zygote = Zygote(channel, host_view())
    except (path_access.UnreachableError, TooWideError) as error:
        channel.send({"t": "failed", "reason": str(error)})
        return
    found = warm_up()
    if reason := why_not_to_serve():
        channel.send({"t": "failed", "reason": reason})
        return
    channel.send({"t": "ready", "versions": dict(found)})
    zygote.serve()
