"""Checking questions: a grader with the tests asks a snapshot of the notebook's process.

The host connects the two, holds both to the question's time, and takes outcomes from the
grader alone. Snapshots are made at the check cells. When the notebook has ended and the
host reads from it no more, questions are asked one after the other (see `check_all`).
Every process that one question's snapshot has started is ended before the next snapshot
may run. On a GPU the notebook's own process is asked at its check cell.
"""

import errno
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from runner.host.grader_client import GraderClient, why_it_ended
from runner.host.in_place import QuestionsInPlace
from runner.host.job_files import JobFiles
from runner.host.outputs import OUTPUTS
from runner.host.question_parts import (
    QuestionPart,
    in_order_of_asking,
    join,
    parts_of,
    replaces,
)
from runner.host.question_run import LIMITS, QuestionRun
from runner.host.recovery import MOST_RENEWALS
from runner.host.session import Session
from runner.host.snapshots import Snapshot
from runner.protocol import check_words
from runner.protocol.endings import JobEnded, died
from runner.protocol.jobs import JobSpec, QuestionOutcome, QuestionSpec, Verdict
from runner.system import descriptors

# Snapshots of one question: the first two and the last. A later one replaces the third.
MAX_SNAPSHOTS: Final = 3
# When a job has so many snapshots, a new one replaces its question's last one, if any.
_MOST_SNAPSHOTS: Final = 100
_SNAPSHOT_SECONDS: Final = 10.0
# All snapshots must stand still within this time.
_STILL_SECONDS: Final = 5.0


class QuestionRunner:
    """All questions of one job, from their check cells to their outcomes.

    `begin_again` takes a number of cells and a time in seconds. Within this time, it runs
    that many of the notebook's cells again in a fresh process. It returns whether it
    could.
    """

    def __init__(
        self,
        spec: JobSpec,
        session: Session,
        files: JobFiles,
        grader_client: GraderClient,
        begin_again: Callable[[int, float], bool],
        *,
        in_place: bool,
    ) -> None:
        self._spec = spec
        self._session = session
        self._files = files
        self._grader_client = grader_client
        self._in_place = (
            QuestionsInPlace(spec.limits, session, files, grader_client, begin_again)
            if in_place
            else None
        )
        self._begin_again = begin_again
        self._snapshots: dict[str, list[Snapshot]] = {}
        self._renewals: Counter[str] = Counter()
        self._renewing_seconds: dict[str, float] = {}
        self._by_key = {question.key: question for question in spec.questions}

    def make_snapshot(self, key: str, cells: int) -> Iterator[QuestionOutcome]:
        """Make a snapshot for a question whose check cell the notebook has reached.

        `cells` is how many cells have ended before. Call it once for each check cell of
        the question. Yields the outcome if it is known now. Raises JobEnded.
        """
        if self._in_place is not None:
            yield self._in_place.check(self._by_key[key], cells)
            return
        there = self._snapshots.setdefault(key, [])
        made = sum(map(len, self._snapshots.values()))
        is_short = descriptors.few_are_left()
        is_full = made >= _MOST_SNAPSHOTS or is_short
        if len(there) == MAX_SNAPSHOTS or (there and is_full):
            there.pop().end(self._session)
        snapshot = Snapshot(cells)
        there.append(snapshot)
        if is_short:
            # The jobs of this worker have too many descriptors open. The snapshot is
            # made when its question is asked.
            snapshot.note_end(check_words.NOT_RUN)
            snapshot.close()
        else:
            self._make(snapshot)

    def _make(self, snapshot: Snapshot) -> None:
        snapshot.folder_state = self._session.folders.save()
        snapshot.ask_for(self._session, self._files, in_place=False)
        self._await(snapshot)

    def _await(self, snapshot: Snapshot) -> None:
        """Wait until the snapshot is made, or cannot be made, and make it stand still."""
        session = self._session
        deadline = time.monotonic() + _SNAPSHOT_SECONDS
        session.also_wait_for(snapshot.peer)
        try:
            done = False
            while not done or not snapshot.is_known:
                for frame in session.step(None):
                    if frame.get("t") in OUTPUTS:
                        continue  # from a thread of the notebook, outside any cell
                    if frame.get("t") != "checked" or done:
                        raise died(cell=session.cell, reason="protocol")
                    done = True
                    snapshot.missing = _why_not_made(frame.get("errno"))
                snapshot.receive()
                if time.monotonic() > deadline:
                    raise died(cell=session.cell, reason="check")
        finally:
            session.also_wait_for()
        if not snapshot.pid:
            # It could not be made. There may be enough memory when its question is asked.
            snapshot.is_replaceable = snapshot.missing == check_words.OUT_OF_MEMORY
            return
        if snapshot.pid in {session.student_pid, *session.waiting_snapshots}:
            # As a snapshot, this process would escape the limits on the notebook.
            raise died(cell=session.cell, reason="protocol")
        snapshot.freeze(session)

    def check_all(self) -> Iterator[QuestionOutcome]:
        """Yield the outcome of each question that was reached and has none yet.

        From now on nothing is read from the notebook. Checks whose results are shown
        sooner are asked sooner. Otherwise the order is the revision's. So an author can
        put last the question that gives out labels, because the code of a later question
        may know what an earlier one was given. A limit no longer ends the run, but only
        the asked question. Raises JobEnded for our own fault, and for a cancelled job.
        """
        if not self._snapshots:
            return
        session, watch = self._session, self._session.monitor
        session.stop_listening()
        deadline = time.monotonic() + _STILL_SECONDS
        everyone = [one for some in self._snapshots.values() for one in some]
        for snapshot in everyone:
            snapshot.receive()
            snapshot.wait_until_still(session, deadline)
        self._drop_exposed()
        self._keep_folder_for(everyone)
        # Each question has its own time, whatever the notebook and the others took.
        each = self._spec.limits.question_seconds
        found: dict[str, list[QuestionOutcome]] = {}
        used: dict[str, float] = {}
        for part in in_order_of_asking(self._spec.questions):
            key = part.question.key
            if key not in self._snapshots:
                continue
            # What another question has left is removed first. This takes no time from
            # any question.
            self._grader_client.get(key, session.wait_idle)
            asked = watch.moment()
            least = each * self._part_of_time(part)
            own = max(least, each - used.get(key, 0.0))
            found.setdefault(key, []).append(self._check(part, own))
            used[key] = used.get(key, 0.0) + watch.moment().seconds_since(asked)
        for key, outcomes in found.items():
            yield join(self._by_key[key], outcomes)

    def _keep_folder_for(self, snapshots: Sequence[Snapshot]) -> None:
        """Keep the folders as the last cell left them for snapshots without a state.

        If that is impossible, new ones are made when their questions are asked.
        """
        found = [one for one in snapshots if one.pid and one.folder_state is None]
        if not self._session.folders.end(is_needed=bool(found)):
            for one in found:
                self._drop(one)

    def _drop_exposed(self) -> None:
        """Drop the snapshots that should be held by now, or released, and are not."""
        failed = self._session.held_snapshots.finish()
        for snapshot in (one for some in self._snapshots.values() for one in some):
            if snapshot.pid in failed:
                self._drop(snapshot)

    def _drop(self, snapshot: Snapshot) -> None:
        """End the snapshot, and have another made when its question is asked."""
        snapshot.end(self._session)
        snapshot.note_end(check_words.NOT_RUN)

    def _part_of_time(self, part: QuestionPart) -> float:
        """Return the smallest share of the question's time for the part, from 0 to 1."""
        checks = len(self._by_key[part.question.key].checks)
        return len(part.question.checks) / checks if checks else 1.0

    def _check(self, part: QuestionPart, seconds: float) -> QuestionOutcome:
        """Return the best outcome of the question's snapshots for the part.

        The snapshots share the part's seconds as checks do: when these are over, each
        snapshot that is left still has its share. The question's first part decides which
        snapshot counts in all parts, and the others are ended: see `replaces`.
        """
        question, snapshots = part.question, self._snapshots[part.question.key]
        last = parts_of(self._by_key[question.key])[-1].secrecy == part.secrecy
        begun = self._session.monitor.moment()
        best: tuple[QuestionOutcome, Snapshot] | None = None
        for snapshot in snapshots:
            left = seconds - self._session.monitor.moment().seconds_since(begun)
            own = max(left, seconds / len(snapshots))
            outcome, asked = self._ask(question, snapshot, own, last=last)
            if best is None or replaces(question, outcome, best[0]):
                best, gone = (outcome, asked), best
            else:
                gone = outcome, asked
            if gone is not None:
                gone[1].end(self._session)
        assert best is not None  # noqa: S101 - a question that was reached has one
        snapshots[:] = [best[1]]
        return best[0]

    def _ask(
        self, question: QuestionSpec, snapshot: Snapshot, seconds: float, *, last: bool
    ) -> tuple[QuestionOutcome, Snapshot]:
        """Return what the checks found, and the snapshot for the question's next part.

        The snapshot stands still again until then, unless this was the last part.
        """
        session = self._session
        share = seconds / max(1, len(question.checks))
        run = QuestionRun(session, question, seconds, share)
        try:
            snapshot = self._converse(run, question.key, snapshot)
            if not last:
                self._let_wait(snapshot)
        except JobEnded as error:
            if error.verdict in {Verdict.CANCELLED, Verdict.PLATFORM}:
                raise
            # The notebook has ended, so this ends the question; what was found stays.
            run.missing = LIMITS.get(error.code, check_words.ENDED)
        # This includes what the snapshot started: none of it may run beside the next.
        session.end_others()
        if snapshot.pid in session.waiting_snapshots:
            snapshot.wait_until_still(session, time.monotonic() + _STILL_SECONDS)
        else:
            snapshot.close()
        if snapshot.pid in session.held_snapshots.finish():
            self._drop(snapshot)
        return run.conclude(), snapshot

    def _converse(self, run: QuestionRun, key: str, snapshot: Snapshot) -> Snapshot:
        """Have the checks run. Return the snapshot that was asked last."""
        session = self._session
        if why := session.folders.restore(snapshot.folder_state):
            run.missing = why
            return snapshot
        # SECURITY: one that was sent SIGCONT runs as soon as it is released. Then the
        # folders are its own, and all other snapshots are held.
        snapshot.release(session)
        session.monitor.begin_question()
        self._grader_client.get(key, session.wait_idle)
        self._drop_exposed()
        if not snapshot.thaw(session) and snapshot.is_replaceable:
            snapshot = self._renew(key, snapshot)
        if not snapshot.is_awake:
            run.missing = snapshot.missing
        while snapshot.is_awake and self._ask_once(run, snapshot):
            session.monitor.begin_question()
            if not snapshot.interrupt(session):
                snapshot = self._renew(key, snapshot)
        if run.can_go_on and run.was_asked:
            run.missing = check_words.NOT_RUN
        return snapshot

    def _let_wait(self, snapshot: Snapshot) -> None:
        """Make the snapshot stand still until the question's next part."""
        if not snapshot.is_awake:
            return
        if snapshot.interrupt(self._session):
            snapshot.freeze(self._session)
            self._save_folder_of(snapshot)
        else:
            snapshot.note_end(check_words.NOT_RUN)

    def _save_folder_of(self, snapshot: Snapshot) -> None:
        """Save the folders for the next part of the snapshot's question.

        If that is impossible, the part finds them as its check cell left them.
        """
        folders = self._session.folders
        state = folders.save()
        if state is not None:
            snapshot.folder_state = state
        elif snapshot.folder_state is None and not folders.is_last_kept:
            self._drop(snapshot)

    def _renew(self, key: str, gone: Snapshot) -> Snapshot:
        """Return another snapshot in place of one that ended or ignored an interrupt.

        It is made in a fresh process, in which the cells before its check cell are run
        again. If that cannot be done, a snapshot that is not awake is returned. A question
        may use its seconds a second time for this, and has MOST_RENEWALS tries.
        """
        session, fresh = self._session, Snapshot(gone.cells)
        gone.close()
        is_short = gone.missing == check_words.OUT_OF_MEMORY
        fresh.note_end(check_words.OUT_OF_MEMORY if is_short else check_words.NOT_RUN)
        used = self._renewing_seconds.get(key, 0.0)
        left = self._spec.limits.question_seconds - used
        self._renewals[key] += 1
        if self._renewals[key] > MOST_RENEWALS or left <= 0:
            fresh.close()
            return fresh
        session.monitor.begin_question()
        begun = session.monitor.moment()
        try:
            if self._begin_again(gone.cells, left):
                self._make(fresh)
        except JobEnded as error:
            if error.verdict in {Verdict.CANCELLED, Verdict.PLATFORM}:
                raise
        session.stop_listening()
        fresh.wait_until_still(session, time.monotonic() + _STILL_SECONDS)
        used += session.monitor.moment().seconds_since(begun)
        self._renewing_seconds[key] = used
        session.monitor.begin_question()
        fresh.release(session)
        if fresh.pid in session.held_snapshots.finish() or not fresh.thaw(session):
            fresh.end(session)
        return fresh

    def _ask_once(self, run: QuestionRun, snapshot: Snapshot) -> bool:
        """Have the remaining checks run. Return whether some are left to ask again."""
        session = self._session
        grader = self._grader_client.get(run.key, session.wait_idle)
        session.monitor.grader_init = grader.job.pid

        def step() -> bool:
            session.wait_for(grader.student)
            return True  # only the grader's answer ends the question

        def stop(why: str) -> None:
            snapshot.hang_up()
            if why in LIMITS.values():
                session.end_others()

        run.ask(grader.student, snapshot.wire.fileno(), step, stop)
        session.monitor.grader_init = 0
        if run.grader_ended:
            run.note_grader_end(lambda: why_it_ended(grader))
        if not run.answered:
            self._grader_client.dismiss()
        return run.can_go_on

    def close(self) -> None:
        """Close every socket to a snapshot."""
        self._session.waiting_snapshots.close()
        for snapshot in (one for some in self._snapshots.values() for one in some):
            snapshot.close()


def _why_not_made(number: object) -> str:
    """Return the message for a snapshot that could not be made, by the error's number.

    The number comes from the notebook's process, which can send anything.
    """
    if number == errno.ENOMEM:
        return check_words.OUT_OF_MEMORY
    return (
        check_words.TOO_MANY_PROCESSES if number == errno.EAGAIN else check_words.ENDED
    )
