"""Checking questions: a grader with the tests asks a copy of the notebook's process.

The host brings the two together, holds both to the question's time, and takes
outcomes from the grader alone. Copies are made at the check cells, and asked when the
notebook has come to its end and is heard no more; on a GPU the notebook's own process
is asked at its check cell.
"""

import socket
import time
from collections.abc import Callable, Iterator
from typing import Final

from runner import marks
from runner.contents import Folder
from runner.examiner import Examiner
from runner.frames import FrameError, Peer
from runner.places import Place
from runner.prepared import Prepared
from runner.protocol import (
    CheckOutcome,
    JobSpec,
    QuestionOutcome,
    QuestionSpec,
    Verdict,
)
from runner.questions import requested_names
from runner.session import Session
from runner.stops import JobStopError, died, limit, platform

_REAP_SECONDS: Final = 2.0
_COPY_SECONDS: Final = 10.0
# What the questions may take of a run whose time is up.
_RESERVE_SECONDS: Final = 60.0


class Copy:
    """A copy of the notebook's process, as the host knows it."""

    def __init__(self) -> None:
        ours, self._theirs = socket.socketpair()
        self.wire, self._student_wire = socket.socketpair()
        self.peer = Peer(ours)
        self.pid = 0

    def ask_for(self, session: Session, place: Place, *, in_place: bool) -> None:
        """The notebook's process is told to make the copy, or to answer itself."""
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

    def look(self) -> None:
        """Learn who the copy is, by the kernel's word."""
        try:
            frames = self.peer.receive() if self.peer.open else []
        except FrameError:
            self.peer.close()
            return
        if frames and not self.pid:
            self.pid = self.peer.sender

    def close(self) -> None:
        self.peer.close()
        self.wire.close()


class QuestionRun:
    """One question being checked."""

    def __init__(
        self,
        session: Session,
        grader: Prepared,
        question: QuestionSpec,
        copy: Copy,
        seconds: float,
    ) -> None:
        self.found: dict[str, CheckOutcome] = {}
        self.answered = False
        self._session = session
        self._grader = grader.student
        self._question = question
        self._copy = copy
        self._names = requested_names(question)
        self._expected = {check.name for check in question.checks}
        self._limit = seconds
        self._clock = session.watch.clock
        self._started = self._clock.now()
        self._missing = marks.ENDED
        self._stopped_at = 0.0

    @property
    def _seconds(self) -> float:
        return self._clock.now() - self._started

    def run(
        self, step: Callable[[], bool], stop: Callable[[], None]
    ) -> QuestionOutcome:
        """Return what the checks found; those that did not report score 0.

        `step` waits a moment, and says whether the asked process is done; `stop` tells
        it to end. The grader is to be dismissed if `answered` is false afterwards.
        """
        question = {"t": "question", "key": self._question.key}
        self._grader.send(question, [self._copy.wire.fileno()])
        self._copy.wire.close()
        done = False
        while not (done and self.answered):
            done = self._step(step) or done
            self._take()
            if not self._grader.open and not self._stopped_at:
                raise platform("runner_failed", "the grader's process ended")
            if self._seconds > self._limit and not self._stopped_at:
                self._end(marks.OUT_OF_TIME, stop)
            if self._stopped_at and time.monotonic() > self._stopped_at + _REAP_SECONDS:
                break
        return marks.conclude(
            self._question, self.found, missing=self._missing, seconds=self._seconds
        )

    def _step(self, step: Callable[[], bool]) -> bool:
        """Wait a moment. A copy that goes past a limit of the job's ends for that."""
        try:
            return step()
        except JobStopError as error:
            if error.verdict is not Verdict.LIMIT or self._session.student.open:
                raise
            if not self._stopped_at:
                self._end(marks.ENDED, lambda: self._session.kill(self._copy.pid))
            return True

    def _end(self, missing: str, stop: Callable[[], None]) -> None:
        self._missing = missing
        self._stopped_at = time.monotonic()
        stop()

    def _take(self) -> None:
        """Take in what the grader says; what comes after the end does not count."""
        try:
            frames = self._grader.receive() if self._grader.open else []
        except FrameError:
            self._grader.close()
            return
        for frame in frames:
            if frame.get("t") == "answered" and frame.get("key") == self._question.key:
                self.answered = True
            elif frame.get("t") == "check" and not self._stopped_at:
                outcome = marks.parse_outcome(frame, self._expected, self._names)
                if outcome is not None:
                    self.found.setdefault(outcome.name, outcome)


class Questions:
    """All questions of one job, from their check cells to their outcomes."""

    def __init__(
        self,
        spec: JobSpec,
        session: Session,
        place: Place,
        examiner: Examiner,
        *,
        in_place: bool,
    ) -> None:
        self._spec = spec
        self._session = session
        self._place = place
        self._examiner = examiner
        self._in_place = in_place
        self._copies: dict[str, Copy] = {}
        self._by_key = {question.key: question for question in spec.questions}

    def reach(self, key: str) -> Iterator[QuestionOutcome]:
        """The notebook has come to the question. Yield its outcome if it is known now.

        Raises JobStopError.
        """
        if self._in_place:
            yield self._check_in_place(self._by_key[key])
            return
        copy = Copy()
        self._copies[key] = copy
        copy.ask_for(self._session, self._place, in_place=False)
        self._await_copy(copy)

    def _await_copy(self, copy: Copy) -> None:
        """The copy is known, or will never be, and the notebook's process goes on."""
        deadline = time.monotonic() + _COPY_SECONDS
        self._session.hear(copy.peer)
        try:
            done = False
            while not done or not copy.is_known:
                for frame in self._session.step(None):
                    if frame.get("t") != "checked" or done:
                        raise died(cell=self._session.cell, reason="protocol")
                    done = True
                copy.look()
                if time.monotonic() > deadline:
                    raise died(cell=self._session.cell, reason="check")
        finally:
            self._session.hear()
        if not copy.pid:
            return  # it could not be made: its question earns nothing
        if copy.pid in {self._session.student_pid, *self._session.kept}:
            # It would be spared what the notebook is held to.
            raise died(cell=self._session.cell, reason="protocol")
        self._session.kept.add(copy.pid)

    def check_all(self) -> Iterator[QuestionOutcome]:
        """Yield the outcome of each question that was reached and is not known yet.

        From now on nothing is taken from the notebook. Raises JobStopError for what is
        no question's fault.
        """
        if not self._copies:
            return
        self._session.silence()
        watch, limits = self._session.watch, self._spec.limits
        reserve = min(_RESERVE_SECONDS, len(self._copies) * limits.question_seconds)
        ends = watch.clock.now() + max(limits.run_seconds - watch.seconds, reserve)
        for key, copy in self._copies.items():
            left = max(0.0, ends - watch.clock.now())
            yield self._check(
                self._by_key[key], copy, min(limits.question_seconds, left)
            )

    def _check(
        self, question: QuestionSpec, copy: Copy, seconds: float
    ) -> QuestionOutcome:
        session = self._session
        grader = self._examiner.get(session.attend)
        copy.look()
        if not copy.pid:
            return marks.conclude(question, {}, missing=marks.ENDED)
        session.kept.discard(copy.pid)
        run = QuestionRun(session, grader, question, copy, seconds)

        def step() -> bool:
            session.attend(grader.student)
            return True  # the grader's answer is the end

        outcome = run.run(step, lambda: session.kill(copy.pid))
        copy.close()
        if not run.answered:
            self._examiner.dismiss()
        return outcome

    def _check_in_place(self, question: QuestionSpec) -> QuestionOutcome:
        session = self._session
        grader = self._examiner.get(lambda: _nothing_said(session))
        copy = Copy()
        copy.ask_for(session, self._place, in_place=True)
        session.hear(grader.student)
        run = QuestionRun(
            session, grader, question, copy, self._spec.limits.question_seconds
        )
        done = False

        def step() -> bool:
            nonlocal done
            for frame in session.step(None):
                if frame.get("t") != "checked":
                    raise died(cell=session.cell, reason="protocol")
                done = True
            return done

        try:
            outcome = run.run(step, session.interrupt)
        finally:
            session.hear()
            copy.close()
            if not run.answered:
                self._examiner.dismiss()
        if not done:
            # The notebook ends with it: there is no other process.
            session.lost = limit(
                "question_time", seconds=self._spec.limits.question_seconds
            )
        return outcome

    def close(self) -> None:
        """No socket is left."""
        for copy in self._copies.values():
            copy.close()


def _nothing_said(session: Session) -> None:
    """Wait for a moment in which the notebook's process has nothing to say."""
    if session.step(None):
        raise died(cell=session.cell, reason="protocol")
