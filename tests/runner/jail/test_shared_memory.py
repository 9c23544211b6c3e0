"""Without a control group, uncounted shared memory is refused; honest work runs."""

import dataclasses
from collections.abc import Iterator

import pytest

from runner.host.runner import Runner
from tests.runner.notebooks import job, text

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def alone() -> Iterator[Runner]:
    """Yield a runner without a control group."""
    runner = Runner({"default": ""})
    plain = dataclasses.replace(runner._capabilities, hierarchy=None)
    runner._capabilities = plain
    assert runner.level() == "L1"
    yield runner
    runner.close()


def said(runner: Runner, attempt: str) -> str:
    source = (
        "import mmap, os\nzero = os.open('/dev/zero', os.O_RDWR)\n"
        f"try: {attempt}; print('done')\nexcept OSError: print('refused')"
    )
    return text(runner.run(job(source))).strip()


UNCOUNTED = {
    "of no file": "mmap.mmap(-1, 1 << 20)",
    "of no file, a little more than a page": "mmap.mmap(-1, 4097)",
    "of /dev/zero": "mmap.mmap(zero, 1 << 20)",
}
HONEST = {
    "a page": "mmap.mmap(-1, 4096)[0] = 1",
    "its own": "mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)",
    "zeros": "assert os.read(zero, 9) == bytes(9)",
}


@pytest.mark.parametrize("name", UNCOUNTED)
def test_shared_memory_that_nobody_counts_is_refused(alone: Runner, name: str) -> None:
    assert said(alone, UNCOUNTED[name]) == "refused"


@pytest.mark.parametrize("name", HONEST)
def test_counted_or_small_shared_memory_is_allowed(alone: Runner, name: str) -> None:
    assert said(alone, HONEST[name]) == "done"


WORKERS = """
import multiprocessing, numpy as np, torch
from multiprocessing import Pool, shared_memory
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.arange(64.0).reshape(32, 2))
print(sum(float(x.sum()) for (x,) in DataLoader(data, 8, num_workers=2)))
shared = torch.ones(1000, 100).share_memory_()
room = multiprocessing.Array("d", 50_000)
block = shared_memory.SharedMemory(create=True, size=1 << 20)
def work(n):
    shared[n] = n; room[n] = n; block.buf[n] = n
    return n * n
with Pool(2) as pool: print(pool.map(work, range(4)))
print(shared[3, 0].item(), room[3], block.buf[3])
block.close(); block.unlink()
np.lib.format.open_memmap("a.npy", "w+", shape=(1000, 1000))[:] = 1
print(np.load("a.npy", mmap_mode="r").sum())
"""


@pytest.mark.long
def test_cooperating_processes_can_share_memory(alone: Runner) -> None:
    said = text(alone.run(job(WORKERS)))
    assert said.split("\n")[:4] == ["2016.0", "[0, 1, 4, 9]", "3.0 3.0 3", "1000000.0"]
