"""Checking questions: a grader with the tests asks a snapshot of the notebook's process.

The host brings the two together, holds both to the question's time, and takes
outcomes from the grader alone. Snapshots are made at the check cells. When the notebook
has come to its end and is heard no more, questions are asked in the revision's order,
one after the other; everything that one question's snapshot has started is ended before
the next one may run. On a GPU the notebook's own process is asked at its check cell.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from runner import marks
from runner.examiner import Examiner
from runner.frames import FrameError, Peer
from runner.places import Place
from runner.protocol import (
    CheckOutcome,
    JobSpec,
    QuestionOutcome,
    QuestionSpec,
    Verdict,
)
from runner.questions import requested_names
from runner.session import Session
from runner.snapshots import Snapshot
from runner.stops import JobStopError, died, limit, platform
from runner.timing import Moment

# The first two and the last: a later one takes the place of the third.
MAX_SNAPSHOTS: Final = 3
_REAP_SECONDS: Final = 2.0
_SNAPSHOT_SECONDS: Final = 10.0
# What the questions may take of a run whose time is up.
_RESERVE_SECONDS: Final = 60.0
# A limit of the job's that the asked snapshot goes past, and the words for its checks.
_LIMITS: Final[Mapping[str, str]] = {
    "memory": marks.OUT_OF_MEMORY,
    "processes": marks.TOO_MANY_PROCESSES,
    "disk": marks.OUT_OF_DISK,
}


class QuestionRun:
    """One question being checked, by one process of the notebook's.

    Its checks have `seconds` together. Once these are over, each check that is left has
    its share of them nevertheless, so that a slow check costs itself alone: the question
    takes less than twice its seconds.
    """

    def __init__(
        self, session: Session, question: QuestionSpec, seconds: float, share: float
    ) -> None:
        self.answered = False
        self.missing = ""
        self._session = session
        self._question = question
        self._names = requested_names(question)
        self._found: dict[str, CheckOutcome] = {}
        self._slow: set[str] = set()
        self._seconds, self._share = seconds, share
        self._watch = session.watch
        self._started: Moment | None = None
        self._check_started = self._watch.moment()
        self._stopped_at = 0.0

    @property
    def left(self) -> list[str]:
        """Return the checks that have no outcome and were not too slow."""
        over = self._found.keys() | self._slow
        return [one.name for one in self._question.checks if one.name not in over]

    def ask(
        self,
        grader: Peer,
        wire: int,
        step: Callable[[], bool],
        stop: Callable[[str], None],
    ) -> None:
        """Have the checks run that are left, until the grader is done or time is up.

        `step` waits a moment, and says whether the asked process is done; `stop` is
        told why the asked process must end what it does. The grader is to be dismissed
        if `answered` is false afterwards.
        """
        self.answered, self.missing, self._stopped_at = False, "", 0.0
        frame = {"t": "question", "key": self._question.key, "checks": self.left}
        grader.send(frame, [wire])
        self._check_started = self._watch.moment()
        self._started = self._started or self._check_started
        done = False
        while not (done and self.answered):
            try:
                done = step() or done
            except JobStopError as error:
                done = self._end_at(error, stop)
            self._take(grader)
            if not grader.open and not self._stopped_at:
                raise platform("runner_failed", "the grader's process ended")
            if not self._stopped_at and not self.answered and self._is_late():
                self._slow.update(self.left[:1])
                self._end(marks.OUT_OF_TIME, stop)
            if self._stopped_at and time.monotonic() > self._stopped_at + _REAP_SECONDS:
                return

    def _is_late(self) -> bool:
        if self._started is None or not self._watch.is_past(
            self._started, self._seconds
        ):
            return False
        return self._watch.is_past(self._check_started, self._share)

    def _end_at(self, error: JobStopError, stop: Callable[[str], None]) -> bool:
        """End the question at a limit that its snapshot has gone past, and only it."""
        words = _LIMITS.get(error.code)
        if words is None or self._session.student.open:
            raise error
        if not self._stopped_at:
            self._end(words, stop)
        return True

    def _end(self, missing: str, stop: Callable[[str], None]) -> None:
        self.missing = missing
        self._stopped_at = time.monotonic()
        stop(missing)

    def _take(self, grader: Peer) -> None:
        """Take in what the grader says; what comes after the end does not count."""
        try:
            frames = grader.receive() if grader.open else []
        except FrameError:
            grader.close()
            return
        for frame in frames:
            if frame.get("t") == "answered" and frame.get("key") == self._question.key:
                self.answered = True
            elif frame.get("t") == "check" and not self._stopped_at:
                outcome = marks.parse_outcome(frame, self.left, self._names)
                if outcome is not None:
                    self._found[outcome.name] = outcome
                    self._check_started = self._watch.moment()

    def conclude(self) -> QuestionOutcome:
        """Return what the checks found; those that did not report score 0."""
        seconds = 0.0
        if self._started is not None:
            seconds = self._watch.clock.now() - self._started.clock
        found, missing = dict(self._found), self.missing or marks.ENDED
        if self._slow:
            # What became of the checks after a slow one may be something else.
            for name in self.left:
                found[name] = CheckOutcome(name=name, score=0.0, message=missing)
            missing = marks.OUT_OF_TIME
        return marks.conclude(self._question, found, missing=missing, seconds=seconds)


class Questions:
    """All questions of one job, from their check cells to their outcomes.

    `begin_again` brings a fresh process to where the notebook was when so many of its
    cells had ended, within so many seconds, and says whether it could.
    """

    def __init__(
        self,
        spec: JobSpec,
        session: Session,
        place: Place,
        examiner: Examiner,
        begin_again: Callable[[int, float], bool],
        *,
        in_place: bool,
    ) -> None:
        self._spec = spec
        self._session = session
        self._place = place
        self._examiner = examiner
        self._in_place = in_place
        self._begin_again = begin_again
        self._snapshots: dict[str, list[Snapshot]] = {}
        self._by_key = {question.key: question for question in spec.questions}

    def reach(self, key: str, cells: int) -> Iterator[QuestionOutcome]:
        """Make a snapshot for the question, which the notebook has come to.

        So many cells have ended before. Call it once for each check cell of the
        question. Yields the outcome if it is known now. Raises JobStopError.
        """
        if self._in_place:
            yield self._check_in_place(self._by_key[key])
            return
        there = self._snapshots.setdefault(key, [])
        if len(there) == MAX_SNAPSHOTS:
            there.pop().drop(self._session)
        snapshot = Snapshot(cells)
        there.append(snapshot)
        self._make(snapshot)

    def _make(self, snapshot: Snapshot) -> None:
        snapshot.ask_for(self._session, self._place, in_place=False)
        self._await(snapshot)

    def _await(self, snapshot: Snapshot) -> None:
        """Wait until the snapshot is known, or will never be, and have it stand still."""
        session = self._session
        deadline = time.monotonic() + _SNAPSHOT_SECONDS
        session.hear(snapshot.peer)
        try:
            done = False
            while not done or not snapshot.is_known:
                for frame in session.step(None):
                    if frame.get("t") != "checked" or done:
                        raise died(cell=session.cell, reason="protocol")
                    done = True
                snapshot.look()
                if time.monotonic() > deadline:
                    raise died(cell=session.cell, reason="check")
        finally:
            session.hear()
        if not snapshot.pid:
            return  # it could not be made: its question earns nothing
        if snapshot.pid in {session.student_pid, *session.kept}:
            # It would be spared what the notebook is held to.
            raise died(cell=session.cell, reason="protocol")
        snapshot.freeze(session)

    def check_all(self) -> Iterator[QuestionOutcome]:
        """Yield the outcome of each question that was reached and is not known yet.

        From now on nothing is taken from the notebook. The order is the revision's, so
        that an author can have labels handed out last: what one question is given, a
        later one may know. Raises JobStopError for what is no question's fault.
        """
        if not self._snapshots:
            return
        session, watch = self._session, self._session.watch
        run_left = watch.run_seconds_left()
        session.silence()
        for snapshot in (one for some in self._snapshots.values() for one in some):
            snapshot.look()
            snapshot.settle(session)
        each = self._spec.limits.question_seconds
        # However long others take, a question has this much.
        share = min(each, _RESERVE_SECONDS / len(self._snapshots))
        ends = max(run_left, min(_RESERVE_SECONDS, len(self._snapshots) * each))
        begun = watch.moment()
        for question in self._spec.questions:
            if question.key in self._snapshots:
                left = ends - watch.moment().seconds_since(begun)
                yield self._check(question, min(each, max(left, share)))

    def _check(self, question: QuestionSpec, seconds: float) -> QuestionOutcome:
        """Return the best outcome that one of the question's snapshots has.

        They share the question's seconds as checks do: once these are over, each that
        is left has its share.
        """
        snapshots = self._snapshots[question.key]
        watch = self._session.watch
        begun = watch.moment()
        outcomes: list[QuestionOutcome] = []
        for snapshot in snapshots:
            left = seconds - watch.moment().seconds_since(begun)
            outcome = self._ask(question, snapshot, max(left, seconds / len(snapshots)))
            outcomes.append(outcome)
            if marks.is_complete(outcome):
                break
        for snapshot in snapshots:
            snapshot.drop(self._session)  # those that were not asked have never run
        return max(outcomes, key=lambda one: marks.points(question, one))

    def _ask(
        self, question: QuestionSpec, snapshot: Snapshot, seconds: float
    ) -> QuestionOutcome:
        session = self._session
        share = seconds / max(1, len(question.checks))
        run = QuestionRun(session, question, seconds, share)
        session.watch.begin_question()
        self._examiner.get(self._attend)
        if snapshot.pid and snapshot.thaw(session):
            while self._ask_once(run, snapshot):
                if not snapshot.resume(session):
                    snapshot = self._renew(snapshot)
        # Also what it started: nothing of it is left when the next one may run.
        session.end_others()
        snapshot.close()
        return run.conclude()

    def _renew(self, deaf: Snapshot) -> Snapshot:
        """Return another snapshot in the place of one that heard no interrupt.

        It is made in a fresh process, in which the cells before its check cell are run
        again. Where that cannot be done, one that nobody can ask is returned.
        """
        session, fresh = self._session, Snapshot(deaf.cells)
        deaf.close()
        try:
            if self._begin_again(deaf.cells, self._spec.limits.question_seconds):
                self._make(fresh)
        except JobStopError as error:
            if error.verdict in {Verdict.CANCELLED, Verdict.PLATFORM}:
                raise
        session.silence()
        fresh.settle(session)
        session.watch.begin_question()
        fresh.thaw(session)
        return fresh

    def _ask_once(self, run: QuestionRun, snapshot: Snapshot) -> bool:
        """Have the checks run that are left. Return whether some can be asked again."""
        session = self._session
        grader = self._examiner.get(self._attend)
        session.watch.grader_pid = grader.student_pid

        def step() -> bool:
            session.attend(grader.student)
            return True  # the grader's answer is the end

        def stop(why: str) -> None:
            snapshot.hang_up()
            if why != marks.OUT_OF_TIME:
                session.end_others()

        run.ask(grader.student, snapshot.wire.fileno(), step, stop)
        session.watch.grader_pid = 0
        if not run.answered:
            self._examiner.dismiss()
        return run.missing == marks.OUT_OF_TIME and bool(run.left)

    def _attend(self) -> None:
        """Wait a moment. A snapshot that goes past a limit meanwhile ends, and no more."""
        try:
            self._session.attend()
        except JobStopError as error:
            if error.code not in _LIMITS:
                raise
            self._session.end_others()

    def _check_in_place(self, question: QuestionSpec) -> QuestionOutcome:
        session, seconds = self._session, self._spec.limits.question_seconds
        grader = self._examiner.get(lambda: _nothing_said(session))
        snapshot = Snapshot()
        snapshot.ask_for(session, self._place, in_place=True)
        session.hear(grader.student)
        session.watch.is_asking = True
        run = QuestionRun(session, question, seconds, seconds)
        done = False

        def step() -> bool:
            nonlocal done
            snapshot.wire.close()  # so that the grader alone holds it
            for frame in session.step(None):
                if frame.get("t") != "checked":
                    raise died(cell=session.cell, reason="protocol")
                done = True
            return done

        try:
            run.ask(
                grader.student,
                snapshot.wire.fileno(),
                step,
                lambda _why: session.interrupt(),
            )
        finally:
            session.watch.is_asking = False
            session.hear()
            snapshot.close()
            if not run.answered:
                self._examiner.dismiss()
        if not done:
            # The notebook ends with it: there is no other process.
            session.lost = limit("question_time", seconds=seconds)
        return run.conclude()

    def close(self) -> None:
        """Close every socket to a snapshot."""
        for snapshot in (one for some in self._snapshots.values() for one in some):
            snapshot.close()


def _nothing_said(session: Session) -> None:
    """Wait for a moment in which the notebook's process has nothing to say."""
    if session.step(None):
        raise died(cell=session.cell, reason="protocol")
