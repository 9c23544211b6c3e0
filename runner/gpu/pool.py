"""The GPUs of a host: those in service, and how much of each is given out."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runner.gpu.adapter import (
    GpuAdapter,
    GpuDevice,
    GpuMemory,
    GpuUnreadableError,
)
from runner.gpu.admission import Ledger, NeverFitsError, Reservation
from runner.gpu.device_faults import Fault, find_fault
from runner.gpu.device_records import DeviceRecords
from runner.gpu.gpu_policy import GpuPolicy

log = logging.getLogger(__name__)

# Folders in which the linker looks without being told.
_LINKED: Final = ("/lib", "/usr/lib")
MEMORY_KEPT: Final = "memory was not given back"
_PATIENCE_SECONDS: Final = 0.25
_PAUSE_SECONDS: Final = 0.05


class GpuMissingError(Exception):
    """No device of this host can take the job. `str` says why, for staff."""


@dataclass
class Watched:
    """A device and what is known of it. Sizes are bytes.

    `faults` counts the looks at which the device had a fault. `overfull` counts those at
    which more memory was in use than was given out. `errors` are memory errors that are
    known already. `due` is when the next look is. `unrecorded` is a fault that could not
    be recorded.
    """

    device: GpuDevice
    capacity: int
    baseline: int
    errors: int
    faults: int = 0
    reason: str = ""
    overfull: int = 0
    due: float = 0.0
    unrecorded: Fault | None = None


@dataclass(frozen=True, kw_only=True)
class GpuUsage:
    """A device of the pool and its memory in bytes, -1 where the device does not say."""

    uuid: str
    name: str
    in_service: bool
    used: int
    given_out: int
    total: int


class GpuPool:
    """The GPUs that this process may give out. Several threads may call.

    `folder` is where the host keeps its records of devices; all workers of the host must
    name the same folder. `only` names the devices to use, or all if it is empty. A
    device that another worker has is left out, and one in quarantine takes no jobs.
    """

    def __init__(
        self,
        adapter: GpuAdapter,
        folder: Path,
        *,
        policy: GpuPolicy | None = None,
        only: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.policy = policy or GpuPolicy()
        self.adapter = adapter
        self.clock = clock
        self._pause = pause
        self._records = DeviceRecords(folder)
        self._checking = threading.Lock()
        self._watched: dict[str, Watched] = {}
        for device in adapter.devices():
            if not only or device.uuid in only:
                self._add_device(device)
        self._ledger = Ledger(
            {uuid: one.capacity for uuid, one in self._watched.items()},
            jobs_per_device=self.policy.jobs_per_device,
        )
        for uuid, one in self._watched.items():
            if one.unrecorded or self._records.get(uuid) is not None:
                self._ledger.withdraw(uuid)
        self.check_due_devices()

    def _add_device(self, device: GpuDevice) -> None:
        if not self._records.claim(device.uuid):
            log.error("GPU %s is left out: another worker uses it", device.uuid)
            return
        try:
            memory = self.adapter.memory(device)
        except GpuUnreadableError:
            log.exception("GPU %s is left out: its memory is unknown", device.uuid)
            return
        policy = self.policy
        baseline = min(memory.used, policy.idle_bytes)
        kept = baseline + policy.reserve_bytes + policy.spares * policy.context_bytes
        watched = Watched(
            device=device,
            capacity=memory.total - kept,
            baseline=baseline,
            errors=self.adapter.health(device).errors,
        )
        self._watched[device.uuid] = watched
        if memory.used > policy.idle_bytes:
            # A process of an earlier worker may still use the device.
            self._record(watched, Fault(reason=MEMORY_KEPT))

    def in_service(self) -> tuple[GpuDevice, ...]:
        """Return the devices that take jobs, after a look at them."""
        self.check_due_devices()
        return tuple(self._watched[uuid].device for uuid in self._ledger.in_service())

    def library_path(self) -> str:
        """Return the driver's folders that the linker does not search, joined by colons."""
        folders = {
            str(Path(library).parent)
            for watched in self._watched.values()
            for library in self.adapter.exposure(watched.device).libraries
        }
        return ":".join(sorted(f for f in folders if not f.startswith(_LINKED)))

    def reserve(
        self, memory_bytes: int, while_waiting: Callable[[], None]
    ) -> tuple[Watched, Reservation]:
        """Return a device and a reservation on it, once the jobs before this have theirs.

        `while_waiting` is called several times a second. If it raises, the place in the
        queue is given up. Raises GpuMissingError.
        """
        if memory_bytes <= 0:
            raise GpuMissingError("the job does not say how much GPU memory it needs")
        self.check_due_devices()
        size = memory_bytes + self.policy.context_bytes
        reservation: Reservation | None = None
        try:
            reservation = self._ledger.enqueue(size)
            while (uuid := self._ledger.try_allocate(reservation)) is None:
                self._ledger.wait(_PATIENCE_SECONDS)
                while_waiting()
                self.check_due_devices()
        except BaseException as error:
            if reservation is not None:
                self._ledger.release(reservation)
            if isinstance(error, NeverFitsError):
                raise GpuMissingError(self._why_not(size)) from None
            raise
        return self._watched[uuid], reservation

    def _why_not(self, size: int) -> str:
        serving = self._ledger.in_service()
        if not serving:
            return "no GPU of this host is in service"
        most = max(self._watched[uuid].capacity for uuid in serving)
        return (
            f"the job needs {size} bytes of GPU memory, and no GPU in service can "
            f"give more than {most}"
        )

    def give_back(self, watched: Watched, reservation: Reservation) -> None:
        """Free the reservation once its memory is back, or quarantine the device."""
        uuid = watched.device.uuid
        try:
            with self._checking:
                self._examine(watched)
            deadline = self.clock() + self.policy.return_seconds
            while uuid in self._ledger.in_service():
                if self._is_within(watched, besides=reservation):
                    break
                if self.clock() >= deadline:
                    self._quarantine(watched, Fault(reason=MEMORY_KEPT))
                self._pause(_PAUSE_SECONDS)
        finally:
            self._ledger.release(reservation)

    def check_due_devices(self) -> None:
        """Look at each device that is due, unless another thread is doing so."""
        if not self._checking.acquire(blocking=False):
            return
        try:
            for watched in self._watched.values():
                if self.clock() >= watched.due:
                    self._examine(watched)
        finally:
            self._checking.release()

    def _examine(self, watched: Watched) -> None:
        if watched.device.uuid in self._ledger.in_service():
            self._check_serving(watched)
        else:
            self._recheck(watched)

    def _check_serving(self, watched: Watched) -> None:
        """Look at a device in service, and quarantine it if it has a fault."""
        watched.due = self.clock() + self.policy.look_seconds
        fault = self._find_fault(watched)
        if fault is not None:
            self._quarantine(watched, fault)
        else:
            watched.overfull += not self._is_within(watched)

    def _find_fault(self, watched: Watched) -> Fault | None:
        """Return the device's fault, and note it for the jobs that are on the device."""
        health = self.adapter.health(watched.device)
        fault = find_fault(health, watched.errors)
        watched.errors = max(watched.errors, health.errors)
        if fault is not None:
            watched.reason = fault.reason
            watched.faults += 1
        return fault

    def _recheck(self, watched: Watched) -> None:
        """Put the device back into service if a person said so, or if it is well now."""
        watched.due = self.clock() + self.policy.recheck_seconds
        uuid = watched.device.uuid
        fault = self._find_fault(watched) or watched.unrecorded
        if fault is not None:
            self._record(watched, fault)
            return
        record = self._records.get(uuid)
        if record is not None:
            if record.needs_person or not self._is_within(watched):
                return
            self._records.release(uuid)
        log.warning("GPU %s is in service again", uuid)
        self._ledger.restore(uuid)

    def _quarantine(self, watched: Watched, fault: Fault) -> None:
        log.error("GPU %s takes no more jobs: %s", watched.device.uuid, fault.reason)
        watched.due = self.clock() + self.policy.recheck_seconds
        self._record(watched, fault)
        self._ledger.withdraw(watched.device.uuid)

    def _record(self, watched: Watched, fault: Fault) -> None:
        """Record the quarantine, or remember the fault until it can be recorded."""
        try:
            self._records.put(watched.device.uuid, fault)
            watched.unrecorded = None
        except OSError:
            watched.unrecorded = fault
            log.exception(
                "the quarantine of GPU %s could not be recorded", watched.device.uuid
            )

    def _is_within(
        self, watched: Watched, *, besides: Reservation | None = None
    ) -> bool:
        """Return whether the memory in use is about what was given out, or less."""
        policy = self.policy
        held = self._ledger.allocated_bytes(watched.device.uuid, besides=besides)
        spares = policy.spares * policy.context_bytes
        try:
            used = self.adapter.memory(watched.device).used
        except GpuUnreadableError:
            return False
        return used <= watched.baseline + held + spares + policy.tolerance_bytes

    def usage(self, device: GpuDevice) -> Mapping[int, int]:
        """Return the bytes of the device's memory by process, as far as they are known."""
        try:
            return self.adapter.processes(device)
        except GpuUnreadableError:
            return {}

    def usage_by_device(self) -> tuple[GpuUsage, ...]:
        """Return what is in use of each device, also of those out of service."""
        serving = self._ledger.in_service()
        return tuple(
            self._usage_of(watched, in_service=uuid in serving)
            for uuid, watched in self._watched.items()
        )

    def _usage_of(self, watched: Watched, *, in_service: bool) -> GpuUsage:
        device = watched.device
        try:
            memory = self.adapter.memory(device)
        except GpuUnreadableError:
            memory = GpuMemory(used=-1, total=-1)
        return GpuUsage(
            uuid=device.uuid,
            name=device.name,
            in_service=in_service,
            used=memory.used,
            given_out=self._ledger.allocated_bytes(device.uuid),
            total=memory.total,
        )

    def is_shared(self, reservation: Reservation) -> bool:
        """Return whether other jobs hold a share of the reservation's device."""
        return (
            self._ledger.allocated_bytes(reservation.device or "", besides=reservation)
            > 0
        )

    def close(self) -> None:
        """Give up all devices."""
        self._records.close()
