"""Jobs share a GPU by their declared memory, all of which comes back after each.

These tests do on a scripted device what test_gpu_real.py does on a real one.
"""

import threading
from pathlib import Path

import pytest

from runner.gpu.adapter import GpuExposure
from runner.gpu.device_records import DeviceRecords
from runner.gpu.gpu_policy import GpuPolicy, checks_in_place
from runner.gpu.lease import acquire
from runner.gpu.pool import MEMORY_KEPT, GpuMissingError, GpuPool
from runner.protocol.endings import JobEnded
from runner.protocol.jobs import Device, Verdict
from tests.runner.gpu.fake_gpu import FIRST, GIB, MIB, SECOND, FakeGpus
from tests.runner.gpu.gpu_host import (
    COMPLETED,
    OTHER_PID,
    OUT_OF_MEMORY,
    PID,
    POLICY,
    Maker,
    get,
    later,
    serving,
)

# --- Shares -------------------------------------------------------------------


def test_jobs_share_a_device_as_long_as_their_memory_fits(
    gpus: FakeGpus, make_pool: Maker
) -> None:
    pool = make_pool()
    first, second = get(pool, 6 * GIB), get(pool, 6 * GIB)
    waited = []

    def end_one() -> None:
        waited.append(1)
        if len(waited) == 3:
            first.release()

    third = acquire(pool, 6 * GIB, end_one)
    assert {one.device.uuid for one in (first, second, third)} == {FIRST}
    assert len(waited) == 3


def test_an_exception_of_the_caller_gives_up_its_place(make_pool: Maker) -> None:
    pool = make_pool()
    first = get(pool, 12 * GIB)

    def cancel() -> None:
        raise JobEnded(Verdict.CANCELLED, "cancelled")

    with pytest.raises(JobEnded):
        acquire(pool, 12 * GIB, cancel)
    first.release()
    get(pool, 12 * GIB)


@pytest.mark.parametrize("size", [15 * GIB, 0, -1])
def test_a_job_that_can_never_fit_gets_an_error_at_once(
    make_pool: Maker, size: int
) -> None:
    with pytest.raises(GpuMissingError, match="memory"):
        get(make_pool(), size)


def test_a_host_without_gpus_gives_an_error(tmp_path: Path) -> None:
    pool = GpuPool(FakeGpus(), tmp_path)
    assert pool.in_service() == ()
    with pytest.raises(GpuMissingError, match="no GPU"):
        get(pool)


def test_memory_is_reserved_for_spare_processes(make_pool: Maker) -> None:
    with_spares = GpuPolicy(reserve_bytes=GIB, context_bytes=GIB, spares=2)
    with pytest.raises(GpuMissingError):
        get(make_pool(with_spares), 12 * GIB)
    get(make_pool(), 12 * GIB)


def test_competing_threads_never_get_more_than_there_is(
    gpus: FakeGpus, tmp_path: Path
) -> None:
    pool = GpuPool(gpus, tmp_path, policy=POLICY)
    lock, at_once, most, done = threading.Lock(), 0, 0, 0

    def work() -> None:
        nonlocal at_once, most, done
        for _ in range(5):
            with acquire(pool, 6 * GIB, lambda: None):
                with lock:
                    at_once += 1
                    most = max(most, at_once)
                with lock:
                    at_once -= 1
                    done += 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    pool.close()
    assert (done, most <= 2) == (20, True)


def test_two_workers_do_not_use_the_same_device(
    gpus: FakeGpus, make_pool: Maker, tmp_path: Path
) -> None:
    make_pool()
    other = GpuPool(gpus, tmp_path, policy=POLICY)
    assert other.in_service() == ()


def test_a_worker_can_be_given_some_of_the_devices(tmp_path: Path) -> None:
    pool = GpuPool(FakeGpus(FIRST, SECOND), tmp_path, only=[SECOND])
    assert serving(pool) == [SECOND]
    pool.close()


# --- A job's own limit --------------------------------------------------------


def test_a_job_past_its_memory_fails_and_its_neighbour_continues(
    gpus: FakeGpus, make_pool: Maker
) -> None:
    pool = make_pool()
    greedy, neighbour = get(pool), get(pool)
    gpus.use(FIRST, PID, 9 * GIB)
    gpus.use(FIRST, OTHER_PID, 2 * GIB)
    with pytest.raises(JobEnded) as caught:
        greedy.watch([PID])
    neighbour.watch([OTHER_PID])
    assert (caught.value.verdict, caught.value.code) == (Verdict.LIMIT, "gpu_memory")
    assert caught.value.detail == {"bytes": 4 * GIB}
    assert neighbour.peak_bytes == 2 * GIB


def test_a_job_that_another_job_left_without_memory_is_not_blamed(
    gpus: FakeGpus, make_pool: Maker
) -> None:
    pool = make_pool()
    greedy, neighbour = get(pool), get(pool)
    gpus.use(FIRST, PID, 13 * GIB)
    gpus.use(FIRST, OTHER_PID, 2 * GIB)
    later(gpus)
    neighbour.watch([OTHER_PID])
    with pytest.raises(JobEnded):
        greedy.watch([PID])
    assert neighbour.ending_of(OUT_OF_MEMORY).code == "gpu_fault"
    assert greedy.ending_of(OUT_OF_MEMORY) is OUT_OF_MEMORY


def test_a_job_alone_on_a_device_cannot_blame_another(
    gpus: FakeGpus, make_pool: Maker
) -> None:
    job = get(make_pool())
    gpus.use(FIRST, OTHER_PID, 13 * GIB)
    later(gpus)
    job.watch([PID])
    assert job.ending_of(OUT_OF_MEMORY) is OUT_OF_MEMORY


def test_the_peak_adds_up_all_of_the_job_s_processes(
    gpus: FakeGpus, make_pool: Maker
) -> None:
    job = get(make_pool())
    for pid, size in ((PID, 2 * GIB), (OTHER_PID, 1 * GIB)):
        gpus.use(FIRST, pid, size)
    job.watch([PID, OTHER_PID, 999])
    gpus.end(FIRST, PID)
    later(gpus)
    job.watch([OTHER_PID])
    assert job.peak_bytes == 3 * GIB


# --- Memory comes back --------------------------------------------------------


def test_a_share_is_free_once_its_memory_is_back(
    gpus: FakeGpus, make_pool: Maker
) -> None:
    pool = make_pool()
    job = get(pool)
    gpus.use(FIRST, PID, 4 * GIB)
    gpus.end(FIRST, PID, lingering=3)
    started = gpus.clock()
    job.release()
    job.release()
    assert 3 <= gpus.clock() - started < 4
    assert serving(pool) == [FIRST]
    get(pool, 12 * GIB)


def test_a_device_takes_no_jobs_until_its_memory_is_back(
    gpus: FakeGpus, make_pool: Maker, tmp_path: Path
) -> None:
    pool = make_pool()
    job = get(pool)
    gpus.use(FIRST, PID, 4 * GIB)
    job.release()
    assert job.ending_of(COMPLETED) is COMPLETED
    assert serving(pool) == []
    kept = DeviceRecords(tmp_path).get(FIRST)
    assert kept is not None
    assert kept.reason == MEMORY_KEPT
    gpus.end(FIRST, PID)
    later(gpus)
    assert serving(pool) == [FIRST]


def test_slightly_more_memory_in_use_is_not_a_fault(
    gpus: FakeGpus, make_pool: Maker
) -> None:
    pool = make_pool()
    job = get(pool)
    gpus.gpus[FIRST].idle += 100 * MIB
    job.release()
    assert serving(pool) == [FIRST]


def test_memory_of_jobs_that_still_run_is_expected(
    gpus: FakeGpus, make_pool: Maker
) -> None:
    pool = make_pool()
    first, second = get(pool), get(pool)
    gpus.use(FIRST, OTHER_PID, 4 * GIB)
    first.release()
    assert serving(pool) == [FIRST]
    gpus.end(FIRST, OTHER_PID)
    second.release()
    assert serving(pool) == [FIRST]


def test_a_device_that_is_full_at_the_start_takes_no_jobs_yet(
    gpus: FakeGpus, make_pool: Maker
) -> None:
    gpus.use(FIRST, PID, 4 * GIB)
    pool = make_pool()
    assert serving(pool) == []
    gpus.end(FIRST, PID)
    later(gpus)
    assert serving(pool) == [FIRST]


# --- Facts for the rest of the runner -----------------------------------------


def test_a_lease_gives_the_order_and_the_device_files(
    make_pool: Maker,
) -> None:
    job = get(make_pool())
    order = job.order(seed=7)
    assert (order.uuid, order.memory_bytes, order.seed) == (FIRST, 4 * GIB, 7)
    assert job.exposure().nodes == ("/dev/nvidia0",)


def test_checks_run_in_place_on_a_gpu_only() -> None:
    assert checks_in_place(Device.CUDA)
    assert not checks_in_place(Device.CPU)


def test_only_the_driver_s_own_folders_are_added_to_the_linker_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus = FakeGpus(FIRST)
    pool = GpuPool(gpus, tmp_path)
    assert pool.library_path() == ""
    libraries = ("/usr/local/nvidia/lib64/libcuda.so.1", "/usr/lib/libcuda.so.1")
    exposure = GpuExposure(nodes=(), libraries=libraries)
    monkeypatch.setattr(gpus, "exposure", lambda _: exposure)
    assert pool.library_path() == "/usr/local/nvidia/lib64"
