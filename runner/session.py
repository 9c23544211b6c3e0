"""The host's hold on one running job: its sockets, its captured text, its processes."""

import contextlib
import fcntl
import os
import select
import signal
import socket
import time
from typing import Final

from runner.frames import SMALL_FRAME, Frame, FrameError, Peer
from runner.outputs import CellOutputs, JobOutputs
from runner.processes import ancestors, kill_tree, read_process, send_signal
from runner.stops import JobStopError, died, platform
from runner.watch import Watch
from runner.zygote.order import DESCRIPTORS, Order
from runner.zygotes import StartedJob, ZygotePool

_ROUND_MS: Final = 100
_READ: Final = 1024**2
_PIPE_BYTES: Final = 1024**2
_MUCH: Final = 32 * 1024
_BUSY_SECONDS: Final = 0.3
_FRAME_COST: Final = 256
_END_SECONDS: Final = 10
_LAST_READS: Final = 4


class Pipe:
    """A captured stream: the host reads it, and so may the student process.

    The host's end is opened anew, since a job may change the flags of an end that it
    shares.
    """

    def __init__(self) -> None:
        self.shared, self.write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(self.write, True)
        with contextlib.suppress(OSError):
            fcntl.fcntl(self.write, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self.read = os.open(
            f"/proc/self/fd/{self.shared}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        )

    def take(self) -> bytes:
        """Return what waits, up to a portion."""
        try:
            return os.read(self.read, _READ)
        except BlockingIOError:
            return b""

    def close_shared(self) -> None:
        os.close(self.shared)
        os.close(self.write)


class Session:
    """One job's processes, from their start to the end of the last one.

    `step` waits a moment at most, takes in what came, and raises when the job must
    end. Text that waits in the pipes is always later than every frame sent, because
    the student process empties them before it sends one; so frames are taken first.
    """

    def __init__(self, watch: Watch, outputs: JobOutputs) -> None:
        self.watch = watch
        self.outputs = outputs
        # A larger frame could not be kept anyway.
        self.max_frame = SMALL_FRAME + outputs.limits.cell_output_bytes
        self.student_pid = 0
        self.cell = 0
        self.ready = False
        self.status: int | None = None
        self.gone: Frame = {}
        self._question: Peer | None = None
        self._next_read = 0.0
        self._busy_until = 0.0

    def start(self, pool: ZygotePool, environment: str, order: Order) -> StartedJob:
        """The job's processes are being made. Nothing of the student's runs yet."""
        pairs = socket.socketpair(), socket.socketpair()
        self.pipes = {"stdout": Pipe(), "stderr": Pipe()}
        out, err = self.pipes.values()
        fds = [pair[1].fileno() for pair in pairs]
        fds += [out.write, err.write, out.shared, err.shared]
        assert len(fds) == len(DESCRIPTORS)  # noqa: S101 - the order of the list above
        self.init = Peer(pairs[0][0])
        self.student = Peer(pairs[1][0], self.max_frame)
        self.pidfd = -1
        try:
            self.job = pool.start_job(environment, order, fds)
            self.pidfd = self.job.pidfd
        finally:
            for pair in pairs:
                pair[1].close()
            for pipe in self.pipes.values():
                pipe.close_shared()
        return self.job

    def ask(self, peer: Peer | None) -> None:
        """Listen to a question's socket too, or no longer."""
        self._question = peer

    def step(self, cell: CellOutputs | None) -> list[Frame]:
        """Take in what came: outputs go to `cell`, other frames are returned."""
        self._wait()
        frames = self._frames()
        others = []
        for frame in frames:
            self.outputs.volume += _FRAME_COST
            if cell is None or not cell.add(frame):
                others.append(frame)
        if self.student.idle and (self._is_busy() or self._text_is_due()):
            self._take_text(cell)
        self._look_at_init()
        self.watch.check_volume(self.outputs.volume + self.student.received)
        self.watch.tick(self.job.pid)
        if not others and not self.student.open:
            self._raise_death(cell)
        return others

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        for peer in (self.init, self.student, self._question):
            if peer is not None and peer.open:
                writing = select.POLLOUT if peer.wants_to_send else 0
                poll.register(peer, select.POLLIN | writing)
                peer.flush()
        if self._is_busy():
            for pipe in self.pipes.values():
                poll.register(pipe.read, select.POLLIN)
        poll.poll(_ROUND_MS if self.student.idle else 0)

    def _frames(self) -> list[Frame]:
        if not self.student.open:
            return []
        try:
            return self.student.receive()
        except FrameError:
            raise died(cell=self.cell, reason="protocol") from None

    def _is_busy(self) -> bool:
        """Say whether much text came lately, so that it is read as it comes."""
        return time.monotonic() < self._busy_until

    def _text_is_due(self) -> bool:
        return time.monotonic() >= self._next_read

    def _take_text(self, cell: CellOutputs | None) -> None:
        """Take a portion of each stream; soon again if there was much."""
        most = 0
        for name, pipe in self.pipes.items():
            data = pipe.take()
            most = max(most, len(data))
            if cell is not None:
                cell.text(name, data)
            else:
                self.outputs.volume += len(data)
        now = time.monotonic()
        self._next_read = now + _ROUND_MS / 1000
        if most >= _MUCH:
            self._busy_until = now + _BUSY_SECONDS

    def _look_at_init(self) -> None:
        try:
            frames = self.init.receive() if self.init.open else []
        except FrameError:
            frames = []
        for frame in frames:
            if frame.get("t") == "ended":
                self.status = int(frame["status"])
            elif frame.get("t") == "gone":
                self.gone = frame
        if not self.init.open and not self.gone:
            raise platform("runner_failed", "the job's parent process is gone")

    def _raise_death(self, cell: CellOutputs | None) -> None:
        """The student process closed its channel: say how it ended."""
        deadline = time.monotonic() + 1
        while self.status is None and time.monotonic() < deadline:
            select.select([self.init.sock], [], [], 0.05)
            self._look_at_init()
        self.drain(cell)
        if not self.ready:
            raise platform("runner_failed", "the student process did not start")
        code = 0 if self.status is None else os.waitstatus_to_exitcode(self.status)
        raise died(cell=self.cell, signal=max(0, -code))

    def drain(self, cell: CellOutputs | None) -> None:
        """Take what the job still had to say when it was stopped, up to a bound."""
        for name, pipe in self.pipes.items():
            for _ in range(_LAST_READS):
                data = pipe.take()
                if not data or cell is None:
                    break
                cell.text(name, data)

    def interrupt(self) -> None:
        """The running cell gets a SIGINT, as from a person who loses patience."""
        self._signal(self.student_pid, signal.SIGINT)

    def kill(self, pid: int) -> None:
        """The process, if it is one of this job's, and all below it, are killed."""
        if self.job.pid in ancestors(pid):
            kill_tree(pid)
        self._signal(pid, signal.SIGKILL)

    def _signal(self, pid: int, number: int) -> None:
        """The process gets the signal, if it is one of this job's."""
        info = read_process(pid)
        if info is not None and self.job.pid in ancestors(pid):
            send_signal(info, number)

    def finish(self) -> bool:
        """No process of the job is left. Return whether its own parent saw to it."""
        self.init.send({"t": "end"})
        deadline = time.monotonic() + _END_SECONDS
        while self.init.open and not self.gone and time.monotonic() < deadline:
            select.select([self.init.sock], [], [], 0.1)
            with contextlib.suppress(JobStopError):
                self._look_at_init()
        return bool(self.gone)

    def close(self) -> None:
        """Nothing is left open on our side, and the job's parent is dead."""
        if self.pidfd >= 0:
            with contextlib.suppress(OSError):
                if not self.gone:
                    signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            select.select([self.pidfd], [], [], _END_SECONDS)
            os.close(self.pidfd)
        for peer in (self.init, self.student):
            peer.close()
        for pipe in self.pipes.values():
            os.close(pipe.read)
