"""A faulty GPU gets no more jobs until it is healthy, and its jobs lose no try."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runner.gpu.device_records import DeviceRecords
from runner.gpu.lease import acquire
from runner.gpu.pool import GpuMissingError, GpuPool
from runner.protocol.endings import JobEnded
from runner.protocol.jobs import Verdict
from tests.runner.gpu.fake_gpu import FIRST, GIB, SECOND, FakeGpus
from tests.runner.gpu.gpu_host import (
    COMPLETED,
    OUT_OF_MEMORY,
    PID,
    POLICY,
    Maker,
    get,
    later,
    serving,
)

# --- Faults -------------------------------------------------------------------


def break_by_xid(gpus: FakeGpus) -> None:
    gpus.gpus[FIRST].xids.append(79)


def break_by_errors(gpus: FakeGpus) -> None:
    gpus.gpus[FIRST].errors += 1


def break_by_loss(gpus: FakeGpus) -> None:
    gpus.gpus[FIRST].is_lost = True


def break_by_reason(gpus: FakeGpus) -> None:
    gpus.gpus[FIRST].reason = "it must be reset"


FAULTS = [break_by_xid, break_by_errors, break_by_loss, break_by_reason]


@pytest.mark.parametrize("break_device", FAULTS)
def test_a_device_fault_is_our_fault_for_every_job_on_it(
    gpus: FakeGpus, make_pool: Maker, break_device: Callable[[FakeGpus], None]
) -> None:
    pool = make_pool()
    running, ending = get(pool), get(pool)
    break_device(gpus)
    later(gpus)
    with pytest.raises(JobEnded) as caught:
        running.watch([PID])
    assert (caught.value.verdict, caught.value.code) == (Verdict.PLATFORM, "gpu_fault")
    for stop in (COMPLETED, OUT_OF_MEMORY):
        assert ending.ending_of(stop).verdict is Verdict.PLATFORM
    assert serving(pool) == []


@pytest.mark.parametrize("break_device", FAULTS)
def test_a_fault_at_the_end_of_a_job_is_found_at_its_release(
    gpus: FakeGpus, make_pool: Maker, break_device: Callable[[FakeGpus], None]
) -> None:
    pool = make_pool()
    job = get(pool)
    break_device(gpus)
    started = gpus.clock()
    job.release()
    assert job.ending_of(COMPLETED).code == "gpu_fault"
    assert gpus.clock() == started
    assert serving(pool) == []


def test_a_fault_in_quarantine_hits_only_jobs_still_on_the_device(
    gpus: FakeGpus, make_pool: Maker
) -> None:
    pool = make_pool()
    first, second = get(pool), get(pool)
    gpus.use(FIRST, PID, 9 * GIB)
    first.release()
    assert serving(pool) == []
    break_by_xid(gpus)
    second.release()
    assert second.ending_of(COMPLETED).code == "gpu_fault"
    assert first.ending_of(COMPLETED) is COMPLETED


def test_a_cancelled_job_stays_cancelled(gpus: FakeGpus, make_pool: Maker) -> None:
    job = get(make_pool())
    break_by_xid(gpus)
    job.release()
    cancelled = JobEnded(Verdict.CANCELLED, "cancelled")
    assert job.ending_of(cancelled) is cancelled


def test_a_job_gets_a_healthy_device(tmp_path: Path) -> None:
    gpus = FakeGpus(FIRST, SECOND)
    pool = GpuPool(gpus, tmp_path, policy=POLICY, clock=gpus.clock)
    break_by_xid(gpus)
    later(gpus)
    jobs = [get(pool), get(pool)]
    assert {job.device.uuid for job in jobs} == {SECOND}
    assert [job.ending_of(COMPLETED) for job in jobs] == [COMPLETED] * 2
    pool.close()


def test_a_job_waiting_for_a_device_that_fails_gets_an_error(
    gpus: FakeGpus, make_pool: Maker
) -> None:
    pool = make_pool()
    get(pool, 12 * GIB)

    def fail() -> None:
        break_by_xid(gpus)
        later(gpus)

    with pytest.raises(GpuMissingError, match="in service"):
        acquire(pool, 12 * GIB, fail)


@pytest.mark.parametrize("xid", [13, 31, 43])
def test_an_error_that_a_notebook_can_cause_is_not_a_device_fault(
    gpus: FakeGpus, make_pool: Maker, xid: int
) -> None:
    pool = make_pool()
    job = get(pool)
    gpus.gpus[FIRST].xids.append(xid)
    job.release()
    assert job.ending_of(COMPLETED) is COMPLETED
    assert serving(pool) == [FIRST]


# --- Back into service --------------------------------------------------------


def test_a_device_that_is_healthy_again_takes_jobs_again(
    gpus: FakeGpus, make_pool: Maker
) -> None:
    pool = make_pool()
    break_by_reason(gpus)
    later(gpus)
    assert serving(pool) == []
    gpus.gpus[FIRST].reason = ""
    later(gpus)
    assert serving(pool) == [FIRST]
    assert get(pool).ending_of(COMPLETED) is COMPLETED


def test_a_fault_that_cannot_be_read_again_needs_a_person(
    gpus: FakeGpus, make_pool: Maker, tmp_path: Path
) -> None:
    pool = make_pool()
    break_by_xid(gpus)
    for _ in range(3):
        later(gpus)
        assert serving(pool) == []
    assert serving(make_pool()) == []  # another worker keeps it out of service too
    pool = make_pool()
    DeviceRecords(tmp_path).release(FIRST)
    later(gpus)
    assert serving(pool) == [FIRST]


def test_a_person_cannot_release_a_device_that_is_still_faulty(
    gpus: FakeGpus, make_pool: Maker, tmp_path: Path
) -> None:
    pool = make_pool()
    break_by_reason(gpus)
    later(gpus)
    pool.in_service()
    DeviceRecords(tmp_path).release(FIRST)
    later(gpus)
    assert serving(pool) == []


def test_a_quarantine_holds_even_if_it_cannot_be_recorded(
    gpus: FakeGpus, make_pool: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool()

    def refuse(*_: object) -> None:
        raise OSError("no space")

    with monkeypatch.context() as patched:
        patched.setattr(DeviceRecords, "put", refuse)
        break_by_xid(gpus)
        for _ in range(3):
            later(gpus)
            assert serving(pool) == []
    later(gpus)
    pool.in_service()
    assert DeviceRecords(tmp_path).get(FIRST) is not None


@pytest.mark.parametrize("junk", ["", "{}", "[1]", '{"reason": 1}'])
def test_a_record_that_cannot_be_read_needs_a_person(tmp_path: Path, junk: str) -> None:
    (tmp_path / f"{FIRST}.json").write_text(junk)
    fault = DeviceRecords(tmp_path).get(FIRST)
    assert fault is not None
    assert fault.needs_person


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a\0"])
def test_a_device_s_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        DeviceRecords(tmp_path).get(name)
