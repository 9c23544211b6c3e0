"""The monitor: what the host measures of a job, and the limits that it enforces."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from runner.gpu.lease import GpuLease
from runner.host.memory_shares import MemoryShares
from runner.host.prepared_job import SLACK_BYTES, PreparedJob
from runner.host.processor_time import ProcessorTime
from runner.host.snapshot_memory import SnapshotMemory
from runner.host.timing import Moment
from runner.host.waiting_snapshots import WaitingSnapshots
from runner.jail.cgroups import JobGroup
from runner.protocol.endings import JobEnded, limit
from runner.protocol.jobs import Checking, Event, JobSpec, Usage, Verdict
from runner.system.clock import JobClock
from runner.system.processes import (
    ProcessInfo,
    family,
    page_table_bytes,
    read_process,
    waited_seconds,
)
from runner.system.shares import SessionShares
from runner.wire.frames import Frame

_MEASURE_SECONDS: Final = 0.1
_ASK_SECONDS: Final = 0.25
_STORAGE_SECONDS: Final = 0.5
_SNAPSHOT_SECONDS: Final = 0.3
_USAGE_SECONDS: Final = 0.8
# Processes of the job whose memory is measured at one look.
_AT_A_TIME: Final = 32
# A job may send this many times the bytes of output that are kept. Then it is ended.
FLOOD: Final = 10
# The kernel may act just before a limit, so this share of a limit counts as reaching it.
NEAR: Final = 0.9


class Monitor:
    """Measures the job and ends it past a limit. `tick` does what is due.

    It reads the clock and /proc, and never trusts what the job says. After
    `begin_checking`, no event holds a measured number: the tested code could choose the
    numbers to tell what the tests gave it.
    """

    def __init__(
        self,
        spec: JobSpec,
        on_event: Callable[[Event], None],
        should_stop: Callable[[], bool],
        clock: JobClock,
    ) -> None:
        self.spec = spec
        self.clock = clock
        # Of the notebook alone, up to `begin_checking`, and of its questions afterwards.
        self.peak_memory = 0
        self.checking_peak_memory = 0
        self.lease: GpuLease | None = None
        # Snapshots that wait for their questions. They do not count as running processes.
        self.waiting_snapshots = WaitingSnapshots()
        self.is_checking = False
        # Whether a question is being asked in the notebook's own process.
        self.is_asking = False
        # The first process of the grader's jail, 0 if no question is asked. Time for
        # which the jail's processes wait for a processor counts as the job's waiting.
        self.grader_init = 0
        self._started = self._ended = Moment(clock=clock.now())
        self._prepared: PreparedJob | None = None
        self._on_event = on_event
        self._should_stop = should_stop
        # The memory of the job's first process before the job.
        self._init_bytes = 0
        self._memory = 0
        self._shared = 0
        self._cpu = ProcessorTime()
        self._waited = 0.0
        # The waiting time of each thread at the last look.
        self._waits: dict[int, float] = {}
        self._accounted = clock.now()
        # The figures when the present question began. It did not cause them.
        self._kills = 0
        self._question_peak = 0
        self._disk_before = 0
        self._shared_before = 0
        self._base_until = 0.0
        # All waiting snapshots together have a memory limit of the same size.
        self._snapshots = SnapshotMemory(spec.limits.memory_bytes, SLACK_BYTES)
        self._shares = MemoryShares(_AT_A_TIME)
        self._sessions = SessionShares()
        self._ended_snapshots: set[int] = set()
        self._due: dict[Callable[[int], None], float] = {}

    def begin(self, prepared: PreparedJob) -> None:
        """Start the clock: the job's processes begin to work."""
        self._prepared = prepared
        init = read_process(prepared.job.pid)
        self._init_bytes = init.resident_bytes if init is not None else 0
        self._accounted = self.clock.now()
        self._started = self.moment()

    def begin_checking(self) -> None:
        """Separate what the notebook has used from what its questions will use.

        Call it before the notebook's processes are ended. Only the first call counts.
        """
        if self.is_checking:
            return
        if self._prepared is not None:
            self._account(self._members(self._prepared.job.pid))
        self._ended = self.moment()
        self.is_checking = True
        self.begin_question()  # the notebook, not a question, has used all this
        self._due.pop(self._report, None)  # report the change at once

    def begin_question(self) -> None:
        """Measure the next question, or check, separately from those before it."""
        self._kills = self._memory_kills()
        self._question_peak = 0
        self._disk_before = self._shared_before = 0
        self._base_until = self.clock.now() + _STORAGE_SECONDS

    def report_waiting(self) -> None:
        """Report, and ask whether to stop, while the job cannot start yet."""
        self._report(0)
        self._ask(0)

    # --- Time ------------------------------------------------------------------------

    def moment(self) -> Moment:
        """Return the present moment, with the figures last measured."""
        return Moment(
            clock=self.clock.now(), cpu=self._cpu.seconds, waited=self._waited
        )

    def is_past(self, start: Moment, seconds: float) -> bool:
        """Return whether a part begun at `start` has used its `seconds` (see Moment)."""
        if self.clock.now() - start.clock < seconds:
            return False
        if self._prepared is not None:
            self._account(self._members(self._prepared.job.pid))
        return self.moment().is_past(start, seconds)

    def run_seconds_left(self) -> float:
        """Return how many of the run's seconds are left, at least 0."""
        used = self.moment().seconds_since(self._started)
        return max(0.0, self.spec.limits.run_seconds - used)

    @property
    def seconds(self) -> float:
        """How long the notebook ran, or has run so far, in seconds by the clock."""
        end = self._ended if self.is_checking else self.moment()
        return end.clock - self._started.clock

    @property
    def cpu_seconds(self) -> float:
        """The processor time of the notebook, without that of its questions."""
        return self._ended.cpu if self.is_checking else self._cpu.seconds

    @property
    def checking_seconds(self) -> float:
        """How long questions have been checked since the notebook's end, in seconds."""
        return self.clock.now() - self._ended.clock if self.is_checking else 0.0

    def _account(self, members: Sequence[ProcessInfo]) -> None:
        """Add the processor time that the job used, and its waits for a processor.

        Threads of the job wait side by side, so only the longest wait since the last
        look counts. The grader and the snapshot that it asks take turns, so both count.
        Time in which other processes of the job had a processor is no waiting.
        """
        now = self.clock.now()
        init = None
        if self._prepared is not None:
            init = read_process(self._prepared.job.pid)
        waiting = self.waiting_snapshots.numbers()
        used = self._cpu.look(members, init, self._group, waiting)
        own: dict[int, float] = {}
        for one in members:
            own.update(waited_seconds(one.pid))
        grader = self._waits_of_grader()
        waited = self._longest_since(own) + self._longest_since(grader)
        self._waited += max(0.0, min(waited, now - self._accounted - used))
        self._waits, self._accounted = {**own, **grader}, now

    def _longest_since(self, waits: Mapping[int, float]) -> float:
        """Return the longest wait of any of the threads since the last look, in seconds.

        A thread that was not there at the last look counts as not having waited, so
        that many short-lived threads do not make the clock stand still.
        """
        grown = (wait - self._waits.get(one, wait) for one, wait in waits.items())
        return max(0.0, max(grown, default=0.0))

    def _waits_of_grader(self) -> dict[int, float]:
        """Return how long each thread of the grader's processes has waited."""
        if not self.grader_init:
            return {}
        pids = [info.pid for info in family(self.grader_init)]
        self._sessions.lower(pids)
        return {one: wait for pid in pids for one, wait in waited_seconds(pid).items()}

    # --- What is due -------------------------------------------------------------------

    def tick(self, init: int) -> None:
        """Measure, report and enforce what is due, for the job below process `init`."""
        now = self.clock.now()
        seconds = self.spec.limits.run_seconds
        if not self.is_checking and self.is_past(self._started, seconds):
            raise limit("run_time", seconds=seconds)
        for action, every in (
            (self._ask, _ASK_SECONDS),
            (self._measure, _MEASURE_SECONDS),
            (self._measure_storage, _STORAGE_SECONDS),
            (self._measure_snapshots, _SNAPSHOT_SECONDS),
            (self._report, _USAGE_SECONDS),
        ):
            if now >= self._due.get(action, 0.0):
                self._due[action] = now + every
                action(init)

    def _ask(self, _init: int) -> None:
        if self._should_stop():
            raise JobEnded(Verdict.CANCELLED, "cancelled")

    def _members(self, init: int) -> list[ProcessInfo]:
        return family(init, spare=self.waiting_snapshots.numbers())

    def _measure(self, init: int) -> None:
        members = self._members(init)
        self._sessions.lower(one.pid for one in members)
        self._account(members)
        if self.is_checking:
            # A process that is ending may belong to the question before.
            members = [one for one in members if not one.is_ending]
        if self.lease is not None:
            self.lease.watch([one.pid for one in members])
        limits = self.spec.limits
        # The kernel refuses the last process, and a look misses some when many are made.
        if self._count(members) >= NEAR * limits.processes:
            raise limit("processes", processes=limits.processes)
        beside = self._shared + self._kernel_bytes(members)
        left = max(0, limits.memory_bytes - beside)
        held = self._resident(members, left)
        ran_out = self._was_killed()
        is_past = beside + held > limits.memory_bytes
        self._memory = beside + (held if is_past else self._shown(members))
        # If the kernel had to kill a process, it saw more memory in use than we did.
        self._note_peak(max(self._memory, limits.memory_bytes if ran_out else 0))
        if is_past or ran_out:
            raise limit("memory", bytes=limits.memory_bytes)

    def _resident(self, members: Sequence[ProcessInfo], limit_bytes: int) -> int:
        """Return the processes' memory, in which unchanged pages of a fork count once."""
        if len(members) == 1:
            return members[0].resident_bytes
        return self._shares.measure(members, limit_bytes)

    def _shown(self, members: Sequence[ProcessInfo]) -> int:
        """Return the processes' memory for display, in which a fork counts once."""
        if len(members) == 1:
            return members[0].resident_bytes
        return self._shares.estimate(members)

    def _note_peak(self, memory: int) -> None:
        if self.is_checking:
            self.checking_peak_memory = max(self.checking_peak_memory, memory)
            self._question_peak = max(self._question_peak, memory)
        else:
            self.peak_memory = max(self.peak_memory, memory)

    def _kernel_bytes(self, members: Sequence[ProcessInfo]) -> int:
        """Return what the kernel and the job's first process hold for the job.

        The slack of every job, and the kernel's memory for snapshots that wait, do not
        count.
        """
        if self._group is not None:
            waiting = self._snapshots.kernel_bytes(self.waiting_snapshots.numbers())
            return max(0, self._group.kernel_bytes() - waiting - SLACK_BYTES)
        tables = sum(page_table_bytes(one.pid) for one in members)
        return max(0, tables + self._grown_bytes_of_init() - SLACK_BYTES)

    def _grown_bytes_of_init(self) -> int:
        """Return the memory that the job's first process has taken up since the start.

        It keeps the names of all files that states of the job's folders hold.
        """
        assert self._prepared is not None  # noqa: S101 - there are processes to measure
        info = read_process(self._prepared.job.pid)
        return max(0, info.resident_bytes - self._init_bytes) if info is not None else 0

    @property
    def _group(self) -> JobGroup | None:
        return self._prepared.group if self._prepared else None

    def _count(self, members: Sequence[ProcessInfo]) -> int:
        """Return the number of the job's threads, counted by the kernel if it does so."""
        seen = sum(one.threads for one in members)
        group = self._group
        if group is None:
            return seen
        if self.is_checking:
            return seen  # the kernel also counts processes that are ending
        # The job's first process is in the group too, and so are the snapshots.
        return max(seen, group.processes() - 1 - len(self.waiting_snapshots))

    def _memory_kills(self) -> int:
        group = self._group
        return group.memory_kills() if group is not None else 0

    def _was_killed(self) -> bool:
        return self._memory_kills() > self._kills

    def lacked_memory(self) -> bool:
        """Return whether an ended process of this question probably lacked memory.

        It may have gone past the limit between two looks, so a peak near it is enough.
        """
        near = self._question_peak > NEAR * self.spec.limits.memory_bytes
        return near or self._was_killed()

    def ended_for_memory(self, pid: int) -> bool:
        """Return whether this snapshot, which has ended, was ended for lack of memory.

        Either the monitor ended it, or the kernel did. The kernel only tells that it
        ended some process of the job.
        """
        return pid in self._ended_snapshots or self._memory_kills() > 0

    def ran_although_stopped(self, pid: int) -> bool:
        """Return whether a snapshot that was ended ran although it had to stand still."""
        return pid in self._snapshots.ran_although_stopped

    def _measure_storage(self, _init: int) -> None:
        if self._prepared is None:
            return
        disk, shared = self._prepared.files.storage()
        if self.clock.now() < self._base_until:
            # The storage in use at a question's start is reported with some delay.
            self._disk_before = max(self._disk_before, disk)
            self._shared_before = max(self._shared_before, shared)
        self._shared = max(0, shared - self._shared_before)
        if disk > max(self.spec.limits.disk_bytes, self._disk_before):
            raise limit("disk", bytes=self.spec.limits.disk_bytes)

    def _measure_snapshots(self, _init: int) -> None:
        if self.waiting_snapshots:
            self._ended_snapshots.update(
                self._snapshots.enforce(self.waiting_snapshots)
            )

    def _report(self, _init: int) -> None:
        if self.is_checking or self.is_asking:
            self._on_event(Checking())
            return
        self._on_event(Usage(seconds=round(self.seconds, 2), memory_bytes=self._memory))

    def used(self, gone: Frame, own_peak: int) -> dict[str, Any]:
        """Return the figures of Measures, for the notebook and separately for its questions.

        `gone` holds the kernel's figures for the whole job at its end. They are the
        notebook's own only if nothing ran after it. `own_peak` is the peak memory of the
        notebook's process, as the kernel says.
        """
        cpu = max(gone.get("cpu_seconds", 0.0), self._cpu.seconds)
        peak = gone.get("peak_memory_bytes", 0)
        seconds = round(self.seconds, 3)
        if not self.is_checking:
            return {
                "seconds": seconds,
                "cpu_seconds": round(cpu, 3),
                "peak_memory_bytes": max(self.peak_memory, peak),
            }
        own_peak = max(self.peak_memory, own_peak)
        return {
            "seconds": seconds,
            "cpu_seconds": round(self.cpu_seconds, 3),
            "peak_memory_bytes": own_peak,
            "checking_seconds": round(self.checking_seconds, 3),
            "checking_cpu_seconds": round(max(0.0, cpu - self.cpu_seconds), 3),
            "checking_peak_memory_bytes": (
                peak if peak > own_peak else self.checking_peak_memory
            ),
        }

    def check_volume(self, volume: int) -> None:
        """End the job if `volume`, the bytes of its output, is more than a job may send."""
        if volume > FLOOD * self.spec.limits.job_output_bytes:
            raise limit("output", bytes=self.spec.limits.job_output_bytes)
