"""The check of one question in one process of the notebook, timed by the host."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from runner.host.session import Session
from runner.host.timing import Moment
from runner.protocol import check_words
from runner.protocol.allowed_reports import allowed_reports
from runner.protocol.endings import JobEnded
from runner.protocol.jobs import CheckOutcome, Outcome, QuestionOutcome, QuestionSpec
from runner.protocol.requested_names import requested_names
from runner.wire.frames import FrameError, Peer

_REAP_SECONDS: Final = 2.0
# Limits of the job that the asked snapshot may go past, and the message for its check.
LIMITS: Final[Mapping[str, str]] = {
    "memory": check_words.OUT_OF_MEMORY,
    "gpu_memory": check_words.OUT_OF_MEMORY,
    "processes": check_words.TOO_MANY_PROCESSES,
    "disk": check_words.OUT_OF_DISK,
}

_GRADER_ENDED: Final = "The process that runs the tests ended twice in this check.\n"


class QuestionRun:
    """One question that is being checked in one process of the notebook.

    Its checks have `seconds` together. When these are over, each check that is left
    still has `share` seconds, so that a slow check costs no other check its points. The
    question takes less than twice its seconds. A check that ends the asked process, or
    takes it past a limit, is given up in the same way.

    What the grader evaluates again, to see whether arguments have changed, takes no time
    of the checks': at most `seconds` more in all.
    """

    def __init__(
        self, session: Session, question: QuestionSpec, seconds: float, share: float
    ) -> None:
        self.answered = False
        self.grader_ended = False
        self.missing = ""
        self._session = session
        self._question = question
        self._names = requested_names(question)
        self._reports = allowed_reports(question)
        self._found: dict[str, CheckOutcome] = {}
        # Checks that were given up, and the message for each.
        self._given_up: dict[str, str] = {}
        self._is_broken = False
        # Whether the last check has its outcome but did not wait for an answer, because
        # it had a time limit of its own.
        self._is_abandoned = False
        # Whether the grader sent invalid data, or a frame longer than any of its own.
        self._is_refused = False
        self._had = 0
        self._ends: Counter[str] = Counter()
        self._seconds, self._share = seconds, share
        self._monitor = session.monitor
        self._started: Moment | None = None
        self._check_started = self._monitor.moment()
        self._stopped_at = 0.0
        # The time that the grader has evaluated assertions again, and since when it does.
        self._repeated = 0.0
        self._repeat_started: Moment | None = None

    @property
    def key(self) -> str:
        """Return the question's key."""
        return self._question.key

    @property
    def was_asked(self) -> bool:
        """Whether any conversation has begun."""
        return self._started is not None

    @property
    def can_go_on(self) -> bool:
        """Whether the checks that are left can be run in another conversation."""
        return bool(self.left) and not self._is_broken

    @property
    def left(self) -> list[str]:
        """The names of the checks that have no outcome and were not given up."""
        over = self._found.keys() | self._given_up.keys()
        left = [one for one in self._question.checks if one.name not in over]
        return [one.name for one in sorted(left, key=lambda one: one.secrecy)]

    def ask(
        self,
        grader: Peer,
        wire: int,
        step: Callable[[], bool],
        stop: Callable[[str], None],
    ) -> None:
        """Have the remaining checks run, until the grader is done or the time is up.

        `step` waits a moment, and returns whether the asked process is done. `stop` is
        called with the reason why the asked process must end its work. Dismiss the
        grader if `answered` is false afterwards.
        """
        self.answered, self.missing, self._stopped_at = False, "", 0.0
        self.grader_ended = self._is_abandoned = self._is_refused = False
        self._repeat_started = None
        self._had = len(self._found)
        frame = {"t": "question", "key": self._question.key, "checks": self.left}
        grader.send(frame, [wire])
        self._check_started = self._monitor.moment()
        self._started = self._started or self._check_started
        done = False
        while not (done and (self.answered or self.grader_ended)):
            try:
                done = step() or done
            except JobEnded as error:
                done = self._end_at(error, stop)
            self._take(grader)
            if not self._stopped_at:
                self._stop_if_due(grader, stop, done=done)
            if self._stopped_at and time.monotonic() > self._stopped_at + _REAP_SECONDS:
                return
        if not (self._stopped_at or self._is_abandoned) and self.can_go_on:
            # The asked process ended in this check, or sent invalid data.
            self.missing = (
                check_words.OUT_OF_MEMORY
                if self._monitor.lacked_memory()
                else check_words.ENDED
            )
            self.give_up(self.missing)

    def _stop_if_due(
        self, grader: Peer, stop: Callable[[str], None], *, done: bool
    ) -> None:
        if not grader.open:
            self.grader_ended = True
            self._end(check_words.ENDED, stop)
        elif self._is_abandoned and not done:
            self._end("", stop)  # otherwise it may go on without end
        elif not self.answered and self._is_late():
            self.give_up(check_words.OUT_OF_TIME)
            self._end(check_words.OUT_OF_TIME, stop)

    def note_grader_end(self, why: Callable[[], str]) -> None:
        """Note that the grader ended in the middle of a check, or sent invalid data.

        The check is run again. If that ends a grader too, the check is worth nothing
        and the others are run: a value from the student's code may be the cause. `why`
        returns the message for a grader that ended, and may raise: see `why_it_ended`.
        """
        # The grader sent invalid data because of a value from the student's code, so
        # this is not our fault.
        words = check_words.ENDED if self._is_refused else why()
        for name in self.left[:1]:
            self._ends[name] += 1
            if self._ends[name] > 1:
                self._found[name] = CheckOutcome(
                    name=name, score=0.0, message=words, trace=_GRADER_ENDED
                )

    def _is_late(self) -> bool:
        more = min(self._repeated + self._repeating(), self._seconds)
        if self._started is None or not self._monitor.is_past(
            self._started, self._seconds + more
        ):
            return False
        return self._monitor.is_past(self._check_started, self._share + more)

    def _repeating(self) -> float:
        """Return for how many seconds an assertion is being evaluated again."""
        if self._repeat_started is None:
            return 0.0
        return self._monitor.clock.now() - self._repeat_started.clock

    def _note_repeat(self, is_begun: object) -> None:
        """Note that the grader evaluates an assertion again, or no longer."""
        self._repeated += self._repeating()
        self._repeat_started = self._monitor.moment() if is_begun is True else None

    def _end_at(self, error: JobEnded, stop: Callable[[str], None]) -> bool:
        """End the question, and nothing else, at a limit that its snapshot went past.

        Raise any other error again.
        """
        words = LIMITS.get(error.code)
        if words is None or self._session.student.open:
            raise error
        if not self._stopped_at:
            self.give_up(words)
            self._end(words, stop)
        return True

    def give_up(self, words: str) -> None:
        """Make the check that is being run worth nothing, for the reason given."""
        self._given_up.update(dict.fromkeys(self.left[:1], words))

    def _end(self, missing: str, stop: Callable[[str], None]) -> None:
        self.missing = missing
        self._stopped_at = time.monotonic()
        stop(missing)

    def _take(self, grader: Peer) -> None:
        """Read what the grader sent. Outcomes that arrive after the end do not count."""
        try:
            frames = grader.receive() if grader.open else []
        except FrameError:
            self._is_refused = True
            grader.close()
            return
        for frame in frames:
            if frame.get("t") == "answered" and frame.get("key") == self._question.key:
                self.answered = True
                has_more = len(self._found) > self._had
                self._is_abandoned = frame.get("abandoned") is True and has_more
            elif frame.get("t") == "repeat":
                self._note_repeat(frame.get("is_begun"))
            elif frame.get("t") == "check" and not frame.get("name"):
                # The error is in the tests' own source, so no check can be run.
                self._is_broken = True
            elif frame.get("t") == "check" and not self._stopped_at:
                outcome = check_words.parse_outcome(
                    frame, self.left, self._names, self._reports
                )
                if outcome is not None:
                    self._found[outcome.name] = outcome
                    self._check_started = self._monitor.moment()

    def conclude(self) -> QuestionOutcome:
        """Return the question's outcome; checks that did not report score 0."""
        seconds = 0.0
        if self._started is not None:
            seconds = self._monitor.clock.now() - self._started.clock
        found = dict(self._found)
        for name, words in self._given_up.items():
            found[name] = CheckOutcome(name=name, score=0.0, message=words)
        whole = check_words.conclude(
            self._question,
            found,
            missing=self.missing or check_words.ENDED,
            seconds=seconds,
        )
        if check_words.OUT_OF_TIME in self._given_up.values():
            return replace(whole, outcome=Outcome.TIMEOUT)
        return whole
