"""What the host measures of a job, and the limits that it holds it to by that."""

from collections.abc import Callable, Sequence
from typing import Final

from runner.clock import JobClock
from runner.gpu.lease import GpuLease
from runner.jail.cgroups import JobGroup
from runner.prepared import Prepared
from runner.processes import ProcessInfo, family, proportional_memory
from runner.protocol import Event, JobSpec, Usage, Verdict
from runner.stops import JobStopError, limit

_MEASURE_SECONDS: Final = 0.1
_ASK_SECONDS: Final = 0.25
_STORAGE_SECONDS: Final = 0.5
_USAGE_SECONDS: Final = 0.8
# What a job has put out in all, kept or not, against what it may keep.
FLOOD: Final = 10
NEAR: Final = 0.9


class Watch:
    """Measures the job and stops it past a limit. `tick` does what is due.

    It reads the clock and /proc, never the job's word.
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
        self.started = clock.now()
        self.peak_memory = 0
        self.cpu_seconds = 0.0
        self.lease: GpuLease | None = None
        self._prepared: Prepared | None = None
        self._on_event = on_event
        self._should_stop = should_stop
        self._memory = 0
        self._shared = 0
        # Copies that wait for their questions: they count for nobody.
        self.kept: set[int] = set()
        self.is_checking = False
        self._due: dict[Callable[[int], None], float] = {}

    def begin(self, prepared: Prepared) -> None:
        """The clock starts: the job's processes get to work."""
        self._prepared = prepared
        self.started = self.clock.now()

    def idle(self) -> None:
        """Report and ask while the job cannot start yet."""
        self._report(0)
        self._ask(0)

    @property
    def seconds(self) -> float:
        return self.clock.now() - self.started

    def tick(self, init: int) -> None:
        """Measure, report and enforce what is due, for the job below process `init`."""
        now = self.clock.now()
        late = now - self.started > self.spec.limits.run_seconds
        if late and not self.is_checking:
            raise limit("run_time", seconds=self.spec.limits.run_seconds)
        for action, every in (
            (self._ask, _ASK_SECONDS),
            (self._measure, _MEASURE_SECONDS),
            (self._measure_storage, _STORAGE_SECONDS),
            (self._report, _USAGE_SECONDS),
        ):
            if now >= self._due.get(action, 0.0):
                self._due[action] = now + every
                action(init)

    def _ask(self, _init: int) -> None:
        if self._should_stop():
            raise JobStopError(Verdict.CANCELLED, "cancelled")

    def _measure(self, init: int) -> None:
        members = [one for one in family(init) if one.pid not in self.kept]
        self.cpu_seconds = max(
            self.cpu_seconds, sum(one.cpu_seconds for one in members)
        )
        if self.lease is not None:
            self.lease.watch([one.pid for one in members])
        limits = self.spec.limits
        # The kernel refuses the last one, and some are missed in a storm.
        if self._count(members) >= NEAR * limits.processes:
            raise limit("processes", processes=limits.processes)
        self._memory = sum(one.resident_bytes for one in members)
        if len(members) > 1 and self._memory > limits.memory_bytes:
            # Processes share what they have not changed since they were forked.
            self._memory = proportional_memory(one.pid for one in members)
        self._memory += self._shared
        self.peak_memory = max(self.peak_memory, self._memory)
        if self._memory > limits.memory_bytes or self._ran_out():
            raise limit("memory", bytes=limits.memory_bytes)

    @property
    def _group(self) -> JobGroup | None:
        return self._prepared.group if self._prepared else None

    def _count(self, members: Sequence[ProcessInfo]) -> int:
        """Return the job's threads, by the kernel's own count where there is one."""
        seen = sum(one.threads for one in members)
        group = self._group
        # The job's first process is in the group too.
        return seen if group is None else max(seen, group.processes() - 1)

    def _ran_out(self) -> bool:
        group = self._group
        return group is not None and group.ran_out_of_memory()

    def _measure_storage(self, _init: int) -> None:
        if self._prepared is None:
            return
        disk, self._shared = self._prepared.place.storage()
        if disk > self.spec.limits.disk_bytes:
            raise limit("disk", bytes=self.spec.limits.disk_bytes)

    def _report(self, _init: int) -> None:
        self._on_event(Usage(seconds=round(self.seconds, 2), memory_bytes=self._memory))

    def check_volume(self, volume: int) -> None:
        """Stop a job that floods us with output."""
        if volume > FLOOD * self.spec.limits.job_output_bytes:
            raise limit("output", bytes=self.spec.limits.job_output_bytes)
