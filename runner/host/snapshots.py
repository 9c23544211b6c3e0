"""The host's side of a snapshot: the notebook's process as it was at a check cell.

A snapshot stands still from when it is made until its own question is asked. The host
stops it (SIGSTOP), and the job's first process holds it, so that nothing that the student's
code does can wake it: see `HeldSnapshots`.
"""

import contextlib
import os
import signal
import socket
import time
from typing import Final

from runner.host.job_files import JobFiles
from runner.host.session import Session
from runner.jail.file_layout import Folder
from runner.protocol import check_words
from runner.protocol.endings import JobEnded
from runner.protocol.jobs import Verdict
from runner.system.processes import read_process, runs_before_stop
from runner.wire.frames import FrameError, Peer

_PAUSE_SECONDS: Final = 0.0005
# After a slow check, a snapshot has this many seconds to come to rest, then it is given up.
# It is interrupted again after this many looks at it, each of a tenth of a second.
_BREAK_SECONDS: Final = 1.5
_ROUNDS: Final = 3
# When memory runs out, the kernel should end running processes, which start with the
# highest score, before those that wait. Setting either score needs no privilege.
_SPARED: Final = 500
_FIRST_TO_GO: Final = 1000


class Snapshot:
    """The host's side of one snapshot of the notebook's process.

    `wire` is the grader's end of the socket to it. `cells` is how many cells had ended
    when it was made.
    """

    def __init__(self, cells: int = 0) -> None:
        self.cells = cells
        # The number of the folders' state when it was made, or last asked.
        self.folder_state: int | None = None
        ours, self._theirs = socket.socketpair()
        self.wire, self._student_wire = socket.socketpair()
        self.peer = Peer(ours)
        self.pid = 0
        # Whether it was woken for its question, and so can be asked.
        self.is_awake = False
        # Why it cannot be asked, and whether another may take its place.
        self.missing = check_words.ENDED
        self.is_replaceable = False
        self._pidfd = -1

    def ask_for(self, session: Session, files: JobFiles, *, in_place: bool) -> None:
        """Tell the notebook's process to make the snapshot, or to answer in place."""
        message = {
            "t": "check",
            "in_place": in_place,
            "files": files.path(Folder.FILES),
        }
        fds = [self._theirs.fileno(), self._student_wire.fileno()]
        session.student.send(message, fds)
        self._theirs.close()
        self._student_wire.close()

    @property
    def is_known(self) -> bool:
        """Whether the host knows the snapshot's process, or that there is none."""
        return bool(self.pid) or not self.peer.open

    def receive(self) -> bool:
        """Read from the snapshot. Return whether it sent anything.

        The kernel says which process sent the first frame: that is the snapshot.
        """
        try:
            frames = self.peer.receive() if self.peer.open else []
        except FrameError:
            self.peer.close()
            return False
        if frames and not self.pid:
            self.pid = self.peer.sender
        return bool(frames)

    def freeze(self, session: Session) -> None:
        """Make the snapshot stand still. From now on it counts for no limit."""
        try:
            if self._pidfd < 0:
                self._pidfd = os.pidfd_open(self.pid)
        except OSError:
            return
        if session.find(self.pid) is None:
            return
        self.is_awake = False
        self._signal(signal.SIGSTOP)
        _set_out_of_memory_score(self.pid, _SPARED)
        session.waiting_snapshots.add(self.pid, self._pidfd)
        session.held_snapshots.hold(self.pid)

    def wait_until_still(self, session: Session, deadline: float) -> None:
        """Wait until the snapshot stands still.

        `deadline` is on the monotonic clock. A snapshot that does not stand still by
        then is ended.
        """
        while self.pid in session.waiting_snapshots:
            if self._signal(0) and runs_before_stop(self.pid) is not None:
                return
            if time.monotonic() > deadline or not self._is_alive():
                session.waiting_snapshots.discard(self.pid)
                self._signal(signal.SIGKILL)
            time.sleep(_PAUSE_SECONDS)
            session.tick()

    def release(self, session: Session) -> None:
        """Begin to let the snapshot run for its own question. It may run at once."""
        if self._is_alive():
            session.held_snapshots.release(self.pid)

    def thaw(self, session: Session) -> bool:
        """Let the snapshot run for its own question. Return whether it can be asked.

        Call it when the snapshot is released. From now on it is one of the job's running
        processes, which `end_others` ends.
        """
        is_kept = self.pid in session.waiting_snapshots
        session.waiting_snapshots.discard(self.pid)
        if not self._is_alive():
            if session.monitor.ended_for_memory(self.pid):
                self.missing = check_words.OUT_OF_MEMORY
                self.is_replaceable = not session.monitor.ran_although_stopped(self.pid)
            return False
        if not is_kept:
            return False
        _set_out_of_memory_score(self.pid, _FIRST_TO_GO)
        self.is_awake = self._signal(signal.SIGCONT)
        return self.is_awake

    def note_end(self, words: str) -> None:
        """Note why the snapshot ended, and that another snapshot may take its place.

        Call it only if the cause is its own question, or a lack of memory.
        """
        self.is_awake = False
        self.missing, self.is_replaceable = words, True

    def _is_alive(self) -> bool:
        info = read_process(self.pid)
        return self._signal(0) and info is not None and not info.is_ending

    def _signal(self, number: int) -> bool:
        """Send the signal to exactly this process. Return whether it is there."""
        if self._pidfd < 0:
            return False
        try:
            signal.pidfd_send_signal(self._pidfd, number)
        except OSError:
            return False
        return True

    def hang_up(self) -> None:
        """Break off the conversation with the grader, for both sides."""
        with contextlib.suppress(OSError):
            self.wire.shutdown(socket.SHUT_RDWR)

    def interrupt(self, session: Session) -> bool:
        """Interrupt the snapshot's work. Return whether it can be asked once more."""
        self.hang_up()
        self.wire.close()
        try:
            self.is_awake = self._interrupt_until_idle(session)
        except JobEnded as error:
            if error.verdict is not Verdict.LIMIT:
                raise
            self.is_awake = False
        self.wire, theirs = socket.socketpair()
        if self.is_awake:
            self.peer.send({"t": "again"}, [theirs.fileno()])
        theirs.close()
        return self.is_awake

    def _interrupt_until_idle(self, session: Session) -> bool:
        """Interrupt the snapshot, repeatedly if needed. Return whether it came to rest."""
        watch, rounds = session.monitor, 0
        started = watch.moment()
        while self.peer.open and not watch.is_past(started, _BREAK_SECONDS):
            session.wait_for(self.peer)
            if self.receive():
                return True
            rounds += 1
            if rounds % _ROUNDS == 1:
                self._signal(signal.SIGINT)
        return False

    def end(self, session: Session) -> None:
        """End the snapshot, because its question is asked in another."""
        session.waiting_snapshots.discard(self.pid)
        self._signal(signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Close the host's sockets and its descriptor of the process."""
        self.is_awake = False
        self.peer.close()
        for one in (self.wire, self._theirs, self._student_wire):
            one.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


def _set_out_of_memory_score(pid: int, adjustment: int) -> None:
    """Set how soon the kernel ends the process when memory runs out, if we may."""
    with contextlib.suppress(OSError):
        fd = os.open(f"/proc/{pid}/oom_score_adj", os.O_WRONLY)
        try:
            os.write(fd, str(adjustment).encode())
        finally:
            os.close(fd)
