"""On a real GPU, memory, faults and flags of one job do not reach another job.

Tests that need a device are marked `gpu`, and skipped with a reason where none is
there. The same code also runs on the processor, or on a scripted device in test_gpu_lease.py,
test_gpu_faults.py or test_gpu_adapters.py. scripts/gpu_check.sh runs it without Django.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from runner.gpu.adapter import GpuAdapter, GpuDevice
from runner.gpu.cuda_order import CudaOrder
from runner.gpu.device_faults import out_of_memory
from runner.gpu.gpu_policy import GpuPolicy
from runner.gpu.lease import GpuLease, acquire
from runner.gpu.nvidia import find_adapter
from runner.gpu.pool import GpuPool
from runner.protocol.endings import JobEnded
from runner.protocol.jobs import Verdict
from tests.runner.gpu.gpu_children import Child, Forker

pytestmark = pytest.mark.torch

GIB = 1024**3
SEED = 7
BOTH = pytest.mark.parametrize(
    "where", [pytest.param("cuda", marks=pytest.mark.gpu), "cpu"]
)
COMPLETED = JobEnded(Verdict.COMPLETED, "completed")
Starter = Callable[..., Child]


@pytest.fixture(scope="module")
def forker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forker]:
    forker = Forker(tmp_path_factory.mktemp("scratch"))
    yield forker
    forker.close()


@pytest.fixture(scope="module")
def adapter() -> GpuAdapter:
    if torch.version.cuda is None:
        pytest.skip("torch was built without CUDA")
    adapter = find_adapter()
    if not adapter.devices():
        pytest.skip("there is no NVIDIA GPU")
    return adapter


@pytest.fixture
def gpu(adapter: GpuAdapter) -> GpuDevice:
    return adapter.devices()[0]


@pytest.fixture
def pool(adapter: GpuAdapter, gpu: GpuDevice, tmp_path: Path) -> Iterator[GpuPool]:
    pool = GpuPool(adapter, tmp_path, policy=GpuPolicy(), only=[gpu.uuid])
    if not pool.in_service():
        pytest.skip(f"{gpu.name} is in use")
    yield pool
    pool.close()


@pytest.fixture
def start(forker: Forker) -> Iterator[Starter]:
    """Give a function that starts children, and end them all afterwards."""
    children: list[Child] = []

    def start(code: str, order: CudaOrder | None = None) -> Child:
        children.append(forker.start(code, order=order, seed=SEED))
        return children[-1]

    yield start
    for child in children:
        child.kill()


@pytest.fixture
def order(where: str, request: pytest.FixtureRequest) -> CudaOrder | None:
    """Return the order for a child that computes there."""
    if where == "cpu":
        return None
    gpu = request.getfixturevalue("gpu")
    return CudaOrder(uuid=gpu.uuid, memory_bytes=8 * GIB, seed=SEED)


def lease(pool: GpuPool, size: int) -> GpuLease:
    return acquire(pool, size, lambda: pytest.fail("the device is in use"))


# --- On either ----------------------------------------------------------------


@BOTH
def test_nothing_is_touched_before_the_fork(
    start: Starter, order: CudaOrder | None
) -> None:
    child = start(
        "x = torch.ones(4, device=device); host.send({'sum': float(x.sum())})", order
    )
    assert child.hello["untouched"]
    assert child.hear() == {"sum": 4.0}


CANARY = 0x5AC3_5AC3_5AC3_5AC3
FILL = f"""
x = torch.full(({{size}} // 8,), {CANARY}, dtype=torch.int64, device=device)
host.send({{{{'filled': int((x[-1000:] == {CANARY}).sum())}}}})
host.receive()
"""
SEARCH = f"""
x = torch.empty({{size}} // 8, dtype=torch.int64, device=device)
host.send({{{{'found': sum(int((part == {CANARY}).sum()) for part in x.split(1 << 26))}}}})
"""


@BOTH
def test_uninitialised_memory_holds_no_data_of_another_job(
    start: Starter, where: str, request: pytest.FixtureRequest
) -> None:
    order, size = None, GIB // 16
    if where == "cuda":
        # Most of the device, so that the second gets the first one's memory.
        gpu, adapter = map(request.getfixturevalue, ("gpu", "adapter"))
        size = adapter.memory(gpu).total // 4 * 3
        order = CudaOrder(uuid=gpu.uuid, memory_bytes=size + 4 * GIB, seed=SEED)
    first = start(FILL.format(size=size), order)
    assert first.hear() == {"filled": 1000}
    first.kill()
    assert start(SEARCH.format(size=size), order).hear() == {"found": 0}


FLAGS = """
names = ("torch.backends.cuda.matmul.allow_tf32", "torch.backends.cudnn.allow_tf32",
         "torch.backends.cudnn.benchmark", "torch.backends.cudnn.deterministic")
flags = [str(eval(name)) for name in names]
flags += [str(torch.are_deterministic_algorithms_enabled()),
          str(torch.get_default_dtype()), str(torch.get_float32_matmul_precision())]
numbers = torch.rand(3, device=device).tolist()
"""
CHANGE = """
torch.backends.cuda.matmul.allow_tf32 = not torch.backends.cuda.matmul.allow_tf32
torch.backends.cudnn.benchmark = True
torch.use_deterministic_algorithms(True)
torch.set_default_dtype(torch.float64)
torch.manual_seed(99)
torch.rand(100, device=device)
host.send({'changed': True})
"""


@BOTH
def test_flags_and_generators_of_one_job_do_not_reach_the_next(
    start: Starter, order: CudaOrder | None
) -> None:
    look = FLAGS + "host.send({'flags': flags, 'numbers': numbers})"
    before = start(look, order).hear()
    assert start(CHANGE, order).hear() == {"changed": True}
    assert start(look, order).hear() == before


# --- On a GPU only ------------------------------------------------------------

HOLD = """
x = torch.zeros({size}, dtype=torch.uint8, device=device)
torch.cuda.synchronize()
host.send({{'held': True}})
host.receive()
host.send({{'sum': int(x.sum())}})
"""


@pytest.mark.gpu
def test_the_driver_and_torch_agree_on_the_device(
    start: Starter, adapter: GpuAdapter, gpu: GpuDevice
) -> None:
    order = CudaOrder(uuid=gpu.uuid, memory_bytes=GIB, seed=SEED)
    child = start("host.send({'count': torch.cuda.device_count()})", order)
    report = child.hello["report"]
    assert report["name"] == gpu.name
    assert abs(report["total_bytes"] - adapter.memory(gpu).total) < 2 * GIB
    assert child.hear() == {"count": 1}


@pytest.mark.gpu
def test_other_devices_are_not_visible_by_number(
    start: Starter, gpu: GpuDevice
) -> None:
    order = CudaOrder(uuid=gpu.uuid, memory_bytes=GIB, seed=SEED)
    child = start("host.send({'has': torch.ones(1, device='cuda:1').tolist()})", order)
    assert "ename" in child.hear()


@pytest.mark.gpu
def test_the_device_files_that_a_jail_shows_exist(
    adapter: GpuAdapter, gpu: GpuDevice
) -> None:
    nodes = [Path(one) for one in adapter.exposure(gpu).nodes]
    assert all(one.is_char_device() for one in nodes)
    numbered = [one.name for one in nodes if one.name[-1].isdigit()]
    assert numbered == [f"nvidia{gpu.minor}"]


@pytest.mark.gpu
def test_a_spare_process_takes_no_more_than_is_reserved(
    start: Starter, pool: GpuPool, gpu: GpuDevice
) -> None:
    before = pool.adapter.memory(gpu).used
    start("host.receive()", CudaOrder(uuid=gpu.uuid, memory_bytes=GIB, seed=SEED))
    taken = pool.adapter.memory(gpu).used - before
    assert 0 < taken <= pool.policy.context_bytes


@pytest.mark.gpu
def test_a_process_past_its_memory_fails_and_its_neighbour_continues(
    start: Starter, pool: GpuPool
) -> None:
    with lease(pool, 2 * GIB) as first, lease(pool, 4 * GIB) as second:
        neighbour = start(HOLD.format(size=3 * GIB), second.order(SEED))
        assert neighbour.hear() == {"held": True}
        greedy = start(HOLD.format(size=3 * GIB), first.order(SEED))
        error = greedy.hear()
        stop = out_of_memory(
            error["ename"], error["words"], limit_bytes=2 * GIB, cell=1
        )
        assert stop is not None
        assert first.ending_of(stop) is stop
        neighbour.go_on()
        assert neighbour.hear() == {"sum": 0}
        neighbour.kill()
        greedy.kill()


LIFT = "torch.cuda.set_per_process_memory_fraction(1.0)\n"


@pytest.mark.gpu
def test_a_process_that_removes_torch_s_limit_is_stopped_by_the_host(
    start: Starter, pool: GpuPool
) -> None:
    with lease(pool, 2 * GIB) as share:
        child = start(LIFT + HOLD.format(size=6 * GIB), share.order(SEED))
        assert child.hear() == {"held": True}
        if child.pid not in pool.usage(share.device):
            pytest.skip("the driver does not tell this process whose memory it is")
        with pytest.raises(JobEnded) as caught:
            share.watch([child.pid])
        assert caught.value.code == "gpu_memory"
        assert share.peak_bytes > 6 * GIB
        child.kill()


ASSERT = """
index = torch.tensor([10], device=device)
torch.ones(1, device=device)[index]
torch.cuda.synchronize()
"""
ENDLESS = """
host.send({'running': True})
torch.cuda._sleep(1 << 62)
torch.cuda.synchronize()
"""


@pytest.mark.gpu
def test_memory_comes_back_after_a_kill(start: Starter, pool: GpuPool) -> None:
    share = lease(pool, 8 * GIB)
    child = start(HOLD.format(size=6 * GIB), share.order(SEED))
    assert child.hear() == {"held": True}
    child.kill()
    share.release()
    assert pool.in_service() == (share.device,)


@pytest.mark.gpu
def test_an_endless_kernel_ends_with_its_process(start: Starter, pool: GpuPool) -> None:
    share = lease(pool, 2 * GIB)
    child = start(ENDLESS, share.order(SEED))
    assert child.hear() == {"running": True}
    child.kill()
    share.release()
    assert pool.in_service() == (share.device,)


@pytest.mark.gpu
def test_an_index_out_of_bounds_breaks_its_own_process_only(
    start: Starter, pool: GpuPool
) -> None:
    with lease(pool, 2 * GIB) as first, lease(pool, 2 * GIB) as second:
        neighbour = start(HOLD.format(size=GIB), second.order(SEED))
        assert neighbour.hear() == {"held": True}
        broken = start(ASSERT, first.order(SEED))
        assert "assert" in broken.hear()["words"]
        broken.kill()
        neighbour.go_on()
        assert neighbour.hear() == {"sum": 0}
        neighbour.kill()
        first.release()
        assert first.ending_of(COMPLETED) is COMPLETED
    assert pool.in_service() == (second.device,)
