"""The first process of a job: it isolates the job, outlives the others and reaps them.

In a jail it is process 1 of the job's namespace. So the kernel ends the others with it,
and protects it from them.
"""

import contextlib
import os
import resource
import select
import signal
import socket
import time
import traceback
from collections.abc import Mapping
from typing import Final

from runner.inside.grader import grader_loop as grader
from runner.inside.student import cell_loop
from runner.inside.student.confine import confine
from runner.jail.isolation import Isolation, Jail, NoJail
from runner.jail.path_rules import View
from runner.system import linux
from runner.system.processes import kill_tree
from runner.wire.frames import Channel, ChannelClosedError, Frame, FrameError
from runner.wire.job_order import DESCRIPTORS, Order, Role

_PAUSE_SECONDS: Final = 0.001
_PAUSES: Final = 50
_USAGE_MS: Final = 250
_FIRST: Final = 1
_REAPED: Final = 256


class Init:
    """The first process of one job, which watches it for the host."""

    def __init__(self, order: Order, isolation: Isolation, host: Channel) -> None:
        self.order = order
        self.isolation = isolation
        self.host = host
        # The pid of the notebook's or grader's process, or 0 once that has ended.
        self.student = 0
        self._is_grader = order.shape.role is Role.GRADER
        self._is_orphan = False
        self._is_over = False
        self._used = (0, 0)
        self._usage_ms: int | None = None
        self._wake_in, wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        if isolation.parent_ended != signal.SIGKILL:
            signal.signal(isolation.parent_ended, self._on_parent_ended)
        signal.set_wakeup_fd(wake_out, warn_on_full_buffer=False)

    def _on_parent_ended(self, *_: object) -> None:
        self._is_orphan = True

    def start(self, fds: Mapping[str, int]) -> None:
        """Isolate the job, and start the confined student process, which then waits."""
        frame, _ = self.host.receive()
        if frame["t"] != "enter":
            raise ChannelClosedError
        self._score = linux.OutOfMemoryScore()
        self.isolation.enter()
        self._start_student(fds)
        for fd in fds.values():
            os.close(fd)
        self.host.send({"t": "started", "pid": self.student})

    def _start_student(self, fds: Mapping[str, int]) -> None:
        # If memory runs out, the kernel kills the notebook's processes before this one.
        with self._score.raised():
            pid = os.fork()
            if pid == 0:
                self._become_student(fds)
        self.student = pid

    def _become_student(self, fds: Mapping[str, int]) -> None:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            confine(self.order, self.isolation, fds)
            if self.order.shape.role is Role.GRADER:
                grader.serve(fds["channel"], self.isolation.writable())
            drains = (fds["drain_out"], fds["drain_err"])
            cell_loop.serve(fds["channel"], drains, gpu=self.order.shape.gpu)
        except BaseException:  # noqa: BLE001 - a process edge: the host reads it
            traceback.print_exc()
        finally:
            os._exit(1)

    def watch(self) -> None:
        """Obey the host and report events to it. Return when the job is over."""
        poll = select.poll()
        poll.register(self.host.sock, select.POLLIN)
        poll.register(self._wake_in, select.POLLIN)
        while not self._is_over:
            events = dict(poll.poll(self._usage_ms))
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_in, 4096)
            if self._is_orphan:
                # Close this before killing anything: the host must not blame the student.
                self.host.sock.close()
                return
            self._reap()
            self._tell_usage()
            if self.host.sock.fileno() in events:
                for frame, fds in self.host.receive_all():
                    self._obey(frame, fds)

    def _obey(self, frame: Frame, fds: list[int]) -> None:
        match frame["t"]:
            case "room":
                self.isolation.make_room(int(frame["total"]))
            case "file":
                self.isolation.store(fds[0], str(frame["name"]), frame["folders"])
            case "seal":
                self.isolation.seal()
                self._used = self.isolation.used_bytes()
                self._usage_ms = _USAGE_MS
                self._tell({"t": "sealed", "disk": self._used[0]})
            case "request":
                self._answer(frame)
            case "student":
                # The first process could not be interrupted, so the host has ended it.
                self._start_student(dict(zip(DESCRIPTORS[1:], fds, strict=True)))
            case _:
                self._is_over = True
        for fd in fds:
            os.close(fd)

    def _answer(self, frame: Frame) -> None:
        """Do what the host waits for, with the job's folders or processes, and say so."""
        answer: Frame = {"t": "answer", "n": frame["n"]}
        match frame["do"]:
            case "save":
                answer["number"] = self.isolation.save_folders()
            case "keep":
                answer["errno"] = self.isolation.keep_folders()
            case "restore":
                answer["errno"] = self.isolation.restore_folders(frame["number"])
            case "hold":
                answer["done"] = self.isolation.hold_process(frame["pid"])
            case "release":
                answer["done"] = self.isolation.release_process(frame["pid"])
            case "stop":
                _signal_all(signal.SIGSTOP)
        self._tell_usage()
        self._tell(answer)

    def _tell_usage(self) -> None:
        """Tell the host how much the job stores, if that has changed."""
        if self._usage_ms is None:
            return
        used = self.isolation.used_bytes()
        if used != self._used:
            self._used = used
            self._tell({"t": "usage", "disk": used[0], "shared": used[1]})

    def _reap(self) -> bool:
        """Reap ended children, at most 256, and return whether any child is left."""
        for _ in range(_REAPED):
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if os.WIFSTOPPED(status):
                continue  # a thread that is held, and lives
            if pid == self.student:
                # Its own usage: that of the snapshots is reported separately.
                peak = used.ru_maxrss * 1024
                self._tell({"t": "ended", "status": status, "peak_memory_bytes": peak})
                # A later process may get the same number.
                self.student = 0
                if self._is_grader:
                    # Processes that its tests have left hold the channel open, so the
                    # host would not notice the grader's end.
                    self._kill_all()
        return True

    def _tell(self, frame: Frame) -> None:
        """Send the host a frame. Do nothing if the host is gone."""
        with contextlib.suppress(OSError, ChannelClosedError):
            self.host.send(frame)

    def end(self) -> None:
        """End every process of the job, and tell the host what they used together."""
        left = True
        while left:
            self._kill_all()
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

    def _kill_all(self) -> None:
        # Only process 1 of a namespace may signal "all": elsewhere that includes the host.
        if self.order.is_jailed and os.getpid() == _FIRST:
            _signal_all(signal.SIGKILL)
        else:
            kill_tree(os.getpid())


def _signal_all(number: int) -> None:
    """Signal every other process of the namespace, of which this is the first process.

    The kernel lets none fork meanwhile.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, number)


def run_job(order: Order, fds: dict[str, int], view: View) -> None:
    """Run one job from its start to the end of its last process."""
    isolation: Isolation = Jail(order, view) if order.is_jailed else NoJail(order)
    host = Channel(socket.socket(fileno=fds.pop("host")))
    run_isolated(order, fds, isolation, host)


def run_isolated(
    order: Order, fds: dict[str, int], isolation: Isolation, host: Channel
) -> None:
    """Act as the first process of a job until its last process has ended."""
    # In a jail the kernel ends the other processes with this one. Elsewhere it must not
    # be killed, since nothing would be left to end what the job started.
    linux.die_with_parent(isolation.parent_ended)
    os.setsid()
    init = Init(order, isolation, host)
    try:
        init.start(fds)
        init.watch()
    except (ChannelClosedError, FrameError):
        pass  # the host is gone
    except OSError as error:
        with contextlib.suppress(OSError):
            host.send({"t": "failed", "reason": str(error)})
    with contextlib.suppress(OSError):
        init.end()
