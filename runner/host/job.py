"""One job, from its spec to its result."""

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import Final

from runner.gpu.adapter import GpuExposure
from runner.gpu.cuda_order import CudaReport
from runner.gpu.gpu_policy import checks_in_place
from runner.gpu.lease import GpuLease, acquire
from runner.gpu.pool import GpuMissingError, GpuPool
from runner.host.cells import CellRunner
from runner.host.grader_client import GraderClient
from runner.host.job_files import JobFiles
from runner.host.job_folder import FileMissingError
from runner.host.job_starter import EnvironmentMissingError, ZygoteLostError
from runner.host.monitor import Monitor
from runner.host.outputs import JobOutputs
from runner.host.prepared_job import PreparedJob
from runner.host.question_parts import replaces
from runner.host.question_runner import QuestionRunner
from runner.host.recovery import Recovery
from runner.host.session import Session
from runner.host.spares import Spares
from runner.jail import file_layout
from runner.protocol import check_words, endings
from runner.protocol.endings import JobEnded
from runner.protocol.jobs import (
    Device,
    Event,
    JobResult,
    JobSpec,
    Limits,
    Measures,
    QuestionDone,
    QuestionOutcome,
    Scalar,
    Verdict,
)
from runner.protocol.notebook import (
    Cell,
    CellTooLongError,
    LanguageError,
    Notebook,
    UnreadableError,
    read_notebook,
)
from runner.protocol.requested_names import TestsUnreadableError, requested_names
from runner.system.clock import JobClock
from runner.system.processor import processor_name
from runner.system.users import NoUserFreeError
from runner.wire.frames import Frame
from runner.wire.job_order import Role, Shape

log = logging.getLogger(__name__)

LOWEST: Final = "L0"
_PATIENCE_SECONDS: Final = 0.4
# Errors that are our fault and whose text says what is wrong, and their codes.
_OURS: Final[Mapping[type[Exception], str]] = {
    TestsUnreadableError: "runner_failed",
    FileMissingError: "file_missing",
    EnvironmentMissingError: "environment_missing",
    GpuMissingError: "gpu_missing",
}


def grader_shape(limits: Limits, private_bytes: int) -> Shape:
    """Return the limits that the kernel enforces on a job's grader."""
    plain = shape_of(limits)
    return replace(plain, role=Role.GRADER, disk_bytes=plain.disk_bytes + private_bytes)


def shape_of(limits: Limits, lease: GpuLease | None = None) -> Shape:
    """Return what the kernel enforces on a job with these limits and this device."""
    shown = lease.exposure() if lease is not None else GpuExposure(nodes=())
    return Shape(
        memory_bytes=limits.memory_bytes,
        disk_bytes=limits.disk_bytes,
        shared_bytes=limits.memory_bytes // 2,
        processes=limits.processes,
        open_files=limits.open_files,
        # A last resort for processes that escape the host's own clock.
        cpu_seconds=math.ceil(limits.run_seconds) * 4 + 60,
        nodes=shown.nodes,
        libraries=shown.libraries,
        gpu=lease.device.uuid if lease is not None else "",
    )


def _dispose(taken: Future[PreparedJob]) -> None:
    """Dispose of processes that were taken but are not used."""
    if taken.exception() is None:
        taken.result().dispose()


class Job:
    """One job. `run` is called once and returns a result, whatever happens."""

    def __init__(
        self,
        spec: JobSpec,
        spares: Spares,
        gpus: GpuPool | None,
        on_event: Callable[[Event], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self.spec = spec
        self._by_key = {question.key: question for question in spec.questions}
        self._spares = spares
        self._gpus = gpus
        self._lease: GpuLease | None = None
        self._report: CudaReport | None = None
        self._level = LOWEST
        self._clock = JobClock()
        self._on_event = self._clock.without_time_of(on_event)
        self._should_stop = self._clock.without_time_of(should_stop)
        self._outcomes: dict[str, QuestionOutcome] = {}
        self._notebook: Notebook | None = None
        self._cells: CellRunner | None = None
        self._session: Session | None = None
        self._versions: Mapping[str, str] = {}

    def run(self) -> JobResult:
        """Run the job, remove all its processes and files, and return its result."""
        try:
            self._notebook = read_notebook(self.spec)
            for question in self.spec.questions:
                requested_names(question)
            stop = self._run_on_device(self._notebook)
        except UnreadableError:
            stop = JobEnded(Verdict.REJECTED, "notebook_unreadable")
        except CellTooLongError as error:
            stop = JobEnded(Verdict.REJECTED, "cell_too_long", cell=error.number)
        except LanguageError as error:
            stop = JobEnded(Verdict.REJECTED, "language", language=str(error))
        except tuple(_OURS) as error:
            stop = endings.platform(_OURS[type(error)], str(error))
        except (ZygoteLostError, NoUserFreeError, OSError) as error:
            log.exception("job %s failed through our fault", self.spec.job_id)
            stop = endings.platform("runner_failed", str(error))
        return self._result(stop)

    def _run_on_device(self, notebook: Notebook) -> JobEnded:
        self._monitor = Monitor(
            self.spec, self._on_event, self._should_stop, self._clock
        )
        if self.spec.device is Device.CPU:
            return self._try_twice(notebook)
        if self._gpus is None:
            raise GpuMissingError("this worker has no GPU")
        memory_bytes = self.spec.limits.gpu_memory_bytes
        try:
            lease = acquire(self._gpus, memory_bytes, self._monitor.report_waiting)
        except JobEnded as cancelled:
            return cancelled
        self._lease = self._monitor.lease = lease
        with lease:
            stop = self._try_twice(notebook)
        return lease.ending_of(stop)

    def _try_twice(self, notebook: Notebook) -> JobEnded:
        try:
            return self._try(notebook)
        except JobEnded as stop:
            if stop.verdict is not Verdict.PLATFORM or self._has_begun():
                return stop
            # Processes that were made ahead may have died while they waited.
            log.warning("job %s is started again: %s", self.spec.job_id, stop.detail)
        try:
            return self._try(notebook)
        except JobEnded as stop:
            return stop

    def _has_begun(self) -> bool:
        """Return whether any code of the notebook may have run."""
        return self._session is not None and self._session.ready

    def _try(self, notebook: Notebook) -> JobEnded:
        prepared = self._take_processes()
        clean = False
        try:
            prepared.fill(
                file_layout.for_student(self.spec), self._monitor.report_waiting
            )
            self._level = prepared.level
            self._versions = prepared.job.versions
            if self._lease is not None:
                self._report = CudaReport.from_frame(prepared.hello["gpu"])
            session = Session(self._monitor, JobOutputs(self.spec.limits), prepared)
            self._session = session
            self._monitor.begin(prepared)
            grader_client = self._grader_client()
            try:
                self._begin(session)
                return self._run_notebook(
                    notebook, session, prepared.files, grader_client
                )
            finally:
                grader_client.close()
                self._spares.refill(self.spec.environment, prepared.shape)
                clean = session.finish()
        finally:
            if clean and prepared.is_jailed:
                self._spares.dispose_later(prepared)
            else:
                prepared.dispose(clean=clean)

    def _take_processes(self) -> PreparedJob:
        """Return isolated processes, and report to the caller while they are made."""
        taken = self._spares.take(
            self.spec.environment, shape_of(self.spec.limits, self._lease)
        )
        try:
            while not taken.done():
                self._monitor.report_waiting()
                wait([taken], timeout=_PATIENCE_SECONDS)
        except JobEnded:
            taken.add_done_callback(_dispose)
            raise
        return taken.result()

    def _begin(self, session: Session) -> None:
        """Set up the student process, which then waits for its first cell."""
        self._set_up(session)
        session.ready = True

    def _set_up(self, session: Session) -> None:
        session.student.send(
            {
                "t": "setup",
                "seed": self.spec.seed,
                "parameters": dict(self.spec.parameters),
                "gpu": self._lease and self._lease.order(self.spec.seed).to_frame(),
                "max_frame": session.max_frame,
            }
        )
        frames: list[Frame] = []
        while not frames:
            frames = session.step(None)
        if frames[0].get("t") != "set_up":
            raise endings.platform(
                "runner_failed", "the student's process could not be set up"
            )

    def _grader_client(self) -> GraderClient:
        private = sum(file.size for file in self.spec.private_files)
        shape = grader_shape(self.spec.limits, private)
        grader_client = GraderClient(self._spares, self.spec, shape)
        if self.spec.questions:
            grader_client.call()
        return grader_client

    def _run_notebook(
        self,
        notebook: Notebook,
        session: Session,
        files: JobFiles,
        grader_client: GraderClient,
    ) -> JobEnded:
        """Run the notebook, check the questions it reached, and return how it ended."""
        in_place = checks_in_place(self.spec.device)
        cells = CellRunner(
            session, self.spec.limits, notebook.cells_with_code, self._on_event
        )
        self._cells = cells
        recovery = Recovery(session, cells, self._set_up)
        questions = QuestionRunner(
            self.spec,
            session,
            files,
            grader_client,
            recovery.begin_again,
            in_place=in_place,
        )
        try:
            try:
                stop = self._run_cells(notebook, cells, questions, recovery)
            except JobEnded as early:
                if early.verdict in {Verdict.CANCELLED, Verdict.PLATFORM}:
                    raise
                stop = endings.with_cell(early, session.cell)
            # No event tells of these outcomes before the result: see `Checking`.
            for outcome in questions.check_all():
                self._outcomes[outcome.key] = outcome
            return stop
        finally:
            questions.close()

    def _run_cells(
        self,
        notebook: Notebook,
        cells: CellRunner,
        questions: QuestionRunner,
        recovery: Recovery,
    ) -> JobEnded:
        for key in notebook.early_questions:
            self._reach(key, cells, questions)
        for cell in notebook.cells:
            if not cell.skipped:
                try:
                    cells.run(cell)
                except JobEnded as stop:
                    self._go_on_after(stop, cell, cells, recovery)
            for key in cell.questions:
                self._reach(key, cells, questions)
        for key in notebook.late_questions:
            self._reach(key, cells, questions)
        return self._ending(cells)

    def _go_on_after(
        self, stop: JobEnded, cell: Cell, cells: CellRunner, recovery: Recovery
    ) -> None:
        """Go on in a fresh process after an ignored interrupt, or raise the stop."""
        # A process that computes on a GPU has its state there.
        may_go_on = stop.code == "cell_time" and self.spec.device is Device.CPU
        notebook = self._notebook
        if not may_go_on or notebook is None or not notebook.goes_on_after(cell):
            raise stop
        left = self._monitor.run_seconds_left()
        if not recovery.go_on_after_cell(len(cells.record.ended), left):
            raise stop
        cells.note_rerun(cell)

    def _reach(self, key: str, cells: CellRunner, questions: QuestionRunner) -> None:
        self._note(questions.make_snapshot(key, len(cells.record.ended)))
        if cells.session.lost is not None:
            raise cells.session.lost

    def _note(self, outcomes: Iterable[QuestionOutcome]) -> None:
        for outcome in outcomes:
            known = self._outcomes.get(outcome.key)
            question = self._by_key[outcome.key]
            if known is not None and not replaces(question, outcome, known):
                continue  # an earlier copy of its check cell has more points
            self._outcomes[outcome.key] = outcome
            self._on_event(QuestionDone(question=outcome))

    def _ending(self, cells: CellRunner) -> JobEnded:
        """Return how a notebook ended whose cells have all run."""
        record = cells.record
        if record.limit is not None:
            return record.limit
        if not record.failed:
            return JobEnded(Verdict.COMPLETED, "completed")
        if record.first_ename == "SystemExit":
            return JobEnded(Verdict.STUDENT_ERROR, "exited", cell=record.first_failed)
        return JobEnded(Verdict.STUDENT_ERROR, "cells_failed", **record.detail())

    def _result(self, stop: JobEnded) -> JobResult:
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
            or check_words.conclude(question, {}, missing=check_words.NOT_REACHED)
            for question in self.spec.questions
        ]

    def _measures(self) -> Measures:
        if self._session is None:
            return Measures(level=self._level, seed=self.spec.seed)
        return Measures(
            **self._monitor.used(self._session.gone, self._session.peak_memory),
            cells_run=self._cells.record.run if self._cells else 0,
            cells_total=self._notebook.cells_with_code if self._notebook else 0,
            level=self._level,
            seed=self.spec.seed,
            threads=1,
            hardware=processor_name(),
            gpu=self._lease.device.name if self._lease else "",
            gpu_driver=self._lease.device.driver if self._lease else "",
            peak_gpu_memory_bytes=self._lease.peak_bytes if self._lease else 0,
            versions={**self._versions, **self._cuda_versions()},
        )

    def _cuda_versions(self) -> dict[str, str]:
        return self._report.versions() if self._report is not None else {}
