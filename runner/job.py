"""One job, from its spec to its result."""

import logging
import math
import platform as machine
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from functools import cache
from pathlib import Path
from typing import Final

from runner import marks, stops
from runner.cells import CellRunner
from runner.checks import run_question
from runner.clock import JobClock
from runner.folders import FileMissingError, JobFolder
from runner.notebook import LanguageError, Notebook, UnreadableError, read_notebook
from runner.outputs import JobOutputs
from runner.processes import kill_user_processes
from runner.protocol import (
    Event,
    JobResult,
    JobSpec,
    Measures,
    QuestionDone,
    QuestionOutcome,
    Scalar,
    Verdict,
)
from runner.questions import TestsUnreadableError, requested_names
from runner.session import Session
from runner.stops import JobStopError
from runner.users import JobUser, NoUserFreeError
from runner.watch import Watch
from runner.zygote.order import Order
from runner.zygotes import EnvironmentMissingError, ZygoteLostError, ZygotePool

log = logging.getLogger(__name__)

LEVEL: Final = "L0"
_PATIENCE_SECONDS: Final = 0.4


@cache
def hardware() -> str:
    """Return the processor's name, for the record."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    for line in text.splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return machine.machine()


class Job:
    """One job. `run` is called once and returns a result, whatever happens."""

    def __init__(
        self,
        spec: JobSpec,
        pool: ZygotePool,
        work_dir: Path,
        on_event: Callable[[Event], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self.spec = spec
        self._pool = pool
        self._work_dir = work_dir
        self._clock = JobClock()
        self._on_event = self._clock.aside(on_event)
        self._should_stop = self._clock.aside(should_stop)
        self._outcomes: dict[str, QuestionOutcome] = {}
        self._notebook: Notebook | None = None
        self._cells: CellRunner | None = None
        self._session: Session | None = None
        self._versions: Mapping[str, str] = {}

    def run(self) -> JobResult:
        """Return how the job ended; no process or file of it is left."""
        try:
            self._notebook = read_notebook(self.spec)
            for question in self.spec.questions:
                requested_names(question)
            stop = self._run_isolated(self._notebook)
        except UnreadableError:
            stop = JobStopError(Verdict.REJECTED, "notebook_unreadable")
        except LanguageError as error:
            stop = JobStopError(Verdict.REJECTED, "language", language=str(error))
        except TestsUnreadableError as error:
            stop = stops.platform("runner_failed", f"tests of {error} are unreadable")
        except FileMissingError as error:
            stop = stops.platform("file_missing", str(error))
        except EnvironmentMissingError as error:
            stop = stops.platform("environment_missing", str(error))
        except (ZygoteLostError, NoUserFreeError, OSError) as error:
            log.exception("job %s failed through our fault", self.spec.job_id)
            stop = stops.platform("runner_failed", str(error))
        return self._result(stop)

    def _run_isolated(self, notebook: Notebook) -> JobStopError:
        user = JobUser()
        folder = JobFolder(self._work_dir, user.uid)
        try:
            if user.uid is not None and user.unclean:
                kill_user_processes(user.uid)
            folder.fill(self.spec)
            self._watch = Watch(
                self.spec, folder, self._on_event, self._should_stop, self._clock
            )
            return self._run_session(notebook, folder)
        finally:
            try:
                folder.remove()
            except OSError:
                log.exception("files of job %s are left", self.spec.job_id)
            user.release()

    def _run_session(self, notebook: Notebook, folder: JobFolder) -> JobStopError:
        try:
            self._wait_for_zygote()
        except JobStopError as stop:
            return stop
        session = Session(self._watch, JobOutputs(self.spec.limits))
        self._session = session
        self._watch.begin()
        try:
            job = session.start(self._pool, self.spec.environment, self._order(folder))
            self._versions = job.versions
            self._begin(session)
            return self._run_notebook(notebook, session, folder)
        except JobStopError as stop:
            return stop
        finally:
            clean = session.finish()
            session.close()
            if not clean and folder.uid is not None:
                kill_user_processes(folder.uid)

    def _wait_for_zygote(self) -> None:
        """The environment is warm; meanwhile the caller hears from us."""
        warm = self._pool.warm(self.spec.environment)
        while not warm.done():
            self._watch.idle()
            wait([warm], timeout=_PATIENCE_SECONDS)
        warm.result()

    def _order(self, folder: JobFolder) -> Order:
        limits = self.spec.limits
        return Order(
            folder=str(folder.path),
            uid=folder.uid,
            memory_bytes=limits.memory_bytes,
            disk_bytes=limits.disk_bytes,
            processes=limits.processes,
            open_files=limits.open_files,
            # A backstop for processes that escape the clock.
            cpu_seconds=math.ceil(limits.run_seconds) * 4 + 60,
        )

    def _begin(self, session: Session) -> None:
        """The student process waits for its first cell."""
        setup = {
            "seed": self.spec.seed,
            "parameters": dict(self.spec.parameters),
            "max_frame": session.max_frame,
        }
        for expected, answer in (("hello", {"t": "setup", **setup}), ("set_up", None)):
            frames: list[dict[str, object]] = []
            while not frames:
                frames = session.step(None)
            if frames[0].get("t") != expected:
                raise stops.platform("runner_failed", "the student process is unwell")
            session.student_pid = session.student.sender
            if answer is not None:
                session.student.send(answer)
        session.ready = True

    def _run_notebook(
        self, notebook: Notebook, session: Session, folder: JobFolder
    ) -> JobStopError:
        cells = CellRunner(
            session, self.spec.limits, len(notebook.cells), self._on_event
        )
        self._cells = cells
        for cell in notebook.cells:
            if not cell.skipped:
                cells.run(cell)
            if cell.question:
                self._check(cell.question, session, folder)
        for key in notebook.late_questions:
            self._check(key, session, folder)
        return self._ending(cells)

    def _check(self, key: str, session: Session, folder: JobFolder) -> None:
        question = next(one for one in self.spec.questions if one.key == key)
        outcome = run_question(session, self.spec, folder, question)
        self._outcomes[key] = outcome
        self._on_event(QuestionDone(question=outcome))

    def _ending(self, cells: CellRunner) -> JobStopError:
        """Return the verdict on a notebook whose cells have all had their turn."""
        record = cells.record
        if record.limit is not None:
            return record.limit
        if not record.failed:
            return JobStopError(Verdict.COMPLETED, "completed")
        if record.first_ename == "SystemExit":
            return JobStopError(
                Verdict.STUDENT_ERROR, "exited", cell=record.first_failed
            )
        return JobStopError(Verdict.STUDENT_ERROR, "cells_failed", **record.detail())

    def _result(self, stop: JobStopError) -> JobResult:
        ours = stop.verdict is Verdict.PLATFORM
        detail: dict[str, Scalar] = dict(stop.detail)
        return JobResult(
            job_id=self.spec.job_id,
            verdict=stop.verdict,
            code=stop.code,
            detail=detail,
            questions=() if ours else tuple(self._questions()),
            notebook=self._notebook.to_json() if self._notebook else "",
            measures=self._measures(),
        )

    def _questions(self) -> list[QuestionOutcome]:
        return [
            self._outcomes.get(question.key)
            or marks.conclude(question, {}, missing=marks.NOT_REACHED)
            for question in self.spec.questions
        ]

    def _measures(self) -> Measures:
        if self._session is None:
            return Measures(level=LEVEL, seed=self.spec.seed)
        gone = self._session.gone
        return Measures(
            seconds=round(self._watch.seconds, 3),
            cpu_seconds=round(gone.get("cpu_seconds", self._watch.cpu_seconds), 3),
            peak_memory_bytes=max(
                self._watch.peak_memory, gone.get("peak_memory_bytes", 0)
            ),
            cells_run=self._cells.record.run if self._cells else 0,
            cells_total=len(self._notebook.cells) if self._notebook else 0,
            level=LEVEL,
            seed=self.spec.seed,
            threads=1,
            hardware=hardware(),
            versions=dict(self._versions),
        )
