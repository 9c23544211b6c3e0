"""The host's hold on one running job: its sockets, its captured text, its processes."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterator
from typing import Final

from runner.host.monitor import Monitor
from runner.host.outputs import CellOutputs, JobOutputs
from runner.host.prepared_job import PreparedJob
from runner.protocol.endings import JobEnded, died, platform
from runner.protocol.jobs import Verdict
from runner.system import descriptors
from runner.system.processes import (
    DEAD,
    ProcessInfo,
    family,
    is_below,
    kill_all,
    read_process,
    read_processes,
    send_signal,
)
from runner.wire.frames import SMALL_FRAME, Frame, FrameError, Peer

_ROUND_MS: Final = 100
_MUCH: Final = 32 * 1024
_BUSY_SECONDS: Final = 0.3
# The host's work for a frame, in bytes of text that are as much work.
_FRAME_COST: Final = 1024
_END_SECONDS: Final = 10
_LAST_READS: Final = 4
_KILL_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.01


class Session:
    """One job's processes, from their start to the end of the last one.

    `step` waits a moment at most, takes in what came, and raises when the job must
    end. Text that waits in the pipes is always later than every frame sent, because
    the student process empties them before it sends one; so frames are taken first.
    """

    def __init__(
        self, monitor: Monitor, outputs: JobOutputs, prepared: PreparedJob
    ) -> None:
        self.monitor = monitor
        # While cells run again these are others, which nobody keeps.
        self.outputs = self._own_outputs = outputs
        # What a fresh process had put out when the notebook went on in it: no flood.
        self._heard = 0
        # A larger frame could not be kept anyway.
        self.max_frame = SMALL_FRAME + outputs.limits.cell_output_bytes
        self.init, self.student = prepared.init, prepared.student
        self.student.allow(self.max_frame)
        self.student_pid = prepared.student_pid
        self.job = prepared.job
        self.cell = 0
        self.ready = False
        self.status: int | None = None
        self.gone: Frame = {}
        # Of the notebook's own process, by the kernel, once it has ended.
        self.peak_memory = 0
        # The notebook's own run is over: what ends from now on shows in no measure of it.
        self._is_silent = False
        # Why the notebook cannot go on, although its process may live.
        self.lost: JobEnded | None = None
        # Snapshots of the notebook's process that wait for their questions.
        self.kept = self.monitor.kept
        # How many processes have been let run, snapshots among them. What stands still
        # can be woken by one of these alone.
        self.turns = 0
        self._prepared = prepared
        self._pipes = prepared.pipes
        self._asked: tuple[Peer, ...] = ()
        self._next_read = 0.0
        self._busy_until = 0.0

    def hear(self, *peers: Peer) -> None:
        """`step` ends at once too when one of these has something to say."""
        self._asked = peers

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
        received = self.student.received - self._heard
        self.monitor.check_volume(self.outputs.volume + received)
        self.monitor.tick(self.job.pid)
        if not others and not self.student.open:
            self._raise_death(cell)
        return others

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._prepared.pidfd, select.POLLIN)
        for peer in (self.init, self.student, *self._asked):
            if peer.open:
                writing = select.POLLOUT if peer.wants_to_send else 0
                poll.register(peer, select.POLLIN | writing)
                peer.flush()
        if self._is_busy():
            for pipe in self._pipes.values():
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
        for name, pipe in self._pipes.items():
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
            if frame.get("t") == "ended" and self.status is None:
                # Once for each process of the notebook's that was started.
                self.status = int(frame["status"])
                if not self._is_silent:
                    self.peak_memory = max(self.peak_memory, frame["peak_memory_bytes"])
            elif frame.get("t") == "usage":
                self._prepared.files.note(frame)
            elif frame.get("t") == "gone":
                self.gone = frame
        if not self.init.open and not self.gone:
            ours = platform("runner_failed", "the job's parent process is gone")
            raise self._prepared.explained(ours)

    def _raise_death(self, cell: CellOutputs | None) -> None:
        """The student process closed its channel: say how it ended."""
        deadline = time.monotonic() + 1
        while self.status is None and time.monotonic() < deadline:
            descriptors.wait([self.init], seconds=0.05)
            self._look_at_init()
        if not self.ready:
            words = self._pipes["stderr"].take().decode(errors="replace").splitlines()
            reason = words[-1] if words else "the student process did not start"
            raise platform("runner_failed", reason)
        self.drain(cell)
        code = 0 if self.status is None else os.waitstatus_to_exitcode(self.status)
        raise self._prepared.explained(died(cell=self.cell, signal=max(0, -code)))

    def drain(self, cell: CellOutputs | None) -> None:
        """Take what the job still had to say when it was stopped, up to a bound."""
        for name, pipe in self._pipes.items():
            for _ in range(_LAST_READS):
                data = pipe.take()
                if not data or cell is None:
                    break
                cell.text(name, data)

    def attend(self, *peers: Peer) -> None:
        """Wait a moment at most for the peers, with the notebook's process not heard."""
        poll = select.poll()
        poll.register(self._prepared.pidfd, select.POLLIN)
        for peer in (self.init, *peers):
            if peer.open:
                peer.flush()
                writing = select.POLLOUT if peer.wants_to_send else 0
                poll.register(peer, select.POLLIN | writing)
        poll.poll(_ROUND_MS)
        self._look_at_init()
        self.monitor.tick(self.job.pid)

    def attend_to_none(self) -> None:
        """Wait a moment while no question is asked."""
        with self._limits_end_others():
            self.attend()

    def tick(self) -> None:
        """Measure while no question is asked."""
        with self._limits_end_others():
            self.monitor.tick(self.job.pid)

    @contextlib.contextmanager
    def _limits_end_others(self) -> Iterator[None]:
        """End what goes past a limit, and do no more: what was found before stays.

        Only for the time after `silence`.
        """
        try:
            yield
        except JobEnded as error:
            if error.verdict is not Verdict.LIMIT:
                raise
            self.end_others()

    def silence(self) -> None:
        """Listen to the notebook no more, and end its processes.

        What it used is known from here on and changes no more. Nothing of the job is
        left but its first process and the snapshots, which stand still.
        """
        self.monitor.silence()
        self.student.close()
        self.end_others()
        deadline = time.monotonic() + _END_SECONDS
        while self.status is None and time.monotonic() < deadline:
            descriptors.wait([self.init], seconds=_PAUSE_SECONDS)
            self._look_at_init()
        # Whatever ends later is a part of the checking.
        self._is_silent = True

    def end_others(self) -> None:
        """End every process of the job but its first one and the snapshots that wait.

        Whoever made them, and whatever became of their parents.
        """
        if kill_all(self._others, _KILL_SECONDS) > 1:
            # Until they are gone they hold room that the next ones may need.
            deadline = time.monotonic() + _KILL_SECONDS
            while any(one.state not in DEAD for one in self._others()):
                if time.monotonic() > deadline:
                    return
                descriptors.wait([self.init], seconds=_PAUSE_SECONDS)
                self._look_at_init()

    def _others(self) -> list[ProcessInfo]:
        group = self._prepared.group
        if group is None:
            return family(self.job.pid, spare=self.kept.numbers())
        known = {self.job.pid, *self.kept.numbers()}
        return read_processes(pid for pid in group.members() if pid not in known)

    def restart(self) -> None:
        """End the notebook's processes, and have a fresh one in their place.

        Snapshots that wait stay as they are. What it puts out until `go_on` is apart from
        what there was before, and has the whole limit. Raises JobEnded.
        """
        self.turns += 1
        self.end_others()
        deadline = time.monotonic() + _END_SECONDS
        while self.status is None:
            if time.monotonic() > deadline:
                raise died(cell=self.cell, reason="restart")
            descriptors.wait([self.init], seconds=_ROUND_MS / 1000)
            self._look_at_init()
            self.monitor.tick(self.job.pid)
        self.status = None
        if self.outputs is self._own_outputs and not self._is_silent:
            self.outputs.volume += self.student.received - self._heard
        self.outputs, self._heard = JobOutputs(self.outputs.limits), 0
        prepared = self._prepared
        prepared.restart_student()
        self.student, self._pipes = prepared.student, prepared.pipes
        self.student.allow(self.max_frame)
        self.student_pid = prepared.student_pid

    def go_on(self) -> None:
        """Let the notebook go on in the fresh process, and its outputs where they were.

        Once it is silenced it has no outputs: each fresh process has its own allowance.
        """
        if not self._is_silent:
            self.outputs, self._heard = self._own_outputs, self.student.received

    def interrupt(self) -> None:
        """Send the notebook's process a SIGINT, as a person does who loses patience."""
        self.signal(self.student_pid, signal.SIGINT)

    def find(self, pid: int) -> ProcessInfo | None:
        """Return the process, if it is one of this job's."""
        info = read_process(pid)
        return info if info is not None and is_below(info, self.job.pid) else None

    def signal(self, pid: int, number: int) -> None:
        """Send the process the signal, if it is one of this job's."""
        info = self.find(pid)
        if info is not None:
            send_signal(info, number)

    def finish(self) -> bool:
        """No process of the job is left. Return whether its own parent saw to it."""
        self.init.send({"t": "end"})
        deadline = time.monotonic() + _END_SECONDS
        while self.init.open and not self.gone and time.monotonic() < deadline:
            descriptors.wait([self.init], seconds=0.1)
            with contextlib.suppress(JobEnded):
                self._look_at_init()
        return bool(self.gone)
