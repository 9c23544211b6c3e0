"""A host with one scripted GPU, and what tests of it say again and again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.gpu.gpu_policy import GpuPolicy
from runner.gpu.lease import GpuLease, acquire
from runner.gpu.pool import GpuPool
from runner.protocol.endings import JobEnded, limit
from runner.protocol.jobs import Verdict
from tests.runner.gpu.fake_gpu import FIRST, GIB, FakeClock, FakeGpus

POLICY = GpuPolicy(reserve_bytes=GIB, context_bytes=GIB, return_seconds=10)
PID, OTHER_PID = 101, 102
OUT_OF_MEMORY = limit("gpu_memory", bytes=4 * GIB, cell=1)
COMPLETED = JobEnded(Verdict.COMPLETED, "completed")
Maker = Callable[..., GpuPool]


@pytest.fixture
def gpus() -> FakeGpus:
    return FakeGpus(FIRST, clock=FakeClock())


@pytest.fixture
def make_pool(gpus: FakeGpus, tmp_path: Path) -> Iterator[Maker]:
    """Pools over the same devices and records, as of workers one after another."""
    pools: list[GpuPool] = []

    def make(policy: GpuPolicy = POLICY) -> GpuPool:
        for earlier in pools:
            earlier.close()
        clock = gpus.clock
        pools.append(
            GpuPool(gpus, tmp_path, policy=policy, clock=clock, pause=clock.pause)
        )
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def never() -> None:
    pytest.fail("there was nothing to wait for")


def get(pool: GpuPool, size: int = 4 * GIB) -> GpuLease:
    return acquire(pool, size, never)


def serving(pool: GpuPool) -> list[str]:
    return [device.uuid for device in pool.in_service()]


def later(gpus: FakeGpus, seconds: float = 60) -> None:
    gpus.clock.pause(seconds)
