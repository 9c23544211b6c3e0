"""Checking one question: a fork of the student process answers on its own socket.

Outcomes count only if the kernel says that the process which asked for the tests sent
them on that socket. At level L0 the student process holds the other end for a moment:
docs/sandbox.md says what that leaves open.
"""

import socket
import time
from typing import Final

from runner import marks
from runner.folders import open_source
from runner.frames import Frame, FrameError, Peer
from runner.gpu.policy import checks_in_place
from runner.places import Place
from runner.protocol import CheckOutcome, JobSpec, QuestionOutcome, QuestionSpec
from runner.questions import requested_names
from runner.session import Session
from runner.stops import died, limit

_REAP_SECONDS: Final = 2.0


class QuestionRun:
    """One question being checked."""

    def __init__(
        self, session: Session, spec: JobSpec, place: Place, question: QuestionSpec
    ) -> None:
        self.found: dict[str, CheckOutcome] = {}
        self._session = session
        self._spec = spec
        self._place = place
        self._question = question
        self._names = requested_names(question)
        self._expected = {check.name for check in question.checks}
        self._snapshot = 0
        self._in_place = checks_in_place(spec.device)
        self._clock = session.watch.clock
        self._started = self._clock.now()

    @property
    def _seconds(self) -> float:
        return self._clock.now() - self._started

    def run(self) -> QuestionOutcome:
        """Return what the checks found; those that did not report score 0."""
        ours, theirs = socket.socketpair()
        self._peer = Peer(ours)
        self._session.ask(self._peer)
        try:
            self._session.student.send(
                {"t": "check", "in_place": self._in_place}, [theirs.fileno()]
            )
            theirs.close()
            missing = self._wait()
        finally:
            self._session.ask(None)
            self._peer.close()
            theirs.close()
        return marks.conclude(
            self._question, self.found, missing=missing, seconds=self._seconds
        )

    def _wait(self) -> str:
        """Wait for the answer's end; return why a check may lack an outcome."""
        missing = marks.ENDED
        killed_at = 0.0
        while not self._step():
            if not killed_at and self._is_over():
                missing = marks.OUT_OF_TIME if self._peer.open else marks.ENDED
                killed_at = time.monotonic()
                self._stop()
            if killed_at and time.monotonic() > killed_at + _REAP_SECONDS:
                if not self._in_place:
                    raise died(cell=self._session.cell, reason="check")
                # The notebook ends with it: there is no other process.
                self._session.lost = limit(
                    "question_time", seconds=self._spec.limits.question_seconds
                )
                return missing
        return missing

    def _stop(self) -> None:
        """Whatever answers is told to stop: a fork is killed."""
        if self._in_place:
            self._session.interrupt()
        else:
            self._session.kill(self._snapshot)

    def _is_over(self) -> bool:
        late = self._seconds > self._spec.limits.question_seconds
        return late or not self._peer.open

    def _step(self) -> bool:
        """Take in what came; return whether the notebook's process goes on."""
        finished = False
        for frame in self._session.step(None):
            if frame.get("t") != "checked":
                raise died(cell=self._session.cell, reason="protocol")
            finished = True
        while self._peer.open:
            if not self._take() or self._peer.idle:
                break
        return finished

    def _take(self) -> bool:
        """Take in the fork's frames; return False once it makes no sense."""
        try:
            frames = self._peer.receive()
        except FrameError:
            self._peer.close()
            return False
        for frame in frames:
            self._obey(frame)
        return True

    def _obey(self, frame: Frame) -> None:
        sender = self._peer.sender
        if frame.get("t") == "ready" and not self._snapshot:
            if self._in_place == (sender == self._session.student_pid):
                self._snapshot = sender
                self._hand_over()
        elif frame.get("t") == "check" and sender == self._snapshot != 0:
            outcome = marks.parse_outcome(frame, self._expected, self._names)
            if outcome is not None:
                self.found.setdefault(outcome.name, outcome)

    def _hand_over(self) -> None:
        """Tests and private files go to the fork, which alone holds them."""
        files = self._spec.private_files
        self._peer.send(
            {
                "t": "tests",
                "source": self._question.source,
                "checks": [check.name for check in self._question.checks],
                "files": self._place.files,
                "private": self._place.private,
                "private_files": len(files),
            }
        )
        for file in files:
            with open_source(file) as source:
                self._peer.send({"t": "file", "name": file.name}, [source.fileno()])


def run_question(
    session: Session, spec: JobSpec, place: Place, question: QuestionSpec
) -> QuestionOutcome:
    """Return what the question's checks found on a fork of the notebook's process."""
    return QuestionRun(session, spec, place, question).run()
