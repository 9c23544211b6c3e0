"""A job's share of a GPU: it is waited for, watched, and given back."""

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
    """Return a share of a device, once the jobs before this one have theirs.

    `while_waiting` is called several times a second; if it raises, the place in the queue
    is given up. Raises GpuMissingError if no device in service is large enough.
    """
    watched, reservation = pool.reserve(memory_bytes, while_waiting)
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
        """The fault that the device had while the job had a share of it, or ""."""
        if self._last_fault is not None:
            return self._last_fault
        has_changed = self._watched.faults != self._faults
        return self._watched.reason if has_changed else ""

    def order(self, seed: int) -> CudaOrder:
        """Return the order for the job's student process."""
        return CudaOrder(
            uuid=self.device.uuid, memory_bytes=self.memory_bytes, seed=seed
        )

    def exposure(self) -> GpuExposure:
        """Return the files that the job's jail must show."""
        return self._pool.adapter.exposure(self.device)

    def watch(self, pids: Collection[int]) -> None:
        """Measure the job's processes. Raises JobEnded past the limit, or at a fault.

        It may be called at any rate: it measures only once in `look_seconds`.
        """
        now = self._pool.clock()
        if now < self._due:
            return
        self._due = now + self._pool.policy.look_seconds
        self._pool.check_due_devices()
        self._was_shared |= self._pool.is_shared(self._reservation)
        if self.fault:
            raise platform("gpu_fault", self.fault)
        usage = self._pool.usage(self.device)
        used = sum(usage.get(pid, 0) for pid in pids)
        self.peak_bytes = max(self.peak_bytes, used)
        if used > self._most:
            # A notebook can change the limit of PyTorch's allocator, but not this one.
            raise limit("gpu_memory", bytes=self.memory_bytes)

    @property
    def _most(self) -> int:
        policy = self._pool.policy
        return self.memory_bytes + policy.context_bytes + policy.tolerance_bytes

    def ending_of(self, stop: JobEnded) -> JobEnded:
        """Return how the job ended: the stop, or a fault of ours if its device failed.

        Call it after `release`, which looks at the device once more.
        """
        if stop.verdict is Verdict.CANCELLED:
            return stop
        if self.fault:
            return platform("gpu_fault", self.fault)
        if stop.code == "gpu_memory" and self._was_crowded_out:
            return platform("gpu_fault", "another job used this job's GPU memory")
        return stop

    @property
    def _was_crowded_out(self) -> bool:
        """Whether the device held too much, and another job was the cause."""
        was_overfull = self._watched.overfull != self._overfull
        return was_overfull and self._was_shared and self.peak_bytes <= self._most

    def release(self) -> None:
        """Free the share once the device has its memory back; else quarantine the device.

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
