"""Every notebook's job ends in time, and names the limit that it passed."""

import platform
import threading

import pytest

from runner.host.runner import Runner
from runner.jail.cgroups import GroupV1, GroupV2
from runner.jail.system_calls import ARCHITECTURES
from runner.protocol.jobs import Event, JobResult, Limits, Usage, Verdict
from tests.runner.notebooks import ANSWER, cell, job, outputs, scores, text

pytestmark = pytest.mark.torch

MIB = 1024**2


def ending(result: JobResult) -> tuple[Verdict, str]:
    return result.verdict, result.code


def test_a_failing_cell_does_not_stop_the_notebook(runner: Runner) -> None:
    spec = job(
        "1 / 0",
        "answer = 42",
        cell("# softmark: check q1"),
        "int('x')",
        questions=(ANSWER,),
    )
    result = runner.run(spec)
    assert ending(result) == (Verdict.STUDENT_ERROR, "cells_failed")
    assert result.detail == {"cell": 1, "failed": 2, "ename": "ZeroDivisionError"}
    assert scores(result) == {"q1": [1.0]}


def test_an_endless_loop_is_interrupted_and_the_rest_runs(runner: Runner) -> None:
    spec = job(
        "print('begun')\nwhile True: pass",
        "answer = 42",
        questions=(ANSWER,),
        limits=Limits(cell_seconds=1),
    )
    result = runner.run(spec)
    assert ending(result) == (Verdict.LIMIT, "cell_time")
    assert result.detail == {"cell": 1, "seconds": 1}
    assert "begun" in text(result)
    assert outputs(result)[-1]["ename"] == "KeyboardInterrupt"
    assert scores(result) == {"q1": [1.0]}


def test_a_cell_that_awaits_is_interrupted_and_the_rest_runs(runner: Runner) -> None:
    waiting = "import asyncio\nprint('begun')\nawait asyncio.sleep(60)"
    result = runner.run(job(waiting, "'next'", limits=Limits(cell_seconds=1)))
    assert ending(result) == (Verdict.LIMIT, "cell_time")
    assert [one.get("ename") for one in outputs(result)] == [None, "CancelledError"]
    assert text(result, 2) == "'next'"


@pytest.mark.parametrize(
    "source",
    [
        "asyncio.get_event_loop().stop()\nawait asyncio.sleep(0)",
        "asyncio.get_event_loop().stop()",
        "loop = asyncio.get_event_loop()\nloop.call_soon(loop.stop)\nawait asyncio.sleep(1)",
        "asyncio.get_event_loop().call_soon(exit)\nawait asyncio.sleep(0.1)",
        "asyncio.get_event_loop().close()",
    ],
)
def test_the_event_loop_works_after_a_cell_has_stopped_it(
    runner: Runner, source: str
) -> None:
    result = runner.run(job("import asyncio", source, "await asyncio.sleep(0)\n'next'"))
    assert text(result, 3) == "'next'"


def test_a_slow_caller_takes_no_time_from_the_notebook(runner: Runner) -> None:
    def hold_up(event: Event) -> None:
        if isinstance(event, Usage):
            threading.Event().wait(2)  # as a database does that is away

    spec = job(
        "import time\ntime.sleep(1.2)", limits=Limits(cell_seconds=1.8, run_seconds=2.5)
    )
    result = runner.run(spec, on_event=hold_up)
    assert ending(result) == (Verdict.COMPLETED, "completed")


STUBBORN = [
    (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('deaf')\n"
        "while True: pass"
    ),
    (
        # One of them swallows an interrupt that comes outside of the other.
        "print('deaf')\nwhile True:\n    try:\n        while True:\n"
        "            try:\n                while True: sum(range(9))\n"
        "            except BaseException: pass\n"
        "    except BaseException: pass"
    ),
    "print('deaf')\nimport os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
]


@pytest.mark.parametrize("source", STUBBORN)
def test_a_loop_that_ignores_interrupts_is_killed_within_two_seconds(
    runner: Runner, source: str
) -> None:
    limits = Limits(cell_seconds=1)
    spec = job("answer = 42", source, "1", questions=(ANSWER,), limits=limits)
    result = runner.run(spec)
    # CPU time, which a busy machine does not change; start and clean-up apart.
    used = max(
        result.measures.cpu_seconds, 0 if "while" in source else result.measures.seconds
    )
    assert used < 1 + 2 + 1.5
    assert ending(result) == (Verdict.LIMIT, "cell_time")
    assert result.detail["cell"] == 2
    assert text(result, 2) == "deaf\n"
    assert scores(result) == {"q1": [1.0]}  # what came after it ran all the same


def test_the_run_has_a_limit_of_its_own(runner: Runner) -> None:
    limits = Limits(run_seconds=1, cell_seconds=60)
    result = runner.run(job("import time; time.sleep(60)", limits=limits))
    assert ending(result) == (Verdict.LIMIT, "run_time")
    assert result.measures.seconds < 3


def test_too_large_an_array_ends_with_the_memory_limit(runner: Runner) -> None:
    limits = Limits(memory_bytes=512 * MIB)
    result = runner.run(job("x = bytearray(2 * 1024**3)", "1", limits=limits))
    assert ending(result) == (Verdict.LIMIT, "memory")
    assert result.detail == {"bytes": 512 * MIB, "cell": 1}
    assert result.measures.cells_run == 2


def test_too_large_a_tensor_ends_with_the_memory_limit(runner: Runner) -> None:
    limits = Limits(memory_bytes=512 * MIB)
    source = "import torch\nx = torch.ones(2**29)"
    assert ending(runner.run(job(source, limits=limits))) == (Verdict.LIMIT, "memory")


def test_memory_of_all_processes_is_added_up(runner: Runner) -> None:
    source = (
        "import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n"
        "        x = b'x' * (150 * 1024**2); time.sleep(60)\ntime.sleep(60)"
    )
    result = runner.run(job(source, limits=Limits(memory_bytes=512 * MIB)))
    assert ending(result) == (Verdict.LIMIT, "memory")
    assert result.measures.peak_memory_bytes > 500 * MIB


def test_a_fork_bomb_ends_with_the_limit_on_processes(runner: Runner) -> None:
    source = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    result = runner.run(job("answer = 42", source, limits=Limits(processes=40)))
    assert ending(result) == (Verdict.LIMIT, "processes")


def test_threads_count_as_processes(runner: Runner) -> None:
    source = (
        "import threading\nfor _ in range(1000):\n"
        "    threading.Thread(target=threading.Event().wait, daemon=True).start()"
    )
    result = runner.run(job(source, limits=Limits(processes=40)))
    assert ending(result) == (Verdict.LIMIT, "processes")


def test_a_file_cannot_pass_the_disk_limit(runner: Runner) -> None:
    source = "f = open('big', 'wb')\nfor _ in range(20): f.write(b'x' * 1024**2)"
    result = runner.run(job(source, limits=Limits(disk_bytes=8 * MIB)))
    assert ending(result) == (Verdict.LIMIT, "disk")


def test_many_files_together_pass_the_disk_limit(runner: Runner) -> None:
    source = (
        "import time\nfor i in range(20):\n"
        "    open(f'{i}', 'wb').write(b'x' * 1024**2)\ntime.sleep(30)"
    )
    result = runner.run(job(source, limits=Limits(disk_bytes=8 * MIB)))
    assert ending(result) == (Verdict.LIMIT, "disk")


def test_input_raises_at_once(runner: Runner) -> None:
    result = runner.run(job("input('name? ')", "import sys; sys.stdin.read()"))
    assert outputs(result)[0]["ename"] == "StdinNotImplementedError"
    assert text(result, 2) == "''"


@pytest.mark.parametrize("source", ["import sys; sys.exit(0)", "exit()", "quit"])
def test_leaving_ends_the_cell_only(runner: Runner, source: str) -> None:
    result = runner.run(job("answer = 42", source, "answer", questions=(ANSWER,)))
    if source != "quit":  # a name alone
        assert ending(result) == (Verdict.STUDENT_ERROR, "exited")
        assert result.detail == {"cell": 2}
    assert text(result, 3) == "42"
    assert scores(result) == {"q1": [1.0]}


DEATHS = [
    ("import os; os._exit(0)", 0),
    ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 9),
    ("import os; os.abort()", 6),
    ("import ctypes; ctypes.string_at(0)", 11),
    ("import os; os.closerange(3, 1000)", 0),
]


@pytest.mark.parametrize(("source", "number"), DEATHS)
def test_a_dead_process_keeps_what_was_earned(
    runner: Runner, source: str, number: int
) -> None:
    spec = job(
        "answer = 42\nprint('kept')",
        cell("1", question="q1"),
        f"print('last words')\n{source}",
        "2",
        questions=(ANSWER,),
    )
    result = runner.run(spec)
    assert ending(result) == (Verdict.STUDENT_ERROR, "process_died")
    assert result.detail["cell"] == 3
    assert result.detail["signal"] == number
    assert text(result) == "kept\n"
    assert text(result, 3) == "last words\n"
    assert scores(result) == {"q1": [1.0]}


def test_a_process_that_the_notebook_forks_runs_no_further_cell(runner: Runner) -> None:
    result = runner.run(job("import os\npid = os.fork()", "print('once')", "'end'"))
    assert result.verdict is Verdict.COMPLETED
    assert text(result, 2) == "once\n"


def test_open_files_are_limited_and_the_limit_is_named(runner: Runner) -> None:
    source = "kept = [open('/dev/null') for _ in range(500)]"
    result = runner.run(job(source, limits=Limits(open_files=100)))
    assert ending(result) == (Verdict.LIMIT, "open_files")


def test_shared_memory_counts_as_memory(runner: Runner) -> None:
    source = (
        "import time\nwith open('/dev/shm/big', 'wb') as f:\n"
        "    for _ in range(200): f.write(bytes(2**20))\ntime.sleep(60)"
    )
    limits = Limits(memory_bytes=512 * MIB, disk_bytes=400 * MIB)
    result = runner.run(job(f"x = bytearray(200 * 2**20)\n{source}", limits=limits))
    assert ending(result) == (Verdict.LIMIT, "memory")


def test_files_of_no_size_are_limited_too(runner: Runner) -> None:
    source = "for i in range(60_000): open(f'f{i}', 'w').close()"
    assert ending(runner.run(job(source))) == (Verdict.LIMIT, "disk")


def test_a_cell_that_will_not_stop_ends_soon_after_its_limit(runner: Runner) -> None:
    runner.run(job("1"))
    source = (
        "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\n"
        "print('kept', flush=True)\nwhile True: pass"
    )
    result = runner.run(job(source, limits=Limits(cell_seconds=1)))
    assert ending(result) == (Verdict.LIMIT, "cell_time")
    assert result.measures.cpu_seconds < 3  # a busy machine does not make it longer
    assert "kept" in text(result)


# Children that the kernel reaps by itself, each for a quarter of a second, while the
# first process waits for a processor, behind all others.
_UNCOUNTED = """
import ctypes, os, signal, time
libc = ctypes.CDLL(None)
def used(): return time.clock_gettime(time.CLOCK_PROCESS_CPUTIME_ID)
def compute(seconds):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    until = time.time() + seconds
    for lane in range(4):
        if os.fork() == 0:
            while time.time() < until:
                while used() < 0.25: pass
                # Goes on in a process of the same parent, whose time begins anew.
                if libc.syscall(NUMBER, 0x8000 | signal.SIGCHLD, 0, 0, 0, 0): os._exit(0)
            os._exit(0)
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    try:
        while time.time() < until: pass
    except KeyboardInterrupt: pass
    return 42
""".replace("NUMBER", str(ARCHITECTURES[platform.machine()].clone))


@pytest.mark.parametrize("is_grouped", [True, False])
def test_time_of_processes_that_vanish_counts(
    is_grouped: bool,  # noqa: FBT001 - a parameter
    monkeypatch: pytest.MonkeyPatch,
    runner: Runner,
) -> None:
    if not is_grouped:
        for kind in (GroupV1, GroupV2):
            monkeypatch.setattr(kind, "cpu_seconds", lambda _: 0.0)
    limits = Limits(cell_seconds=2)
    spec = job(_UNCOUNTED, "compute(30)", "1", limits=limits)
    result = runner.run(spec)
    assert ending(result) == (Verdict.LIMIT, "cell_time")
    # By far less than what the docs allow by the clock, and what it asks for.
    assert result.measures.cpu_seconds < 12
