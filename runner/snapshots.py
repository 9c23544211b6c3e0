"""The host's hold on a snapshot: the notebook's process as it was at a check cell.

A snapshot stands still (SIGSTOP) from the moment in which it is made to the moment in
which its own question is asked. A process can let itself or its twin run again; the
kernel counts how often each one ran, so a snapshot that moved is known and not asked.
"""

import contextlib
import signal
import socket
import time
from pathlib import Path
from typing import Final

from runner.contents import Folder
from runner.frames import FrameError, Peer
from runner.places import Place
from runner.processes import ProcessInfo, context_switches, send_signal
from runner.protocol import Verdict
from runner.session import Session
from runner.stops import JobStopError

_STOPPED: Final = "T"
_STOP_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.0005
# From the end of a slow check to the point where its snapshot is given up, and after how
# many looks at it, of a tenth of a second, it is interrupted again.
_BREAK_SECONDS: Final = 1.5
_ROUNDS: Final = 3
# The kernel is to end the asked processes before those that wait.
_SPARED: Final = -500
_FIRST_TO_GO: Final = 500


class Snapshot:
    """A snapshot of the notebook's process, as the host knows it.

    `wire` is the grader's end of the socket to it; `cells` is how many cells had ended
    when it was made.
    """

    def __init__(self, cells: int = 0) -> None:
        self.cells = cells
        ours, self._theirs = socket.socketpair()
        self.wire, self._student_wire = socket.socketpair()
        self.peer = Peer(ours)
        self.pid = 0
        self._started = 0
        self._switches = 0

    def ask_for(self, session: Session, place: Place, *, in_place: bool) -> None:
        """Tell the notebook's process to make the snapshot, or to answer itself."""
        message = {
            "t": "check",
            "in_place": in_place,
            "files": place.path(Folder.FILES),
        }
        fds = [self._theirs.fileno(), self._student_wire.fileno()]
        session.student.send(message, fds)
        self._theirs.close()
        self._student_wire.close()

    @property
    def is_known(self) -> bool:
        """Say whether nothing more is to be learned: who it is, or that it is gone."""
        return bool(self.pid) or not self.peer.open

    def look(self) -> bool:
        """Learn who the snapshot is, by the kernel's word. Return whether it spoke."""
        try:
            frames = self.peer.receive() if self.peer.open else []
        except FrameError:
            self.peer.close()
            return False
        if frames and not self.pid:
            self.pid = self.peer.sender
        return bool(frames)

    def freeze(self, session: Session) -> None:
        """Let the snapshot stand still from now on. It counts for no limit."""
        info = session.find(self.pid)
        if info is None:
            return
        self._started = info.started
        send_signal(info, signal.SIGSTOP)
        _prefer(info, _SPARED)
        session.kept.add(self.pid)

    def settle(self, session: Session) -> None:
        """Wait until the snapshot stands still, and note how often it ran before.

        One that does not stand still is not kept.
        """
        deadline = time.monotonic() + _STOP_SECONDS
        info = self._find(session)
        while info is not None and info.state != _STOPPED and not info.is_ending:
            if time.monotonic() > deadline:
                info = None
                break
            time.sleep(_PAUSE_SECONDS)
            session.watch.tick(session.job.pid)
            info = self._find(session)
        if info is None or info.is_ending:
            session.kept.discard(self.pid)
        self._switches = context_switches(self.pid)

    def thaw(self, session: Session) -> bool:
        """Let the snapshot run, for its own question. Return whether it has stood still.

        It is one of the job's running processes from now on, which `end_others` ends.
        """
        info = self._find(session)
        is_kept = self.pid in session.kept
        session.kept.discard(self.pid)
        if info is None or not is_kept or info.state != _STOPPED:
            return False
        if context_switches(self.pid) != self._switches:
            return False
        _prefer(info, _FIRST_TO_GO)
        send_signal(info, signal.SIGCONT)
        return True

    def _find(self, session: Session) -> ProcessInfo | None:
        """Return the very process that was made, and no later one of the same number."""
        info = session.find(self.pid) if self.pid else None
        return info if info is not None and info.started == self._started else None

    def hang_up(self) -> None:
        """Break off the conversation with the grader, for both of them."""
        with contextlib.suppress(OSError):
            self.wire.shutdown(socket.SHUT_RDWR)

    def resume(self, session: Session) -> bool:
        """Interrupt what the snapshot does; return whether it can be asked once more."""
        self.hang_up()
        self.wire.close()
        try:
            is_idle = self._interrupt(session)
        except JobStopError as error:
            if error.verdict is not Verdict.LIMIT:
                raise
            is_idle = False
        self.wire, theirs = socket.socketpair()
        if is_idle:
            self.peer.send({"t": "again"}, [theirs.fileno()])
        theirs.close()
        return is_idle

    def _interrupt(self, session: Session) -> bool:
        """Return whether the snapshot came to rest, interrupted some times if need be."""
        watch, rounds = session.watch, 0
        started = watch.moment()
        while self.peer.open and not watch.is_past(started, _BREAK_SECONDS):
            session.attend(self.peer)
            if self.look():
                return True
            rounds += 1
            if rounds % _ROUNDS == 1:
                session.signal(self.pid, signal.SIGINT)
        return False

    def drop(self, session: Session) -> None:
        """End the snapshot: its question will be asked of others."""
        info = self._find(session)
        session.kept.discard(self.pid)
        if info is not None:
            send_signal(info, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Close our ends of its sockets."""
        self.peer.close()
        self.wire.close()


def _prefer(info: ProcessInfo, adjustment: int) -> None:
    """Say how soon the kernel ends the process for want of memory, if we may."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{info.pid}/oom_score_adj").write_text(str(adjustment))
