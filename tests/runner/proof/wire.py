"""A job whose process sends what hypothesis has drawn, with the host's real code.

No jail and no interpreter is started: the job's first process, the notebook's and the
snapshots are small forks of this one, and the grader is a thread. The sockets, the
processes and the clock are real.
"""

import contextlib
import os
import signal
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

from runner.host.job import Job
from runner.host.job_files import JailFiles, await_frame
from runner.host.prepared_job import Pipe
from runner.protocol.endings import JobEnded
from runner.protocol.jobs import CheckSpec, JobResult, Limits, QuestionSpec, TestStyle
from runner.system import descriptors, linux
from runner.system.processes import kill_tree
from runner.wire.frames import Channel, ChannelClosedError, Frame, Peer
from runner.wire.job_order import Role, Shape
from tests.runner.notebooks import cell, job

_PATIENCE: Final = 0.2
_LIMITS: Final = Limits(cell_seconds=0.1, question_seconds=0.6, run_seconds=4)
_KEYS: Final = ("q1", "q2")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The bytes that the process sends after one message of the host.

    `before` and `after` surround the right answer, which it may leave out. At a check
    cell it makes a snapshot, or does not; `own` is sent on the snapshot's own socket by
    the notebook's process, `at_once` and `woken` by the snapshot, before it is stopped
    and when its question is asked; `wire` is the snapshot's answer to the grader.
    """

    before: bytes = b""
    answers: bool = True
    after: bytes = b""
    forks: bool = True
    own: bytes = b""
    at_once: bytes = b'\0\0\0\x0d{"t":"ready"}'
    woken: bytes = b""
    wire: bytes = b"ok"


@dataclass(frozen=True, kw_only=True)
class Script:
    """All turns of the notebook's first process, and of a fresh one, from the start."""

    first: Sequence[Turn]
    fresh: Sequence[Turn] = field(default_factory=list)
    early: bytes = b""


HONEST: Final = Turn()


def frame(payload: bytes, *, length: int | None = None) -> bytes:
    """Return the frame's bytes for this payload."""
    return struct.pack("!I", len(payload) if length is None else length) + payload


def run(script: Script) -> JobResult:
    """Return the result of a job whose notebook process follows the script."""
    questions = tuple(
        QuestionSpec(
            key=key, style=TestStyle.SCRIPT, checks=(CheckSpec(name="c", source="f"),)
        )
        for key in _KEYS
    )
    checks = [cell(f"# softmark: check {key}") for key in reversed(_KEYS)]
    cells = "1", checks[0], "2", checks[1], "3"
    spec = job(*cells, questions=questions, limits=_LIMITS)
    spares: Any = _Spares(script)
    try:
        return Job(spec, spares, None, lambda _: None, lambda: False).run()
    finally:
        spares.close()


class _Spares:
    """Hands out the processes of one job, and its graders."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._made: list[_Prepared] = []

    def take(self, _environment: str, shape: Shape) -> "Future[_Prepared]":
        taken: Future[_Prepared] = Future()
        make = _Grader if shape.role is Role.GRADER else _Student
        self._made.append(make(shape, self._script))
        taken.set_result(self._made[-1])
        return taken

    def set_up_later(self, call: Callable[[], "_Prepared"]) -> "Future[_Prepared]":
        fitted: Future[_Prepared] = Future()
        try:
            fitted.set_result(call())
        except JobEnded as error:
            fitted.set_exception(error)
        return fitted

    def discard(self, fitted: "Future[_Prepared]") -> None:
        if fitted.exception() is None:
            fitted.result().dispose()

    def dispose_later(self, used: "_Prepared") -> None:
        used.dispose()

    def refill(self, *_: object) -> None:
        """Do nothing: each job is made anew."""

    def close(self) -> None:
        for one in self._made:
            one.dispose()


class _Prepared:
    """The host's view of a `PreparedJob`."""

    level, is_jailed, group = "L1", True, None
    pidfd = -1

    def __init__(self, shape: Shape, script: Script) -> None:
        self.shape, self.script = shape, script
        self.files = JailFiles()
        self.init, self._init_end = _pair()
        self.student, self._student_end = _pair()
        self._peers = [self.init, self.student]
        self.pipes = {"stdout": Pipe(), "stderr": Pipe()}
        for pipe in self.pipes.values():
            pipe.close_shared()
        self.hello: dict[str, Any] = {"gpu": None}
        self._is_over = False
        self._begin()

    def _begin(self) -> None:
        raise NotImplementedError

    def fill(self, *_: object) -> None:
        """Do nothing: nobody reads the files."""

    def with_memory_limit(self, ending: JobEnded) -> JobEnded:
        return ending

    @property
    def is_alive(self) -> bool:
        return self.student.open

    def dispose(self, **_: object) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._end()
        for peer in self._peers:
            peer.close()
        for pipe in self.pipes.values():
            os.close(pipe.read)

    def _end(self) -> None:
        raise NotImplementedError


def _pair() -> tuple[Peer, socket.socket]:
    ours, theirs = socket.socketpair()
    return Peer(ours), theirs


class _Grader(_Prepared):
    """Asks each snapshot one question, and passes it if the answer is "ok"."""

    def _begin(self) -> None:
        self.student_pid = os.getpid()
        # No first process, so no process of it can wait for a processor.
        self.job: Any = SimpleNamespace(pid=0)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with (
            self._student_end as sock,
            contextlib.suppress(ChannelClosedError, OSError),
        ):
            host = Channel(sock)
            while True:
                asked, fds = host.receive()
                if asked["t"] == "setup":
                    host.send({"t": "set_up"})
                elif asked["t"] == "clear":
                    host.send({"t": "cleared", "is_clean": True})
                elif asked["t"] == "question":
                    for name in asked["checks"]:
                        told = {"name": name, "score": _score(fds[0]), "message": ""}
                        host.send({"t": "check", **told})
                    os.close(fds[0])
                    host.send({"t": "answered", "key": asked["key"]})

    def _end(self) -> None:
        self.student.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._init_end.close()


def _score(fd: int) -> float:
    with socket.socket(fileno=os.dup(fd)) as wire:
        wire.settimeout(_PATIENCE)
        try:
            wire.sendall(b"?")
            return float(wire.recv(9) == b"ok")
        except OSError:
            return 0.0


class _Student(_Prepared):
    """A first process that makes the notebook's processes and follows the script."""

    def _begin(self) -> None:
        ready, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            ends = self._init_end.fileno(), self._student_end.fileno()
            _be(lambda: _Init(self.script, *ends, told).watch(), *ends, told)
        os.close(told)
        self._init_end.close()
        self._student_end.close()
        with os.fdopen(ready) as pipe:
            self.student_pid = int(pipe.readline())
        self.pidfd = os.pidfd_open(pid)
        self.job = SimpleNamespace(pid=pid, versions={}, pidfd=self.pidfd)

    def restart_student(self) -> None:
        peer, theirs = _pair()
        self.init.send({"t": "student"}, [theirs.fileno()])
        theirs.close()
        self.student.close()
        self.student = peer
        self._peers.append(peer)
        await_frame(peer, "hello", 1, lambda: None)
        self.student_pid = peer.sender

    def _end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            kill_tree(self.job.pid)
            os.kill(self.job.pid, signal.SIGKILL)
        os.waitpid(self.job.pid, 0)
        os.close(self.pidfd)


def _be(call: Callable[[], None], *kept: int) -> None:
    """Become another process, which holds these descriptors alone, and end."""
    try:
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
            if int(name) not in {0, 1, 2, *kept}:
                with contextlib.suppress(OSError):
                    os.close(int(name))
        call()
    except (ChannelClosedError, OSError):
        pass  # the host has hung up
    finally:
        os._exit(0)


class _Init:
    """The job's first process: makes the notebook's, and reports how it ended."""

    def __init__(self, script: Script, host: int, student: int, told: int) -> None:
        linux.adopt_orphans()
        linux.die_with_parent()
        self._script, self._sock = script, socket.socket(fileno=host)
        self._host = Channel(self._sock)
        self._student = 0
        self._make(student, script.first)
        os.write(told, b"%d\n" % self._student)
        os.close(told)

    def _make(self, fd: int, turns: Sequence[Turn], early: bytes | None = None) -> None:
        self._student = os.fork()
        if self._student == 0:
            _be(lambda: _talk(fd, turns, early), fd)
        os.close(fd)

    def watch(self) -> None:
        is_over = False
        while not is_over:
            if descriptors.wait([self._sock], seconds=0.005):
                # Requests may arrive together.
                for asked, fds in self._host.receive_all():
                    is_over |= self._obey(asked, fds)
            self._reap()
        kill_tree(os.getpid())
        self._host.send({"t": "gone", "cpu_seconds": 0, "peak_memory_bytes": 0})

    def _obey(self, asked: Frame, fds: list[int]) -> bool:
        """Do what the host asks. Return whether the job is over."""
        match asked["t"]:
            case "student":
                self._make(fds[0], self._script.fresh, self._script.early)
            case "request":
                done = {"t": "answer", "n": asked["n"], "number": None, "errno": 0}
                self._host.send({**done, "done": True})
            case _:
                return True
        return False

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == self._student:
                    told = {"status": found[1], "peak_memory_bytes": 0}
                    self._host.send({"t": "ended", **told})


def _talk(fd: int, turns: Sequence[Turn], early: bytes | None) -> None:
    """Act as the notebook's process."""
    sock = socket.socket(fileno=fd)
    host, left = Channel(sock), iter(turns)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if early is not None:
        sock.sendall(early)
        host.send({"t": "hello", "gpu": None})
    while True:
        asked, fds = host.receive()
        if asked["t"] == "setup":
            host.send({"t": "set_up"})
            continue
        turn = next(left, HONEST)
        sock.sendall(turn.before)
        if asked["t"] == "check":
            _keep(turn, fds)
        if turn.answers:
            done = {"t": "done", "cell": asked.get("cell"), "ename": "", "evalue": ""}
            host.send(done if fds == [] else {"t": "checked", "errno": 0})
        sock.sendall(turn.after)


def _keep(turn: Turn, fds: Sequence[int]) -> None:
    """Make a snapshot, or leave it out."""
    if turn.forks and os.fork() == 0:
        _be(lambda: _wait(turn, *fds), *fds)
    with socket.socket(fileno=fds[0]) as own:
        own.sendall(turn.own)
    os.close(fds[1])


def _wait(turn: Turn, own_fd: int, wire_fd: int) -> None:
    """Act as a snapshot."""
    own, wire = socket.socket(fileno=own_fd), socket.socket(fileno=wire_fd)
    host = Channel(own)
    own.sendall(turn.at_once)
    while True:
        with contextlib.suppress(OSError):
            while wire.recv(1):
                own.sendall(turn.woken)
                wire.sendall(turn.wire)
        host.send({"t": "idle"})
        wire = socket.socket(fileno=host.receive()[1][0])
