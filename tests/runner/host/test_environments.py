"""Each named environment has its own packages, starts on demand and stops when idle."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runner.host.job_starter import EnvironmentMissingError
from runner.host.runner import Runner
from runner.host.zygote_pool import Zygote, ZygotePool
from runner.protocol.jobs import CellStarted, Event, Usage, Verdict
from tests.runner.installations import make_installation
from tests.runner.notebooks import job, text
from tests.services.processes import wait_until

pytestmark = [pytest.mark.torch, pytest.mark.long]

ROOT = Path(__file__).parents[3]
OLD = "1.26.4"
SOURCE = "import numpy as np\nprint(repr(np.float64(1)), hasattr(np, 'in1d'))"


def make(name: str, *pins: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "make_environment.py"), name, *pins],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def numpy_of(python: Path) -> str:
    if not python.exists():
        return ""
    told = subprocess.run(
        [str(python), "-c", "import numpy; print(numpy.__version__)"],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip()


@pytest.fixture(scope="module")
def old_python() -> str:
    """Return the interpreter of a real environment with an old numpy; it is kept."""
    name = f"tests-numpy-{OLD}-python-{platform.python_version()}"
    python = ROOT / "build" / "environments" / name / "bin" / "python"
    if numpy_of(python) != OLD:
        made = make(name, f"numpy=={OLD}")
        if made.returncode and "connection" in made.stderr.lower():
            pytest.skip("PyPI cannot be reached, and numpy must come from there once")
        assert made.stdout == f"RUNNER_ENVIRONMENTS=default=,{name}={python}\n"
    return str(python)


@pytest.fixture(scope="module")
def both(old_python: str) -> Iterator[Runner]:
    runner = Runner({"default": "", "numpy1": old_python})
    yield runner
    runner.close()


def pool_of(runner: Runner) -> ZygotePool:
    assert isinstance(runner._pool, ZygotePool)
    return runner._pool


def zygote_of(runner: Runner, environment: str = "default") -> Zygote:
    return pool_of(runner)._zygotes[environment]


def stop_idle(runner: Runner) -> None:
    """Stop idle environments, as the housekeeper does after a long quiet time."""
    runner._housekeeper._idle_seconds = 0
    runner._housekeeper.stop_idle()


def test_the_same_notebook_differs_by_environment(both: Runner) -> None:
    new, old = (both.run(job(SOURCE, environment=e)) for e in ("default", "numpy1"))
    assert (new.verdict, old.verdict) == (Verdict.COMPLETED,) * 2
    assert text(new) == "np.float64(1.0) False\n"
    assert text(old) == "1.0 True\n"


def test_the_versions_of_a_result_are_its_environment_s(both: Runner) -> None:
    new, old = (
        both.run(job(SOURCE, environment=e)).measures.versions
        for e in ("default", "numpy1")
    )
    assert (new["numpy"].split(".")[0], old["numpy"]) == ("2", OLD)
    assert new["torch"] == old["torch"]
    assert new["python"] == old["python"] == platform.python_version()


def test_torch_and_numpy_go_together_in_a_pinned_environment(both: Runner) -> None:
    source = "import torch, numpy as np\n"
    source += "print(torch.from_numpy(np.ones(2)).sum().numpy() + 1)"
    assert text(both.run(job(source, environment="numpy1"))) == "3.0\n"


def test_two_environments_run_side_by_side(both: Runner) -> None:
    with ThreadPoolExecutor(2) as threads:
        jobs = [job(SOURCE, environment=e) for e in ("default", "numpy1")]
        new, old = threads.map(both.run, jobs)
    assert text(new) != text(old)


def test_an_environment_that_starts_slowly_does_not_delay_others(
    tmp_path: Path,
) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    gate = tmp_path / "gate"
    os.mkfifo(gate, 0o644)
    python = make_installation(tmp_path / "slow", f"open({str(gate)!r}).read()")
    runner = Runner({"default": "", "slow": python}, spares=0)
    try:
        with ThreadPoolExecutor(1) as threads:
            slow = threads.submit(runner.run, job("1", environment="slow"))
            try:
                assert runner.run(job("1")).verdict is Verdict.COMPLETED
                assert not slow.done()
            finally:
                gate.write_text("go")
            assert slow.result().verdict is Verdict.COMPLETED
    finally:
        runner.close()


def test_an_unknown_environment_is_our_fault(both: Runner) -> None:
    result = both.run(job("1", environment="numpy3"))
    assert (result.verdict, result.code) == (Verdict.PLATFORM, "environment_missing")


@pytest.fixture(scope="module")
def stopped() -> Iterator[Runner]:
    runner = Runner({"default": ""}, spares=1)
    yield runner
    runner.close()


@pytest.fixture
def runner(stopped: Runner) -> Runner:
    """Give a runner with no idle environment yet; a zygote takes seconds to start."""
    stopped._housekeeper._idle_seconds = 1800
    # A spare made by a stopped zygote would run the next job without a new zygote.
    stopped._spares.forget("default")
    return stopped


def test_an_idle_environment_is_stopped_and_starts_again(runner: Runner) -> None:
    assert runner.run(job("1")).verdict is Verdict.COMPLETED
    zygote = zygote_of(runner)
    stop_idle(runner)
    wait_until(lambda: not zygote.is_alive, seconds=30, what="the end of the zygote")
    runner._housekeeper._idle_seconds = 1800
    assert runner.run(job("1")).verdict is Verdict.COMPLETED
    assert zygote_of(runner).process.pid != zygote.process.pid


def test_nothing_is_left_of_a_stopped_environment(runner: Runner) -> None:
    runner.run(job("1"))
    zygote = zygote_of(runner)
    stop_idle(runner)
    wait_until(lambda: not zygote.is_alive, seconds=30, what="the end of the zygote")
    stop_idle(runner)
    assert not Path(zygote.scratch).exists()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def test_a_job_outlives_the_idleness_of_its_environment(runner: Runner) -> None:
    stopped: list[Zygote] = []
    busy: list[float] = []

    def handle(event: Event) -> None:
        if isinstance(event, CellStarted) and event.cell == 2:
            stopped.append(zygote_of(runner))
            stop_idle(runner)
            assert pool_of(runner)._zygotes, "an environment in use is not idle"
            pool_of(runner).stop("default")
        elif stopped and isinstance(event, Usage) and event.seconds < 3:
            busy.append(cpu_seconds(stopped[0].process.pid))

    result = runner.run(
        job("x = 6", "import time; time.sleep(3)", "print(x * 7)"), on_event=handle
    )
    assert result.verdict is Verdict.COMPLETED
    assert text(result, 3) == "42\n"
    assert len(busy) > 1
    assert busy[-1] - busy[0] < 0.2, "the stopped zygote waits for its job at rest"


def test_a_closed_pool_starts_nothing(tmp_path: Path) -> None:
    pool = ZygotePool({"default": ""}, tmp_path)
    pool.close()
    with pytest.raises(EnvironmentMissingError, match="closed"):
        pool.warm_up("default")
