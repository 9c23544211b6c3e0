"""The host's side of one running job: its sockets, its captured text, its processes."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterator
from typing import Final

from runner.host.held_snapshots import HeldSnapshots
from runner.host.init_requests import InitRequests
from runner.host.monitor import Monitor
from runner.host.outputs import CellOutputs, JobOutputs
from runner.host.prepared_job import PreparedJob
from runner.host.saved_folders import SavedFolders
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
# One frame costs the host as much work as this many bytes of text.
_FRAME_COST: Final = 1024
_END_SECONDS: Final = 10
_LAST_READS: Final = 4
_KILL_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.01


class Session:
    """One job's processes, from their start to the end of the last one.

    `step` waits a moment at most, reads what arrived, and raises JobEnded when the job
    must end. The student process empties its pipes before it sends a frame, so text
    that waits in a pipe was written after every frame that was sent. Therefore frames
    are read first.
    """

    def __init__(
        self, monitor: Monitor, outputs: JobOutputs, prepared: PreparedJob
    ) -> None:
        self.monitor = monitor
        # While cells are run again, `outputs` is another object, which is dropped.
        self.outputs = self._own_outputs = outputs
        # What a fresh process had sent when the notebook went on in it. It does not
        # count as a flood.
        self._received_before = 0
        # The outputs in a larger frame would be past the limit anyway.
        self.max_frame = SMALL_FRAME + outputs.limits.cell_output_bytes
        self.init, self.student = prepared.init, prepared.student
        self.student.allow(self.max_frame)
        self.student_pid = prepared.student_pid
        self.job = prepared.job
        self.cell = 0
        self.ready = False
        self.status: int | None = None
        self.gone: Frame = {}
        # The peak of the notebook's own process, as the kernel reports it at its end.
        self.peak_memory = 0
        # Whether the notebook's own run is over. A process that ends later changes no
        # measure of the notebook.
        self._is_notebook_over = False
        # Why the notebook cannot go on, although its process may live.
        self.lost: JobEnded | None = None
        # Snapshots of the notebook's process that wait for their questions.
        self.waiting_snapshots = self.monitor.waiting_snapshots
        self._prepared = prepared
        self._pipes = prepared.pipes
        self._asked: tuple[Peer, ...] = ()
        self._next_read = 0.0
        self._busy_until = 0.0
        self._requests = InitRequests(self.init, self._read_init, self._look)
        self.folders = SavedFolders(self._requests)
        self.held_snapshots = HeldSnapshots(self._requests)

    def also_wait_for(self, *peers: Peer) -> None:
        """Let `step` also end at once when one of these peers has something to say."""
        self._asked = peers

    def step(self, cell: CellOutputs | None) -> list[Frame]:
        """Read what arrived: add outputs to `cell`, and return the other frames.

        Waits a moment at most. Raises JobEnded when the job must end.
        """
        self._wait()
        frames = self._frames()
        others = []
        for frame in frames:
            self.outputs.volume += _FRAME_COST
            if cell is None or not cell.add(frame):
                others.append(frame)
        if self.student.idle and (self._is_busy() or self._text_is_due()):
            self._take_text(cell)
        self._read_init()
        received = self.student.received - self._received_before
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
        """Return whether much text arrived lately. It is then read as it arrives."""
        return time.monotonic() < self._busy_until

    def _text_is_due(self) -> bool:
        return time.monotonic() >= self._next_read

    def _take_text(self, cell: CellOutputs | None) -> None:
        """Read a portion of each stream, and read again soon if it was large."""
        most = 0
        for name, pipe in self._pipes.items():
            data = pipe.take()
            most = max(most, len(data))
            if cell is not None:
                cell.add_text(name, data)
            else:
                self.outputs.volume += len(data)
        now = time.monotonic()
        self._next_read = now + _ROUND_MS / 1000
        if most >= _MUCH:
            self._busy_until = now + _BUSY_SECONDS

    def _read_init(self) -> None:
        try:
            frames = self.init.receive() if self.init.open else []
        except FrameError:
            frames = []
        for frame in frames:
            self._note_from_init(frame)
        if not self.init.open and not self.gone:
            ours = platform("runner_failed", "the first process of the job ended")
            raise self._prepared.with_memory_limit(ours)

    def _note_from_init(self, frame: Frame) -> None:
        match frame.get("t"):
            case "ended" if self.status is None:
                # Arrives once for each process that was started for the notebook.
                self.status = int(frame["status"])
                if not self._is_notebook_over:
                    self.peak_memory = max(self.peak_memory, frame["peak_memory_bytes"])
            case "usage":
                self._prepared.files.note_storage(frame)
            case "gone":
                self.gone = frame
            case "answer":
                self._requests.note_answer(frame)

    def _raise_death(self, cell: CellOutputs | None) -> None:
        """Raise JobEnded for a student process that has closed its channel."""
        deadline = time.monotonic() + 1
        while self.status is None and time.monotonic() < deadline:
            descriptors.wait([self.init], seconds=0.05)
            self._read_init()
        if not self.ready:
            words = self._pipes["stderr"].take().decode(errors="replace").splitlines()
            reason = words[-1] if words else "the student's process did not start"
            raise platform("runner_failed", reason)
        self.drain(cell)
        code = 0 if self.status is None else os.waitstatus_to_exitcode(self.status)
        raise self._prepared.with_memory_limit(
            died(cell=self.cell, signal=max(0, -code))
        )

    def drain(self, cell: CellOutputs | None) -> None:
        """Read the text that waits in the pipes of a stopped job, up to a bound."""
        for name, pipe in self._pipes.items():
            for _ in range(_LAST_READS):
                data = pipe.take()
                if not data or cell is None:
                    break
                cell.add_text(name, data)

    def wait_for(self, *peers: Peer) -> None:
        """Wait a moment at most for the peers, without reading from the notebook."""
        poll = select.poll()
        poll.register(self._prepared.pidfd, select.POLLIN)
        for peer in (self.init, *peers):
            if peer.open:
                peer.flush()
                writing = select.POLLOUT if peer.wants_to_send else 0
                poll.register(peer, select.POLLIN | writing)
        poll.poll(_ROUND_MS)
        self._read_init()
        self.monitor.tick(self.job.pid)

    def wait_idle(self) -> None:
        """Wait a moment while no question is asked."""
        with self._limits_end_others():
            self.wait_for()

    def tick(self) -> None:
        """Measure the job while no question is asked."""
        with self._limits_end_others():
            self.monitor.tick(self.job.pid)

    def _look(self) -> None:
        """Measure the job while its first process works for the host."""
        if self._is_notebook_over:
            self.tick()
        else:
            self.monitor.tick(self.job.pid)

    @contextlib.contextmanager
    def _limits_end_others(self) -> Iterator[None]:
        """End the job's other processes at a limit, but do not end the job.

        Outcomes found before stay. Only for the time after `stop_listening`.
        """
        try:
            yield
        except JobEnded as error:
            if error.verdict is not Verdict.LIMIT:
                raise
            self.end_others()

    def stop_listening(self) -> None:
        """Stop reading from the notebook, and end its processes.

        From now on the measures of the notebook do not change. Only the job's first
        process and the snapshots, which stand still, are left.
        """
        self.monitor.begin_checking()
        self.student.close()
        self.end_others()
        deadline = time.monotonic() + _END_SECONDS
        while self.status is None and time.monotonic() < deadline:
            descriptors.wait([self.init], seconds=_PAUSE_SECONDS)
            self._read_init()
        # A process that ends later belongs to the checking.
        self._is_notebook_over = True

    def end_others(self) -> None:
        """End every process of the job except its first one and the waiting snapshots.

        It does not matter which process made them, or whether their parents live.
        """
        most = kill_all(self._others, _KILL_SECONDS)
        if self._prepared.is_jailed:
            # SECURITY: no look at the job finds a process that forks and ends, again and
            # again. So all are stopped at the same moment: then none forks.
            with contextlib.suppress(JobEnded):  # its first process is gone
                self._requests.ask_unmeasured({"do": "stop"})
            most = max(most, kill_all(self._others, _KILL_SECONDS))
        if most > 1:
            # Until they are gone, they take up room that the next processes may need.
            deadline = time.monotonic() + _KILL_SECONDS
            while any(one.state not in DEAD for one in self._others()):
                if time.monotonic() > deadline:
                    return
                descriptors.wait([self.init], seconds=_PAUSE_SECONDS)
                self._read_init()

    def _others(self) -> list[ProcessInfo]:
        group = self._prepared.group
        if group is None:
            return family(self.job.pid, spare=self.waiting_snapshots.numbers())
        known = {self.job.pid, *self.waiting_snapshots.numbers()}
        return read_processes(pid for pid in group.members() if pid not in known)

    def restart(self) -> None:
        """End the notebook's processes, and start a fresh one in their place.

        Snapshots that wait stay as they are. Outputs of the fresh process until `go_on`
        are kept apart from the earlier ones, and have the whole limit. Raises JobEnded.
        """
        self.end_others()
        deadline = time.monotonic() + _END_SECONDS
        while self.status is None:
            if time.monotonic() > deadline:
                raise died(cell=self.cell, reason="restart")
            descriptors.wait([self.init], seconds=_ROUND_MS / 1000)
            self._read_init()
            self.monitor.tick(self.job.pid)
        self.status = None
        if self.outputs is self._own_outputs and not self._is_notebook_over:
            self.outputs.volume += self.student.received - self._received_before
        self.outputs, self._received_before = JobOutputs(self.outputs.limits), 0
        prepared = self._prepared
        prepared.restart_student()
        self.student, self._pipes = prepared.student, prepared.pipes
        self.student.allow(self.max_frame)
        self.student_pid = prepared.student_pid

    def go_on(self) -> None:
        """Let the notebook go on in the fresh process, and keep its earlier outputs.

        After `stop_listening` nothing is kept, and each process has the whole limit.
        """
        if not self._is_notebook_over:
            self.outputs, self._received_before = (
                self._own_outputs,
                self.student.received,
            )

    def interrupt(self) -> None:
        """Send SIGINT to the notebook's process, as "Interrupt" in Jupyter does."""
        self.signal(self.student_pid, signal.SIGINT)

    def find(self, pid: int) -> ProcessInfo | None:
        """Return the process if it belongs to this job, else None."""
        info = read_process(pid)
        return info if info is not None and is_below(info, self.job.pid) else None

    def signal(self, pid: int, number: int) -> None:
        """Send the signal to the process if it belongs to this job."""
        info = self.find(pid)
        if info is not None:
            send_signal(info, number)

    def finish(self) -> bool:
        """Have the job's first process end all others. Return whether it says it did."""
        self.init.send({"t": "end"})
        deadline = time.monotonic() + _END_SECONDS
        while self.init.open and not self.gone and time.monotonic() < deadline:
            descriptors.wait([self.init], seconds=0.1)
            with contextlib.suppress(JobEnded):
                self._read_init()
        return bool(self.gone)
