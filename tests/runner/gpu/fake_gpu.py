"""Scripted GPUs: memory, faults and time as a test sets them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.gpu.adapter import (
    GpuDevice,
    GpuExposure,
    GpuHealth,
    GpuMemory,
    GpuUnreadableError,
)

GIB = 1024**3
MIB = 1024**2
FIRST = "GPU-1"
SECOND = "GPU-2"


@dataclass
class FakeClock:
    """A clock that moves only when somebody waits."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class FakeProcess:
    """One process's memory on a device, and when the driver takes it back."""

    used: int
    gone_at: float = math.inf


@dataclass
class FakeGpu:
    """The script of one device."""

    total: int = 16 * GIB
    idle: int = 100 * MIB
    processes: dict[int, FakeProcess] = field(default_factory=dict)
    reason: str = ""
    errors: int = 0
    xids: list[int] = field(default_factory=list)
    is_lost: bool = False


class FakeGpus:
    """An adapter for devices with these names, all equal until a test changes one."""

    def __init__(self, *uuids: str, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.gpus = {uuid: FakeGpu() for uuid in uuids}

    def use(self, uuid: str, pid: int, size: int) -> None:
        """Give the process so much of the device's memory from now on."""
        self.gpus[uuid].processes[pid] = FakeProcess(size)

    def end(self, uuid: str, pid: int, *, lingering: float = 0.0) -> None:
        """End the process; the driver takes its memory back a while later."""
        self.gpus[uuid].processes[pid].gone_at = self.clock() + lingering

    def _alive(self, uuid: str) -> dict[int, FakeProcess]:
        gpu = self.gpus[uuid]
        if gpu.is_lost:
            raise GpuUnreadableError("lost")
        now = self.clock()
        return {pid: one for pid, one in gpu.processes.items() if one.gone_at > now}

    def devices(self) -> tuple[GpuDevice, ...]:
        return tuple(
            GpuDevice(uuid=uuid, name="Fake", minor=number, driver="1.0")
            for number, uuid in enumerate(self.gpus)
        )

    def memory(self, device: GpuDevice) -> GpuMemory:
        used = sum(one.used for one in self._alive(device.uuid).values())
        gpu = self.gpus[device.uuid]
        return GpuMemory(used=gpu.idle + used, total=gpu.total)

    def processes(self, device: GpuDevice) -> Mapping[int, int]:
        return {pid: one.used for pid, one in self._alive(device.uuid).items()}

    def health(self, device: GpuDevice) -> GpuHealth:
        gpu = self.gpus[device.uuid]
        xids, gpu.xids = tuple(gpu.xids), []
        reason = "lost" if gpu.is_lost else gpu.reason
        return GpuHealth(reason=reason, errors=gpu.errors, xids=xids)

    def exposure(self, device: GpuDevice) -> GpuExposure:
        return GpuExposure(nodes=(f"/dev/nvidia{device.minor}",))
