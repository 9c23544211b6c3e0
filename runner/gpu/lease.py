"""A job's share of a GPU: wait for it, watch it, give it back, judge by it."""

from collections.abc import Callable, Collection
from types import TracebackType
from typing import Self

from runner.gpu.adapter import GpuExposure
from runner.gpu.admission import Reservation
from runner.gpu.cuda_order import CudaOrder
from runner.gpu.pool import GpuPool, Watched
from runner.protocol.endings import JobEnded, limit, platform
from runner.protocol.jobs import Verdict


def acquire(
    pool: GpuPool, memory_bytes: int, while_waiting: Callable[[], None]
) -> "GpuLease":
    """Return a share of a device, once those who came before have theirs.

    `while_waiting` is called several times a second; what it raises gives up the reservation
    in the queue. Raises GpuMissingError if no device in service is large enough.
    """
    watched, reservation = pool.wait_for(memory_bytes, while_waiting)
    return GpuLease(pool, watched, reservation, memory_bytes)


class GpuLease:
    """One job's share of one device, until `release`."""

    def __init__(
        self,
        pool: GpuPool,
        watched: Watched,
        reservation: Reservation,
        memory_bytes: int,
    ) -> None:
        self.device = watched.device
        self.memory_bytes = memory_bytes
        self.peak_bytes = 0
        self._pool = pool
        self._watched = watched
        self._reservation = reservation
        self._faults = watched.faults
        self._overfull = watched.overfull
        self._was_shared = False
        self._due = 0.0
        self._last_fault: str | None = None

    @property
    def fault(self) -> str:
        """What went wrong with the device while the job had it, or ""."""
        if self._last_fault is not None:
            return self._last_fault
        has_changed = self._watched.faults != self._faults
        return self._watched.reason if has_changed else ""

    def order(self, seed: int) -> CudaOrder:
        """Return what the job's student process is told."""
        return CudaOrder(
            uuid=self.device.uuid, memory_bytes=self.memory_bytes, seed=seed
        )

    def exposure(self) -> GpuExposure:
        """Return what the job's jail must show."""
        return self._pool.adapter.exposure(self.device)

    def watch(self, pids: Collection[int]) -> None:
        """Measure the job's processes; raise its stop past the limit or at a fault.

        Call it as often as you like: it looks once in `look_seconds`.
        """
        now = self._pool.clock()
        if now < self._due:
            return
        self._due = now + self._pool.policy.look_seconds
        self._pool.look()
        self._was_shared |= self._pool.is_shared(self._reservation)
        if self.fault:
            raise platform("gpu_fault", self.fault)
        usage = self._pool.usage(self.device)
        used = sum(usage.get(pid, 0) for pid in pids)
        self.peak_bytes = max(self.peak_bytes, used)
        if used > self._most:
            # The allocator's own limit is in the notebook's hands; this one is not.
            raise limit("gpu_memory", bytes=self.memory_bytes)

    @property
    def _most(self) -> int:
        policy = self._pool.policy
        return self.memory_bytes + policy.context_bytes + policy.tolerance_bytes

    def judge(self, stop: JobEnded) -> JobEnded:
        """Return how the job ended, which is our fault if its device failed it.

        Ask after `release`, which looks at the device once more.
        """
        if stop.verdict is Verdict.CANCELLED:
            return stop
        if self.fault:
            return platform("gpu_fault", self.fault)
        if stop.code == "gpu_memory" and self._was_robbed:
            return platform("gpu_fault", "another job took its memory")
        return stop

    @property
    def _was_robbed(self) -> bool:
        """Say whether the device was overfull, and not by this job's doing."""
        was_overfull = self._watched.overfull != self._overfull
        return was_overfull and self._was_shared and self.peak_bytes <= self._most

    def release(self) -> None:
        """The share is free once the device has the memory back; else nobody's.

        Call it when no process of the job is left. It takes `return_seconds` at most.
        """
        if self._last_fault is None:
            self._was_shared |= self._pool.is_shared(self._reservation)
            self._pool.give_back(self._watched, self._reservation)
            self._last_fault = self.fault

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
