"""The parent of a job's processes: whatever they do, it outlives and reaps them."""

import contextlib
import os
import resource
import select
import signal
import socket
import time
from collections.abc import Mapping
from typing import Final

from runner import linux
from runner.frames import Channel, ChannelClosedError, Frame, FrameError
from runner.processes import kill_tree
from runner.student import loop
from runner.student.confine import confine
from runner.zygote.order import Order

PARENT_ENDED: Final = signal.SIGTERM
_PAUSE_SECONDS: Final = 0.001
_PAUSES: Final = 50


class Init:
    """Watches one job for the host."""

    def __init__(self, order: Order, host: Channel) -> None:
        self.order = order
        self.host = host
        self.student = 0
        self._is_orphan = False
        self._wake_in, wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(PARENT_ENDED, self._on_parent_ended)
        signal.set_wakeup_fd(wake_out, warn_on_full_buffer=False)

    def _on_parent_ended(self, *_: object) -> None:
        self._is_orphan = True

    def start(self, fds: Mapping[str, int]) -> None:
        """The student process is running, confined."""
        pid = os.fork()
        if pid == 0:
            self._become_student(fds)
        self.student = pid
        for fd in fds.values():
            os.close(fd)
        self.host.send({"t": "started", "pid": pid})

    def _become_student(self, fds: Mapping[str, int]) -> None:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(PARENT_ENDED, signal.SIG_DFL)
            confine(self.order, fds)
            loop.serve(fds["channel"], (fds["drain_out"], fds["drain_err"]))
        finally:
            os._exit(1)

    def watch(self) -> None:
        """Tell the host how the student process ended; return when the job is over."""
        poll = select.poll()
        poll.register(self.host.sock, select.POLLIN)
        poll.register(self._wake_in, select.POLLIN)
        while True:
            events = dict(poll.poll())
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_in, 4096)
            if self._is_orphan:
                # Before anything is killed: the host must not blame the student.
                self.host.sock.close()
                return
            self._reap()
            if self.host.sock.fileno() in events:
                return  # an order to end, or the host is gone

    def _reap(self) -> bool:
        """Return whether any child is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.student:
                self._tell({"t": "ended", "status": status})

    def _tell(self, frame: Frame) -> None:
        """The host knows, if it is there to be told."""
        with contextlib.suppress(OSError, ChannelClosedError):
            self.host.send(frame)

    def end(self) -> None:
        """No process of the job is left. Tell the host what they all used."""
        left = True
        while left:
            kill_tree(os.getpid())
            for _ in range(_PAUSES):
                left = self._reap()
                if not left:
                    break
                time.sleep(_PAUSE_SECONDS)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._tell(
            {
                "t": "gone",
                "cpu_seconds": used.ru_utime + used.ru_stime,
                "peak_memory_bytes": used.ru_maxrss * 1024,
            }
        )


def run_job(order: Order, fds: dict[str, int]) -> None:
    """Run one job from its start to the end of its last process."""
    # Not the signal that kills: nobody would be left to end what the job started.
    linux.die_with_parent(PARENT_ENDED)
    linux.adopt_orphans()
    os.setsid()
    host = Channel(socket.socket(fileno=fds.pop("host")))
    init = Init(order, host)
    with contextlib.suppress(OSError, ChannelClosedError, FrameError):
        init.start(fds)
        init.watch()
    with contextlib.suppress(OSError):
        init.end()
