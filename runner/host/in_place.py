"""Checking questions in the notebook's own process, which on a GPU cannot be forked."""

from collections import Counter
from collections.abc import Callable

from runner.host.grader_client import GraderClient, why_it_ended
from runner.host.job_files import JobFiles
from runner.host.prepared_job import PreparedJob
from runner.host.question_run import LIMITS, QuestionRun
from runner.host.recovery import MOST_RENEWALS
from runner.host.session import Session
from runner.host.snapshots import Snapshot
from runner.protocol import check_words
from runner.protocol.endings import JobEnded, died, limit
from runner.protocol.jobs import Limits, QuestionOutcome, QuestionSpec


class QuestionsInPlace:
    """Has the notebook's process answer each question at its check cell.

    A process that a check has ended, or that ignores an interrupt, is replaced where
    that is possible, so that the notebook goes on as if nothing had happened.
    """

    def __init__(
        self,
        limits: Limits,
        session: Session,
        files: JobFiles,
        grader_client: GraderClient,
        begin_again: Callable[[int, float], bool],
    ) -> None:
        self._seconds = limits.question_seconds
        self._session = session
        self._files = files
        self._grader_client = grader_client
        self._begin_again = begin_again
        self._renewals: Counter[str] = Counter()

    def check(self, question: QuestionSpec, cells: int) -> QuestionOutcome:
        """Return the question's outcome. `cells` is how many cells have ended before.

        If the notebook cannot go on, `Session.lost` says why. Raises JobEnded.
        """
        session, seconds = self._session, self._seconds
        share = seconds / max(1, len(question.checks))
        run = QuestionRun(session, question, seconds, share)
        session.monitor.is_asking = True
        try:
            while session.lost is None:
                lost = self._ask(run)
                if lost is not None and not self._revive(question.key, cells):
                    run.missing = check_words.NOT_RUN
                    session.lost = lost
                elif not run.can_go_on:
                    break
        finally:
            session.monitor.is_asking = False
        return run.conclude()

    def _ask(self, run: QuestionRun) -> JobEnded | None:
        """Have the remaining checks run. Return why the process cannot go on, if so."""
        session = self._session
        grader = self._grader_client.get(run.key, self._wait)
        snapshot = Snapshot()
        snapshot.ask_for(session, self._files, in_place=True)
        session.also_wait_for(grader.student)
        try:
            done = self._converse(run, grader, snapshot)
            if run.grader_ended:
                run.note_grader_end(lambda: why_it_ended(grader))
        except JobEnded as error:
            if error.code != "process_died" and error.code not in LIMITS:
                raise
            run.give_up(LIMITS.get(error.code, check_words.ENDED))
            return error
        finally:
            session.also_wait_for()
            snapshot.close()
            if not run.answered:
                self._grader_client.dismiss()
        return None if done else limit("question_time", seconds=self._seconds)

    def _converse(
        self, run: QuestionRun, grader: PreparedJob, snapshot: Snapshot
    ) -> bool:
        """Have the process asked. Return whether it has come to rest again."""
        session = self._session
        done = False

        def step() -> bool:
            nonlocal done
            snapshot.wire.close()  # so that the grader alone holds it
            for frame in session.step(None):
                if frame.get("t") != "checked":
                    raise died(cell=session.cell, reason="protocol")
                done = True
            return done

        wire = snapshot.wire.fileno()
        run.ask(grader.student, wire, step, lambda _why: session.interrupt())
        return done

    def _revive(self, key: str, cells: int) -> bool:
        """Replace the notebook's lost process by a fresh one. Return whether it worked."""
        self._renewals[key] += 1
        if self._renewals[key] > MOST_RENEWALS:
            return False
        return self._begin_again(cells, self._session.monitor.run_seconds_left())

    def _wait(self) -> None:
        """Wait a moment, in which the notebook's process must not send anything."""
        if self._session.step(None):
            raise died(cell=self._session.cell, reason="protocol")
