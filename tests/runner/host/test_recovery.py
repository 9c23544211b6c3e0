"""A cell that ignores interrupts costs that cell, and the other cells run again."""

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import JobResult, Limits, Verdict
from tests.runner.notebooks import ANSWER, cell, job, messages, question, text

pytestmark = pytest.mark.torch

CHECK = cell("# softmark: check q1")
LATER = question("q2", "def check(later): assert later == 1\n")
CHECK_LATER = cell("# softmark: check q2")
DEAF = "import os; print('deaf', flush=True); os.kill(os.getpid(), 19)"
LIMITS = Limits(cell_seconds=1, run_seconds=30)


def run(runner: Runner, *cells: object, limits: Limits = LIMITS) -> JobResult:
    spec = job(*cells, questions=(ANSWER, LATER), limits=limits)  # type: ignore[arg-type]  # cells
    return runner.run(spec)


@pytest.mark.parametrize("slow", ["while True: pass", "import time; time.sleep(60)"])
def test_every_slow_cell_is_interrupted_not_only_the_first(
    runner: Runner, slow: str
) -> None:
    result = run(runner, slow, "answer = 42", slow, CHECK, slow, "later = 1")
    assert messages(result) == ["passed", "passed"]
    assert result.detail == {"cell": 1, "seconds": 1}


def test_a_slow_cell_after_another_limit_is_interrupted(runner: Runner) -> None:
    limits = Limits(cell_seconds=1, run_seconds=30, memory_bytes=512 * 1024**2)
    greedy = "x = bytearray(2 * 1024**3)"
    cells = greedy, "while True: pass", "answer = 42", "later = 1"
    result = run(runner, *cells, limits=limits)
    assert (result.code, result.detail["cell"]) == ("memory", 1)
    assert messages(result) == ["passed", "passed"]


def test_cells_after_an_unstoppable_cell_run_with_the_earlier_state(
    runner: Runner,
) -> None:
    first = "import random; answer = 42; drawn = random.random(); print(drawn)"
    cells = first, CHECK, DEAF, "print(drawn)", "later = answer - 41", CHECK_LATER
    result = run(runner, *cells)
    assert messages(result) == ["passed", "passed"]
    assert result.verdict is Verdict.LIMIT
    assert result.detail == {"cell": 3, "seconds": 1, "after": "rerun"}
    assert text(result, 3) == "deaf\n"
    assert text(result, 1) == text(result, 4)


def test_a_long_operation_of_compiled_code_costs_its_cell(runner: Runner) -> None:
    stuck = "import ctypes; ctypes.PyDLL(None).sleep(60)"  # compiled code does not check for signals
    result = run(runner, "answer = 42", stuck, "later = 1")
    assert messages(result) == ["passed", "passed"]


def test_the_notebook_recovers_from_every_unstoppable_cell(runner: Runner) -> None:
    result = run(runner, "answer = 42", DEAF, "x = 1", DEAF, "later = x")
    assert messages(result) == ["passed", "passed"]
    assert result.detail["cell"] == 2


def test_processes_of_an_unstoppable_cell_end(runner: Runner) -> None:
    starting = (
        "import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)"
    )
    looking = (
        "import os\nnames = [open(f'/proc/{p}/comm').read().strip()\n"
        "    for p in os.listdir('/proc') if p.isdigit()]\nprint('sleep' in names)"
    )
    result = run(runner, f"{starting}\nanswer = 42\n{DEAF}", looking)
    assert text(result, 2) == "False\n"


def test_without_time_to_run_again_the_notebook_is_said_to_have_stopped(
    runner: Runner,
) -> None:
    training = "import time; time.sleep(0.9); answer = 42"
    limits = Limits(cell_seconds=1, run_seconds=5)
    cells = training, training, CHECK, DEAF, "later = 1", CHECK_LATER
    result = run(runner, *cells, limits=limits)
    assert messages(result) == [
        "passed",
        "not run: the notebook did not get to this check",
    ]
    assert result.detail == {"cell": 4, "seconds": 1, "after": "stopped"}


def test_a_cell_that_ends_the_notebook_is_named(runner: Runner) -> None:
    sleeping = "import time; time.sleep(60)"
    result = run(runner, "1", sleeping, limits=Limits(run_seconds=1))
    assert result.code == "run_time"
    assert result.detail == {"cell": 2, "seconds": 1, "after": "stopped"}


def test_the_peak_is_at_least_the_memory_that_stopped_the_job(runner: Runner) -> None:
    greedy = (
        "import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n"
        "        x = b'x' * (150 * 1024**2); time.sleep(60)\ntime.sleep(60)"
    )
    limits = Limits(memory_bytes=512 * 1024**2)
    result = run(runner, "1", greedy, limits=limits)
    assert (result.code, result.detail["cell"]) == ("memory", 2)
    assert result.measures.peak_memory_bytes >= limits.memory_bytes


def test_preventing_a_fresh_process_is_the_notebook_s_fault(
    runner: Runner,
) -> None:
    spoiling = (
        "import os, shutil\nkept = os.path.expanduser('~/.ipython')\n"
        "shutil.rmtree(kept)\nopen(kept, 'w').close()\n"
    )
    result = run(runner, "answer = 42", CHECK, spoiling + DEAF, "later = 1")
    assert (result.verdict, result.code) == (Verdict.LIMIT, "cell_time")
    assert messages(result) == [
        "passed",
        "not run: the notebook did not get to this check",
    ]
