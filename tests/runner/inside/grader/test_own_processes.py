"""Tests may call the notebook in threads and processes; a refusal there counts."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import pytest

from runner.host.runner import Runner
from runner.inside.grader import refusals
from runner.protocol.jobs import CheckSpec, QuestionSpec, TestStyle, Verdict
from runner.wire.link import LinkClosedError
from runner.wire.turns import Turn
from tests.runner.notebooks import cell, job, messages

ENDED: Final = "Python stopped before this check was done"
NOT_DATA: Final = "the tested code gave an object where the check needs a value"
FORK: Final = "import multiprocessing\nfork = multiprocessing.get_context('fork')\n"
DEADLINE: Final = (
    FORK + "p = fork.Process(target=f, args=(10,))\np.start()\np.join(2)\n"
    "is_slow = p.is_alive()\np.terminate()\np.join()\nassert not is_slow\n"
)
ENDS_WELL: Final = DEADLINE + "assert p.exitcode == 0\n"
GIVES: Final = (
    FORK + "q = fork.Queue()\np = fork.Process(target=lambda: q.put(f(10)))\n"
    "p.start()\nassert q.get(timeout=3) == 55\np.join()\n"
)
THREAD: Final = (
    "import threading\nt = threading.Thread(target=f, args=(10,), daemon=True)\n"
    "t.start()\nt.join(2)\nassert not t.is_alive()\n"
)
POOL: Final = (
    "from concurrent.futures import ThreadPoolExecutor\n"
    "assert ThreadPoolExecutor(1).submit(f, 10).result(timeout=2) == 55\n"
)
PROCESSES: Final = (
    "from concurrent.futures import ProcessPoolExecutor\n"
    "with ProcessPoolExecutor(1) as pool:\n"
    "    assert pool.submit(f, 10).result(timeout=5) == 55\n"
)
FORKED_POOL: Final = FORK + (
    "with fork.Pool(1) as pool: assert pool.apply_async(f, (10,)).get(5) == 55\n"
)
SIDE_BY_SIDE: Final = (
    FORK + "q = fork.Queue()\n"
    "ps = [fork.Process(target=lambda: q.put(f(10))) for _ in range(5)]\n"
    "for p in ps: p.start()\n"
    "assert f(10) == 55\n"
    "assert [q.get(timeout=3) for _ in ps] == [55] * 5\n"
    "for p in ps: p.join()\n"
)
MAPPED: Final = (
    "from multiprocessing.pool import ThreadPool\n"
    "assert ThreadPool(1).map(f, [10, 10]) == [55, 55]\n"
)
FALLS_BACK: Final = (
    FORK + "q = fork.Queue()\n"
    "def work():\n"
    "    try: f('a')\n"
    "    except Exception: q.put('refused')\n"
    "p = fork.Process(target=work)\np.start()\n"
    "assert q.get(timeout=3) == 'refused'\np.join()\n"
)
BARE: Final = (
    "import os\npid = os.fork()\n"
    "if not pid:\n"
    "    try: assert f(10) == 55\n"
    "    except BaseException: pass\n"
    "    os._exit(0)\n"
    "assert os.waitpid(pid, 0)[1] == 0\n"
)
WORK: Final = {
    "right": "def f(n): return sum(range(n + 1))",
    "wrong": "def f(n): return 7",
    "raising": "def f(n): raise ValueError",
    "endless": "def f(n):\n    while True: pass",
    "dying": "import os\ndef f(n): os._exit(1)",
    "an object": f"def f(n): return {'[' * 90 + ']' * 90}",
}


def run(runner: Runner, work: str, source: str) -> list[str]:
    check = CheckSpec(name="c", source=source)
    question = QuestionSpec(key="q1", style=TestStyle.SCRIPT, checks=(check,))
    cells = WORK[work], cell("# softmark: check q1")
    result = runner.run(job(*cells, questions=(question,), defined_names=("f",)))
    assert result.verdict is Verdict.COMPLETED
    return messages(result)


@pytest.mark.torch
@pytest.mark.parametrize(
    "source",
    [
        *(ENDS_WELL, GIVES, THREAD, POOL, MAPPED, BARE),
        SIDE_BY_SIDE,
    ],
)
def test_right_work_passes_in_a_thread_or_process(runner: Runner, source: str) -> None:
    assert run(runner, "right", source) == ["passed"]


@pytest.mark.torch
@pytest.mark.parametrize(
    ("work", "source", "words"),
    [
        ("endless", DEADLINE, "raised AssertionError"),
        ("endless", GIVES, "raised an error"),
        ("endless", THREAD, "raised AssertionError"),
        ("endless", POOL, "raised TimeoutError"),
        ("raising", ENDS_WELL, "raised AssertionError"),
        ("raising", GIVES, "raised an error"),
        ("raising", POOL, "raised ValueError"),
        ("wrong", GIVES, "raised AssertionError"),
        ("wrong", MAPPED, "raised AssertionError"),
        ("dying", DEADLINE, ENDED),
        ("dying", FALLS_BACK, ENDED),
        ("dying", THREAD, ENDED),
        ("right", PROCESSES, NOT_DATA),
        ("right", FORKED_POOL, NOT_DATA),
        ("dying", SIDE_BY_SIDE, ENDED),
        ("an object", FALLS_BACK, NOT_DATA),
        ("an object", DEADLINE, NOT_DATA),
        ("an object", BARE, NOT_DATA),
    ],
)
def test_wrong_work_fails_in_a_thread_or_process(
    runner: Runner, work: str, source: str, words: str
) -> None:
    assert run(runner, work, source) == [words]


@pytest.mark.torch
def test_an_expected_error_passes_in_a_process(runner: Runner) -> None:
    assert run(runner, "raising", FALLS_BACK) == ["passed"]


# --- The note itself -----------------------------------------------------------------


def in_process(work: Callable[[], object]) -> None:
    pid = os.fork()
    if not pid:
        work()
        os._exit(0)
    os.waitpid(pid, 0)


def in_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.mark.parametrize("elsewhere", [in_process, in_thread])
def test_a_refusal_in_a_thread_or_process_is_known(
    elsewhere: Callable[[Callable[[], object]], None],
) -> None:
    refusals.forget()
    assert refusals.first() is None
    elsewhere(lambda: refusals.not_permitted("no such place: é"))
    assert str(refusals.first()) == "no such place: é"
    assert not refusals.is_over()
    elsewhere(lambda: refusals.note_end(EOFError("x" * 10**5)))
    assert str(refusals.first()) == "no such place: é"
    assert refusals.is_over()
    refusals.forget()
    assert refusals.first() is None
    assert not refusals.is_over()


def test_the_message_of_a_refusal_in_a_process_is_bounded() -> None:
    refusals.forget()
    in_process(lambda: refusals.note(ValueError("é" * 10**5)))
    assert 1_000 < len(str(refusals.first())) < 5_000
    refusals.forget()


def test_a_process_of_an_earlier_check_costs_no_later_check() -> None:
    refusals.forget()
    go_on, wait = multiprocessing.Event(), os.fork
    pid = wait()
    if not pid:
        go_on.wait(10)
        refusals.not_permitted("too late")
        os._exit(0)
    refusals.forget()
    go_on.set()
    os.waitpid(pid, 0)
    assert refusals.first() is None


# --- Turns ---------------------------------------------------------------------------


def test_processes_take_turns() -> None:
    turn = Turn(lambda: True)
    told, tell = os.pipe()

    def ask() -> None:
        for _ in range(50):
            with turn, turn:
                os.write(tell, b"<")
                os.write(tell, b">")

    pids = []
    for _ in range(3):
        pids.append(os.fork())
        if not pids[-1]:
            ask()
            os._exit(0)
    ask()
    for pid in pids:
        os.waitpid(pid, 0)
    assert os.read(told, 1_000) == b"<>" * 200


def test_a_process_that_ends_during_its_turn_closes_the_link() -> None:
    turn = Turn(lambda: True)
    pid = os.fork()
    if not pid:
        turn.__enter__()
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    for _ in range(2):  # before and after its parent has waited for it
        with pytest.raises(LinkClosedError), turn:
            pytest.fail("it was somebody else's turn")
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


def test_without_a_fork_no_other_process_is_waited_for() -> None:
    turn = Turn(lambda: False)
    os.read(turn._taken, 1)
    with turn:
        in_thread(lambda: None)
