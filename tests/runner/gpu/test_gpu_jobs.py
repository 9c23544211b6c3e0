"""Whole jobs on a scripted GPU: admission, faults, and checks in place.

The device is scripted and the student's side of CUDA is replaced at the start of the
interpreter. All else is real: the jail, the spare processes, the host.
"""

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runner.gpu.gpu_policy import GpuPolicy
from runner.gpu.pool import GpuPool
from runner.host import in_place
from runner.host.runner import Runner
from runner.protocol.jobs import (
    CellStarted,
    Device,
    Event,
    JobResult,
    JobSpec,
    Limits,
    Outcome,
    Verdict,
)
from tests.runner.gpu.fake_gpu import FIRST, GIB
from tests.runner.gpu.scripted_cuda import STAND_IN, JailedGpus
from tests.runner.installations import make_installation
from tests.runner.notebooks import cell, job, question, scores, text

pytestmark = [pytest.mark.torch, pytest.mark.long]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("gpu")
    for above in (folder, *folder.parents[:2]):
        if above.stat().st_uid == os.geteuid():
            above.chmod(0o755)
    return make_installation(folder / "installation", STAND_IN)


@pytest.fixture(scope="module")
def gpus() -> JailedGpus:
    return JailedGpus(FIRST)


@pytest.fixture(scope="module")
def pool(gpus: JailedGpus, tmp_path_factory: pytest.TempPathFactory) -> GpuPool:
    policy = GpuPolicy(
        spares=1, look_seconds=0.1, recheck_seconds=0.1, return_seconds=1
    )
    return GpuPool(gpus, tmp_path_factory.mktemp("records"), policy=policy)


@pytest.fixture(scope="module")
def host(python: str, pool: GpuPool) -> Iterator[Runner]:
    runner = Runner({"default": python}, gpus=pool)
    yield runner
    runner.close()


@pytest.fixture(autouse=True)
def _well_again(gpus: JailedGpus, pool: GpuPool) -> Iterator[None]:
    """Make the device healthy again after each test."""
    yield
    gpus.greed = 0
    gpus.gpus[FIRST].processes.clear()
    gpus.gpus[FIRST].reason = ""
    pool._records.release(FIRST)
    pool._ledger.restore(FIRST)


def gpu_job(*cells: object, size: int = GIB, **changes: object) -> JobSpec:
    limits = Limits(gpu_memory_bytes=size, question_seconds=2)
    return job(*cells, **{"device": Device.CUDA, "limits": limits, **changes})  # type: ignore[arg-type]


def ending(result: JobResult) -> tuple[Verdict, str]:
    return result.verdict, result.code


def test_a_job_computes_on_its_share_of_the_device(host: Runner) -> None:
    result = host.run(gpu_job("print(settled)", seed=5))
    assert ending(result) == (Verdict.COMPLETED, "completed")
    assert text(result) == f"('{FIRST}', {GIB}, 5)\n"
    assert (result.measures.gpu, result.measures.gpu_driver) == ("Fake", "1.0")
    assert result.measures.versions["cuda"] == "13.0"


def test_a_second_job_finds_cuda_started_ahead(host: Runner) -> None:
    host.run(gpu_job("1"))
    assert host.run(gpu_job("1")).verdict is Verdict.COMPLETED


def test_a_worker_without_a_gpu_reports_that_none_is_there(runner: Runner) -> None:
    result = runner.run(gpu_job("1"))
    assert ending(result) == (Verdict.PLATFORM, "gpu_missing")


@pytest.mark.parametrize("size", [0, 64 * GIB])
def test_a_job_that_no_device_can_hold_is_not_started(host: Runner, size: int) -> None:
    result = host.run(gpu_job("1", size=size))
    assert ending(result) == (Verdict.PLATFORM, "gpu_missing")


def test_a_job_that_waits_for_memory_can_be_cancelled(host: Runner) -> None:
    results: list[JobResult] = []
    holds = threading.Event()

    def note(event: Event) -> None:
        if isinstance(event, CellStarted):
            holds.set()

    first = threading.Thread(
        target=lambda: results.append(
            host.run(
                gpu_job("import time; time.sleep(60)", size=12 * GIB),
                on_event=note,
                should_stop=lambda: bool(results),
            )
        )
    )
    first.start()
    assert holds.wait(60)
    results.append(host.run(gpu_job("1", size=12 * GIB), should_stop=lambda: True))
    first.join()
    assert [ending(one) for one in results] == [(Verdict.CANCELLED, "cancelled")] * 2


def test_a_device_that_fails_is_not_the_notebook_s_fault(
    host: Runner, gpus: JailedGpus, pool: GpuPool
) -> None:
    def fail(event: Event) -> None:
        if isinstance(event, CellStarted):
            gpus.gpus[FIRST].reason = "it does not answer"

    assert host.serves(Device.CUDA)
    result = host.run(gpu_job("import time; time.sleep(60)"), on_event=fail)
    assert ending(result) == (Verdict.PLATFORM, "gpu_fault")
    assert pool.in_service() == ()
    assert not host.serves(Device.CUDA)


def test_memory_that_is_not_released_takes_the_device_out_of_service(
    host: Runner, gpus: JailedGpus, pool: GpuPool
) -> None:
    def keep(event: Event) -> None:
        if isinstance(event, CellStarted):
            gpus.use(FIRST, 1, 2 * GIB)

    result = host.run(gpu_job("1"), on_event=keep)
    assert result.verdict is Verdict.COMPLETED
    assert pool.in_service() == ()


def test_a_job_past_its_share_by_the_driver_s_figure_is_stopped(
    host: Runner, gpus: JailedGpus
) -> None:
    def take(event: Event) -> None:
        if isinstance(event, CellStarted):
            gpus.greed = 8 * GIB

    result = host.run(gpu_job("import time; time.sleep(60)"), on_event=take)
    assert ending(result) == (Verdict.LIMIT, "gpu_memory")
    assert result.detail["bytes"] == GIB


def test_torch_s_out_of_memory_error_is_the_limit_on_gpu_memory(host: Runner) -> None:
    source = "import torch\nraise torch.OutOfMemoryError('CUDA out of memory.')"
    result = host.run(gpu_job(source))
    assert ending(result) == (Verdict.LIMIT, "gpu_memory")


def test_a_device_that_the_job_cannot_find_is_our_fault(
    python: str, tmp_path: Path
) -> None:
    pool = GpuPool(JailedGpus("GPU-ill"), tmp_path)
    runner = Runner({"default": python}, gpus=pool, spares=0)
    result = runner.run(gpu_job("1"))
    runner.close()
    assert ending(result) == (Verdict.PLATFORM, "runner_failed")


FIRST_QUESTION = question(
    "q1",
    "def check_a(see): see()\ndef check_b(seen): assert seen == [1]\n",
)
SEEING = "seen = []\ndef see(): seen.append(1); print('un' + 'heard')"
HANGS = question("q2", "def check_a(hang): hang()\n")
HANGING = "def hang():\n    while True: pass"
STUBBORN = (
    "import signal\ndef hang():\n"
    "    signal.signal(signal.SIGINT, signal.SIG_IGN)\n    while True: pass"
)
LAST = question("q3", "def check_a(answer):\n    assert answer == 42\n")


def test_checks_run_in_the_notebook_s_own_process(host: Runner) -> None:
    result = host.run(
        gpu_job(SEEING, cell("", question="q1"), "seen", questions=(FIRST_QUESTION,))
    )
    assert scores(result) == {"q1": [1.0, 1.0]}
    assert text(result, 3) == "[1]"
    assert "unheard" not in result.notebook


def test_a_check_in_place_that_hangs_is_interrupted(host: Runner) -> None:
    result = host.run(
        gpu_job(
            HANGING,
            cell("", question="q2"),
            "answer = 42",
            cell("", question="q3"),
            questions=(HANGS, LAST),
        )
    )
    assert [one.outcome for one in result.questions] == [
        Outcome.TIMEOUT,
        Outcome.PASSED,
    ]


ENDS_IN_PLACE = {
    "time": (STUBBORN, "out of time"),
    "a crash": (
        "def hang():\n    import os; os.kill(os.getpid(), 11)",
        "Python stopped",
    ),
    "memory": (
        (
            "def hang():\n    import os, time\n    for _ in range(6):\n"
            "        if os.fork() == 0:\n"
            "            room = bytearray(b'x') * (100 << 20); time.sleep(20)\n"
            "    time.sleep(20)"
        ),
        "out of memory",
    ),
}
MIXED = question(
    "q2",
    "def check_a(hang): hang()\ndef check_b(seen): assert seen == [1]\n",
)


def lost_in_a_check(
    host: Runner, body: str, secrecy: int, **limits: float
) -> JobResult:
    hidden = tuple(replace(one, secrecy=secrecy) for one in MIXED.checks)
    values = {"question_seconds": 4, "run_seconds": 60, "memory_bytes": GIB // 2}
    return host.run(
        gpu_job(
            f"{SEEING}\n{body}",
            "see()",
            cell("", question="q2"),
            "answer = 41 + len(seen); print(answer)",
            cell("", question="q3"),
            questions=(replace(MIXED, checks=hidden), LAST),
            limits=Limits(gpu_memory_bytes=GIB, **values),
        )
    )


@pytest.mark.parametrize("secrecy", [0, 2])
@pytest.mark.parametrize("name", ENDS_IN_PLACE)
def test_a_check_in_place_that_ends_the_process_costs_that_check_alone(
    host: Runner, name: str, secrecy: int
) -> None:
    """The verdict and the outputs are those of a run in which the check had passed."""
    body, words = ENDS_IN_PLACE[name]
    result = lost_in_a_check(host, body, secrecy)
    assert scores(result) == {"q2": [0.0, 1.0], "q3": [1.0]}
    assert words in result.questions[0].checks[0].message
    assert ending(result) == (Verdict.COMPLETED, "completed")
    assert text(result, 4) == "42\n"


def test_a_check_in_place_that_cannot_be_interrupted_ends_the_notebook(
    host: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does so where no time is left for a fresh process."""
    monkeypatch.setattr(in_place, "MOST_RENEWALS", 0)
    result = host.run(
        gpu_job(
            f"{SEEING}\n{STUBBORN}",
            cell("", question="q1"),
            cell("", question="q2"),
            "answer = 42",
            cell("", question="q3"),
            questions=(FIRST_QUESTION, HANGS, LAST),
        )
    )
    assert ending(result) == (Verdict.LIMIT, "question_time")
    assert [one.outcome for one in result.questions] == [
        Outcome.PASSED,
        Outcome.TIMEOUT,
        Outcome.NOT_REACHED,
    ]
