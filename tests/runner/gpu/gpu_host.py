"""A host with one scripted GPU, and helpers that its tests share."""

from collections.abc import Callable

import pytest

from runner.gpu.gpu_policy import GpuPolicy
from runner.gpu.lease import GpuLease, acquire
from runner.gpu.pool import GpuPool
from runner.protocol.endings import JobEnded, limit
from runner.protocol.jobs import Verdict
from tests.runner.gpu.fake_gpu import GIB, FakeGpus

POLICY = GpuPolicy(reserve_bytes=GIB, context_bytes=GIB, return_seconds=10)
PID, OTHER_PID = 101, 102
OUT_OF_MEMORY = limit("gpu_memory", bytes=4 * GIB, cell=1)
COMPLETED = JobEnded(Verdict.COMPLETED, "completed")
Maker = Callable[..., GpuPool]


def never() -> None:
    pytest.fail("there was nothing to wait for")


def get(pool: GpuPool, size: int = 4 * GIB) -> GpuLease:
    return acquire(pool, size, never)


def serving(pool: GpuPool) -> list[str]:
    return [device.uuid for device in pool.in_service()]


def later(gpus: FakeGpus, seconds: float = 60) -> None:
    gpus.clock.pause(seconds)
