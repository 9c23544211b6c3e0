"""Running one cell: send it, collect its outputs, and enforce its time limit."""

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from runner.gpu.device_faults import out_of_memory
from runner.host.monitor import NEAR
from runner.host.outputs import CellOutputs
from runner.host.session import Session
from runner.host.timing import Moment
from runner.protocol.endings import RERUN, JobEnded, died, limit, with_cell
from runner.protocol.jobs import CellStarted, Event, Limits, OutputAdded, Scalar
from runner.protocol.notebook import Cell, cell_frame
from runner.wire.frames import Frame

# The time from the first interrupt to the kill, and from one interrupt to the next.
GRACE_SECONDS: Final = 1.5
_AGAIN_SECONDS: Final = 0.25
_TAIL_SECONDS: Final = 0.2
_ENAME: Final = re.compile(r"[^\W\d]\w{0,79}")
_NO_MEMORY: Final = re.compile(
    r"DefaultCPUAllocator|not enough memory|Cannot allocate memory"
)
_NO_SPACE: Final = re.compile(r"No space left on device|File too large")
_NO_FILE: Final = re.compile(r"Too many open files|items of ancdata")
_NO_PROCESS: Final = re.compile(r"can't start new thread|Resource temporarily unavail")


@dataclass
class Record:
    """How a notebook's cells have ended so far."""

    run: int = 0
    failed: int = 0
    first_failed: int = 0
    first_ename: str = ""
    limit: JobEnded | None = None
    # The cells that ended, in their order, and the seconds that each took.
    ended: list[tuple[Cell, float]] = field(default_factory=list)

    def detail(self) -> dict[str, Scalar]:
        """Return the values that the message about failed cells needs."""
        return {
            "cell": self.first_failed,
            "failed": self.failed,
            "ename": self.first_ename,
        }


class _CellTimer:
    """Measures the time of one cell, and interrupts the cell when the time is over."""

    def __init__(self, session: Session, seconds: float) -> None:
        self._session = session
        self._seconds = seconds
        self._started = session.monitor.moment()
        self._late: Moment | None = None
        self._interrupted: Moment | None = None

    def is_over(self) -> bool:
        """Return whether the cell has used up its time."""
        return self._late is not None or self._session.monitor.is_past(
            self._started, self._seconds
        )

    def interrupt(self) -> bool:
        """Interrupt the cell, again after a moment. Return whether it may still stop.

        A single interrupt may be swallowed, or arrive where no code reacts to it. The
        moment before the next one is time of the job, not of the clock: on a busy
        machine, the next one would meet a cell that is still showing its error.
        """
        monitor = self._session.monitor
        self._late = self._late or monitor.moment()
        if monitor.is_past(self._late, GRACE_SECONDS):
            return False
        if self._interrupted is None or monitor.is_past(
            self._interrupted, _AGAIN_SECONDS
        ):
            self._session.interrupt()
            self._interrupted = monitor.moment()
        return True


class CellRunner:
    """Runs cells in a session, and records how they ended."""

    def __init__(
        self,
        session: Session,
        limits: Limits,
        total: int,
        on_event: Callable[[Event], None],
    ) -> None:
        self.record = Record()
        self.session = session
        self._limits = limits
        self._total = total
        self._on_event = on_event
        self._tail = ""
        self._tail_at = 0.0

    def run(self, cell: Cell) -> None:
        """Run the cell to its end, and store its outputs in it, whatever happens.

        Raises JobEnded.
        """
        session, record = self.session, self.record
        session.cell = cell.number
        record.run += 1
        cell.raw["execution_count"] = cell.number
        outputs = CellOutputs(session.outputs, cell.number)
        self._on_event(CellStarted(cell=cell.number, cells=self._total))
        started = session.monitor.moment()
        try:
            self._note(cell, self._run(cell, outputs))
            seconds = session.monitor.moment().seconds_since(started)
            record.ended.append((cell, seconds))
        except JobEnded as stop:
            session.drain(outputs)
            raise self._explained(stop, cell) from None
        finally:
            self._show(outputs, last=True)
            cell.outputs = outputs.finish()

    def note_rerun(self, cell: Cell) -> None:
        """Note that the cell's process was ended, and that the notebook goes on."""
        stop = self.record.limit
        if stop is not None and stop.detail.get("cell") == cell.number:
            self.record.limit = limit(stop.code, **{**stop.detail, "after": RERUN})

    def run_again(self, cell: Cell, seconds: float) -> None:
        """Run a cell once more, in another process, and drop its outputs.

        It may take `seconds`, and no more than the limit of a cell. Raises JobEnded.
        """
        self.session.cell = cell.number
        noted = self.record.limit
        outputs = CellOutputs(self.session.outputs, 0)
        try:
            self._run(cell, outputs, most=seconds, is_shown=False)
        finally:
            self.record.limit = noted

    def _run(
        self,
        cell: Cell,
        outputs: CellOutputs,
        *,
        most: float = math.inf,
        is_shown: bool = True,
    ) -> Frame:
        """Run the cell, interrupted if it is late. Return the frame that says it is done."""
        self.session.student.send(cell_frame(cell.number, cell.source))
        timer = _CellTimer(self.session, min(self._limits.cell_seconds, most))
        stop = limit("cell_time", cell=cell.number, seconds=self._limits.cell_seconds)
        while True:
            for frame in self.session.step(outputs):
                if frame.get("t") == "done" and frame.get("cell") == cell.number:
                    return frame
                raise died(cell=cell.number, reason="protocol")
            if is_shown:
                self._show(outputs)
            if timer.is_over():
                self.record.limit = self.record.limit or stop
                if not timer.interrupt():
                    raise stop

    def _note(self, cell: Cell, done: Frame) -> None:
        """Record how the cell ended."""
        ename, words = str(done.get("ename")), str(done.get("evalue"))
        if not ename:
            return
        stop = self._limit_behind(cell, ename, words)
        if stop is not None:
            self.record.limit = self.record.limit or stop
        if "raises-exception" in cell.tags:
            return
        self.record.failed += 1
        if not self.record.first_failed:
            self.record.first_failed = cell.number
            self.record.first_ename = ename if _ENAME.fullmatch(ename) else ""

    def _limit_behind(self, cell: Cell, ename: str, words: str) -> JobEnded | None:
        gpu_bytes = self._limits.gpu_memory_bytes
        if gpu_bytes and (
            stop := out_of_memory(ename, words, limit_bytes=gpu_bytes, cell=cell.number)
        ):
            return stop
        if ename == "MemoryError" or _NO_MEMORY.search(words):
            return limit("memory", bytes=self._limits.memory_bytes, cell=cell.number)
        if _NO_SPACE.search(words):
            return limit("disk", bytes=self._limits.disk_bytes, cell=cell.number)
        if _NO_FILE.search(words):
            return limit("open_files", files=self._limits.open_files, cell=cell.number)
        if _NO_PROCESS.search(words):
            return limit(
                "processes", processes=self._limits.processes, cell=cell.number
            )
        return None

    def _explained(self, stop: JobEnded, cell: Cell) -> JobEnded:
        """Return the stop with its cell, or the limit that probably ended the process."""
        size = self._limits.memory_bytes
        near = self.session.monitor.peak_memory > NEAR * size
        if stop.code == "process_died" and near:
            # It may have gone past the limit between two looks: its peak was near it.
            stop = limit("memory", bytes=size, died=True)
        return with_cell(stop, cell.number)

    def _show(self, outputs: CellOutputs, *, last: bool = False) -> None:
        """Report the last lines of output to the caller, a few times a second."""
        now = time.monotonic()
        if outputs.tail in {self._tail, ""}:
            return
        if last or now - self._tail_at >= _TAIL_SECONDS:
            self._tail, self._tail_at = outputs.tail, now
            self._on_event(OutputAdded(cell=self.session.cell, tail=self._tail))
