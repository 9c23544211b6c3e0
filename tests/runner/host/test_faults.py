"""Failures of the runner itself are our fault, and the next job works."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.host.runner import Runner
from runner.host.runner_folder import RunnerFolder
from runner.protocol.jobs import CellStarted, Event, JobFile, JobResult, Usage, Verdict
from runner.protocol.notebook import notebook_of
from runner.system import users
from runner.system.processes import (
    ProcessInfo,
    family,
    kill_tree,
    kill_user_processes,
    read_process,
    send_signal,
)
from runner.wire.frames import MAX_FRAME
from tests.runner.inside.zygote.zygote_processes import zygote_pid
from tests.runner.notebooks import ANSWER, job, notebook, scores, text

pytestmark = pytest.mark.torch

SLEEP = "print('asleep')\nimport time; time.sleep(60)"


def kill(pid: int) -> None:
    info = read_process(pid)
    assert info is not None
    send_signal(info, signal.SIGKILL)


def once_started(action: Callable[[], None]) -> Callable[[Event], None]:
    """Return a handler that acts at the first measure after a cell has begun."""
    seen: list[str] = []

    def handle(event: Event) -> None:
        seen.append(type(event).__name__)
        begun = CellStarted.__name__ in seen
        if begun and isinstance(event, Usage) and "done" not in seen:
            seen.append("done")
            action()

    return handle


def is_ours(result: JobResult) -> bool:
    return (result.verdict, result.code) == (Verdict.PLATFORM, "runner_failed")


@pytest.mark.long
def test_a_zygote_that_dies_between_jobs_is_replaced(runner: Runner) -> None:
    zygote = zygote_pid(runner)
    waiting = family(zygote)
    kill(zygote)
    # The spares that waited for a job die with it a moment later.
    assert wait_until(lambda: not any(map(is_alive, waiting)))
    assert runner.run(job("1")).verdict is Verdict.COMPLETED


def test_a_zygote_that_dies_during_a_job_is_our_fault(runner: Runner) -> None:
    handle = once_started(lambda: kill(zygote_pid(runner)))
    result = runner.run(job(SLEEP), on_event=handle)
    assert is_ours(result)
    assert runner.run(job("1")).verdict is Verdict.COMPLETED


def test_a_first_process_that_dies_during_a_job_is_our_fault(runner: Runner) -> None:
    zygote = zygote_pid(runner)

    def kill_inits() -> None:
        for one in family(zygote):
            if one.parent == zygote:
                kill(one.pid)

    result = runner.run(job(SLEEP), on_event=once_started(kill_inits))
    assert is_ours(result)
    assert runner.run(job("1")).verdict is Verdict.COMPLETED
    assert zygote_pid(runner) == zygote


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


HOST = """
import sys
from runner.wire.frames import MAX_FRAME
from runner.host.runner import Runner
from runner.protocol.notebook import notebook_of
from tests.runner.notebooks import job
Runner({"default": ""}).run(job(sys.argv[1]))
"""
DETACHED = "import subprocess; subprocess.run(['sleep', '60'], start_new_session=True)"


@pytest.mark.long
def test_nothing_of_a_job_outlives_a_killed_host() -> None:
    host = subprocess.Popen([sys.executable, "-c", HOST, DETACHED])

    def sleeps() -> bool:
        below = (Path("/proc", str(one.pid), "comm") for one in family(host.pid))
        return any(comm.exists() and comm.read_text() == "sleep\n" for comm in below)

    try:
        assert wait_until(sleeps, seconds=60)
        below = family(host.pid)
    finally:
        host.kill()
        host.wait()
    assert wait_until(lambda: not any(map(is_alive, below)))


def is_alive(one: ProcessInfo) -> bool:
    info = read_process(one.pid)
    return info is not None and info.started == one.started and info.state != "Z"


@pytest.mark.long
def test_a_used_up_zygote_is_replaced_and_ends(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = zygote_pid(runner)
    monkeypatch.setattr("runner.host.zygote_pool.MAX_JOBS", 0)
    new = zygote_pid(runner)
    monkeypatch.undo()
    assert new != old
    # With what the old one had made ahead, for notebooks and for graders.
    runner.run(job("answer = 42", questions=(ANSWER,)))
    assert wait_until(lambda: (info := read_process(old)) is None or info.state == "Z")
    assert runner.run(job("1")).verdict is Verdict.COMPLETED


def test_a_cancelled_job_is_over_at_once(runner: Runner) -> None:
    stop = threading.Event()
    runner.run(job("1"))
    begun = time.monotonic()
    result = runner.run(
        job("answer = 42", SLEEP, questions=(ANSWER,)),
        on_event=once_started(stop.set),
        should_stop=stop.is_set,
    )
    assert (result.verdict, result.code) == (Verdict.CANCELLED, "cancelled")
    assert time.monotonic() - begun < 5
    assert text(result, 2) == "asleep\n"
    assert scores(result) == {"q1": [0.0]}


def test_usage_comes_every_second_while_the_process_is_stuck(runner: Runner) -> None:
    times: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, Usage):
            times.append(time.monotonic())

    stuck = "import ctypes; ctypes.PyDLL(None).sleep(3)"  # holds the interpreter lock
    runner.run(job(stuck), on_event=note)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(times) >= 3
    assert max(gaps) < 1.3


def test_two_jobs_run_side_by_side(runner: Runner) -> None:
    both = threading.Barrier(2, timeout=30)
    results: list[JobResult] = []
    source = "import os, time\nprint(os.getuid())\ntime.sleep(1)"

    def run() -> None:
        both.wait()
        results.append(runner.run(job(source)))

    threads = [threading.Thread(target=run) for _ in range(2)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begun < 10
    assert [one.verdict for one in results] == [Verdict.COMPLETED] * 2
    assert len({text(one) for one in results}) == (2 if os.geteuid() == 0 else 1)


def test_a_missing_environment_is_our_fault(runner: Runner) -> None:
    result = runner.run(job("1", environment="cuda"))
    assert (result.verdict, result.code) == (Verdict.PLATFORM, "environment_missing")


@pytest.fixture
def broken() -> Iterator[Runner]:
    runner = Runner({"none": "/nonexistent/python", "false": "/bin/false"})
    yield runner
    runner.close()


@pytest.mark.parametrize("environment", ["none", "false"])
def test_a_broken_interpreter_is_our_fault(broken: Runner, environment: str) -> None:
    result = broken.run(job("1", environment=environment))
    assert (result.verdict, result.code) == (Verdict.PLATFORM, "environment_missing")
    assert result.detail["reason"]


def test_a_file_that_has_changed_is_our_fault(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"weights")
    for name, digest in (("w.bin", "0" * 64), ("gone.bin", "0" * 64)):
        file = JobFile(name=name, path=str(tmp_path / name), sha256=digest, size=7)
        for place in ("files", "private_files"):
            spec = job("1", questions=(ANSWER,), **{place: (file,)})
            result = runner.run(spec)
            assert (result.verdict, result.code) == (Verdict.PLATFORM, "file_missing")
            assert result.detail["reason"] == name


BAD = [
    ("", "notebook_unreadable"),
    ("[" * 100_000, "notebook_unreadable"),
    ('{"nbformat": 3, "worksheets": []}', "notebook_unreadable"),
    ('{"nbformat": 4, "cells": [NaN]}', "notebook_unreadable"),
    ('{"nbformat": 4, "cells": [], "metadata": {"x": -1e999}}', "notebook_unreadable"),
    (
        '{"nbformat": 4, "cells": [{"cell_type": "code", "source": 1}]}',
        "notebook_unreadable",
    ),
    (notebook("1", metadata={"kernelspec": {"name": "ir"}}), "language"),
    (notebook("1", metadata={"language_info": {"name": "julia"}}), "language"),
]


@pytest.mark.parametrize(("content", "code"), BAD)
def test_a_notebook_that_is_not_python_is_not_run(
    runner: Runner, content: str, code: str
) -> None:
    result = runner.run(job(notebook=content, questions=(ANSWER,)))
    assert (result.verdict, result.code) == (Verdict.REJECTED, code)
    assert scores(result) == {"q1": [0.0]}


@pytest.mark.parametrize(
    ("letter", "width"), [("a", 1), ("\x01", 6), ("é", 2), ("\ud800", 3)]
)
def test_a_cell_too_long_for_a_frame_is_not_run(
    runner: Runner, letter: str, width: int
) -> None:
    too_long = notebook_of(["1", f"'{letter * (MAX_FRAME // width)}'"])
    result = runner.run(job(notebook=too_long, questions=(ANSWER,)))
    assert (result.verdict, result.code) == (Verdict.REJECTED, "cell_too_long")
    assert result.detail["cell"] == 2


@pytest.mark.parametrize("letter", ["é", "\x7f"])
def test_the_longest_notebook_of_one_cell_runs(runner: Runner, letter: str) -> None:
    source = f"a = '{letter * (10 * 1024**2)}'\nlen(a) == 10 * 1024**2"
    result = runner.run(job(notebook=notebook_of([source])))
    assert result.verdict is Verdict.COMPLETED, result
    assert '"True"' in result.notebook


def test_any_kernel_name_of_python_is_accepted(runner: Runner) -> None:
    for name in ("python3", "conda-root-py", "otter", ""):
        kernel = {"kernelspec": {"name": name, "language": "python"}}
        spec = job(notebook=notebook("1", metadata=kernel))
        assert runner.run(spec).verdict is Verdict.COMPLETED


def test_the_host_never_imports_torch() -> None:
    code = (
        "import sys, runner.host.runner\n"
        "assert not {'torch', 'IPython', 'matplotlib', 'numpy'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change users")
def test_a_job_s_user_is_never_shared() -> None:
    first, second = users.JobUser(), users.JobUser()
    try:
        assert first.uid != second.uid
        assert {first.uid, second.uid} <= set(users.JOB_UIDS)
    finally:
        first.release()
        second.release()


def test_leftovers_of_a_dead_runner_are_removed_by_the_next(tmp_path: Path) -> None:
    dead, living = RunnerFolder(tmp_path), RunnerFolder(tmp_path)
    (dead.path / "job-1" / "work").mkdir(parents=True)
    os.close(dead._fd)
    third = RunnerFolder(tmp_path)
    assert set(tmp_path.iterdir()) == {living.path, third.path}
    living.close()
    third.close()
    assert list(tmp_path.iterdir()) == []


def test_only_processes_of_job_users_are_swept() -> None:
    for uid in (0, 1000, 65534):
        with pytest.raises(ValueError, match="not the number of a job's user"):
            kill_user_processes(uid)
    for root in (-1, 0, 1):
        with pytest.raises(ValueError, match="first process"):
            kill_tree(root)
