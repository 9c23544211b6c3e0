"""When spares are made and thrown away, and how used jails are removed."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from queue import Queue
from typing import Final, cast

import pytest

from runner.host import prepared_job
from runner.host import spares as spares_module
from runner.host.job import shape_of
from runner.host.prepared_job import PreparedJob
from runner.host.runner import Runner
from runner.host.spares import Spares
from runner.protocol.jobs import Event, Limits, Verdict
from runner.wire.job_order import Shape
from tests.runner.notebooks import job
from tests.services.processes import wait_until

SHAPE: Final = shape_of(Limits())
NEVER: Final = 3600.0


def ready(spares: Spares) -> list[PreparedJob]:
    """Return the spares that wait for a job."""
    return [one for waiting in spares._ready.values() for one in waiting]


class FakePrepared:
    """A prepared job without processes."""

    is_alive = True
    shape = SHAPE

    def __init__(self) -> None:
        self.disposed = threading.Event()

    def dispose(self) -> None:
        self.disposed.set()


class FakeMaker:
    """A maker that makes a spare only when the test says so."""

    def __init__(self) -> None:
        self.asked: Queue[Future[PreparedJob]] = Queue()

    def __call__(self, _environment: str, _shape: Shape) -> PreparedJob:
        wanted = Future[PreparedJob]()
        self.asked.put(wanted)
        return wanted.result(10)

    def make_next(self) -> FakePrepared:
        """Make the processes that are waited for now or will be in a moment."""
        made = FakePrepared()
        self.asked.get(timeout=10).set_result(cast("PreparedJob", made))
        return made


@pytest.fixture
def maker() -> FakeMaker:
    return FakeMaker()


@pytest.fixture
def spares(maker: FakeMaker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spares]:
    """Give room for one spare, which the passing of time alone never fills."""
    monkeypatch.setattr(spares_module, "_REFILL_SECONDS", NEVER)
    spares = Spares(maker, 1)
    yield spares
    spares.close()


@pytest.mark.parametrize(("gpu", "wanted"), [("", 3), ("GPU-1", 1)])
def test_spares_on_a_gpu_are_as_many_as_have_memory_set_aside(
    maker: FakeMaker, gpu: str, wanted: int
) -> None:
    """A spare that has started CUDA holds memory that no job could be given."""
    shape = replace(SHAPE, gpu=gpu)
    spares = Spares(maker, 3, on_gpu=1)
    taken = spares.take("default", shape)
    maker.make_next()
    taken.result(10)
    spares.refill("default", shape)
    for _ in range(wanted):
        maker.make_next()
    wait_until(lambda: len(ready(spares)) == wanted)
    assert maker.asked.empty()
    spares.close()


def test_nothing_is_made_ahead_while_a_job_begins(
    spares: Spares, maker: FakeMaker
) -> None:
    taken = spares.take("default", SHAPE)
    first: object = maker.make_next()
    assert taken.result(10) is first
    assert maker.asked.empty()


def test_a_spare_is_made_when_the_job_ends(spares: Spares, maker: FakeMaker) -> None:
    spares.take("default", SHAPE)
    maker.make_next()
    spares.refill("default", SHAPE)
    spare: object = maker.make_next()
    wait_until(lambda: ready(spares), what="the spare")
    assert spares.take("default", SHAPE).result(0) is spare


def test_a_long_job_s_spare_is_there_before_it_ends(
    maker: FakeMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert spares_module._REFILL_SECONDS == 1
    monkeypatch.setattr(spares_module, "_REFILL_SECONDS", 0.1)
    spares = Spares(maker, 1)
    spares.take("default", SHAPE)
    maker.make_next()
    spare = maker.make_next()
    spares.refill("default", SHAPE)
    spares.close()
    assert spare.disposed.is_set()
    assert maker.asked.empty(), "the end of the job brings no second one"


def test_a_spare_being_made_is_dropped_with_its_environment(
    spares: Spares, maker: FakeMaker
) -> None:
    spares.take("default", SHAPE)
    maker.make_next()
    spares.refill("default", SHAPE)
    wait_until(lambda: not maker.asked.empty(), what="the spare in the making")
    spares.forget("default")
    spare = maker.make_next()
    assert spare.disposed.wait(10), "it would keep the stopped zygote alive"


@pytest.fixture(scope="module")
def warm() -> Iterator[Runner]:
    runner = Runner({"default": ""}, spares=1)
    yield runner
    runner.close()


@pytest.fixture
def own_runner(warm: Runner) -> Runner:
    """Give a warm runner without a spare."""
    warm._spares.forget("default")
    return warm


@pytest.mark.torch
def test_a_job_leaves_a_spare_for_the_next_one(own_runner: Runner) -> None:
    assert own_runner.run(job("1")).verdict is Verdict.COMPLETED
    wait_until(
        lambda: ready(own_runner._spares), what="the spare of a job that is over"
    )
    (spare,) = ready(own_runner._spares)
    assert own_runner.run(job("2")).verdict is Verdict.COMPLETED
    wait_until(lambda: ready(own_runner._spares), what="another spare")
    assert spare not in ready(own_runner._spares)


@pytest.mark.torch
def test_a_spare_is_there_while_a_long_job_goes_on(own_runner: Runner) -> None:
    found: list[bool] = []

    def look(event: Event) -> None:
        found.append(bool(ready(own_runner._spares)))

    spec = job("import time; time.sleep(120)")
    result = own_runner.run(spec, on_event=look, should_stop=lambda: any(found))
    assert result.verdict is Verdict.CANCELLED
    assert not found[0]
    assert found[-1]


def traces(prepared: PreparedJob) -> list[str]:
    """Return what is left of a job's processes, in words."""
    found = {
        "first process": is_running(prepared.job.pid),
        "descriptor": prepared.pidfd >= 0,
        "sockets": bool(prepared._peers or prepared.pipes),
        "control group": any(one.exists() for one in group_folders(prepared)),
        "user": prepared.user._fd >= 0,
    }
    return [name for name, is_there in found.items() if is_there]


def is_running(pid: int) -> bool:
    """Return whether the process has not ended; its parent may reap it later."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # already reaped
        return False
    return state != "Z"


def group_folders(prepared: PreparedJob) -> list[Path]:
    """Return the folders of the job's control group, if it has one."""
    parts = vars(prepared.group).values() if prepared.group else ()
    return [part.path for part in parts if part is not None]


@pytest.mark.torch
@pytest.mark.parametrize("ends", [True, False], ids=["it ends", "it hangs"])
def test_nothing_is_left_of_a_disposed_job(
    own_runner: Runner, monkeypatch: pytest.MonkeyPatch, *, ends: bool
) -> None:
    monkeypatch.setattr(prepared_job, "_END_SECONDS", 10 if ends else 0.2)
    used = own_runner._prepare("default", SHAPE)
    assert "first process" in traces(used)
    if ends:
        used.init.send({"t": "end"})
    own_runner._spares.dispose_later(used)
    wait_until(lambda: not traces(used), seconds=15, what="its end")


@pytest.mark.torch
@pytest.mark.long
def test_closing_waits_for_jobs_that_are_being_disposed(own_runner: Runner) -> None:
    used = own_runner._prepare("default", SHAPE)
    used.init.send({"t": "end"})
    spares = Spares(own_runner._prepare, 0)
    spares.dispose_later(used)
    spares.close()
    assert traces(used) == []
