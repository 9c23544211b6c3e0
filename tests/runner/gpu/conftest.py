"""Fixtures: one scripted GPU, and pools over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.gpu.gpu_policy import GpuPolicy
from runner.gpu.pool import GpuPool
from tests.runner.gpu.fake_gpu import FIRST, FakeClock, FakeGpus
from tests.runner.gpu.gpu_host import POLICY, Maker


@pytest.fixture
def gpus() -> FakeGpus:
    return FakeGpus(FIRST, clock=FakeClock())


@pytest.fixture
def make_pool(gpus: FakeGpus, tmp_path: Path) -> Iterator[Maker]:
    """Give a function that makes one pool after another over the same devices."""
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
