"""A test that passes its own time limit fails, and costs no other check."""

import os
import resource
import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import CheckSpec, JobResult, QuestionSpec, TestStyle, Verdict
from runner.wire.endpoint import Endpoint
from runner.wire.link import Link, LinkClosedError, LinkError
from tests.runner.notebooks import cell, job, messages

WORK = """
import time
def slow(n): time.sleep(30); return n
def deaf(n):
    while True:
        try: time.sleep(30)
        except BaseException: pass
def inc(x): return x + 1
"""
ALARM = (
    "import signal\ndef late(*_): raise {error}\nsignal.signal(signal.SIGALRM, late)\n"
    "signal.setitimer(signal.ITIMER_REAL, 0.2)\nassert slow(5) == 5"
)
POOL = (
    "from concurrent.futures import ThreadPoolExecutor\n"
    "assert ThreadPoolExecutor(1).submit(slow, 5).result(timeout=0.2) == 5"
)
THREAD = (
    "import threading\nout = []\n"
    "t = threading.Thread(target=lambda: out.append(slow(5)), daemon=True)\n"
    "t.start()\nt.join(0.2)\nassert out == [5]"
)
INTERRUPT = (
    "import _thread, threading\n"
    "t = threading.Timer(0.2, _thread.interrupt_main)\nt.start()\n"
    "try: assert slow(5) == 5\nfinally: t.cancel()"
)
PROCESS = (
    "import multiprocessing\nfork = multiprocessing.get_context('fork')\n"
    "t = fork.Process(target=lambda: slow(5))\nt.start()\nt.join(0.2)\n"
    "t.terminate()\nassert t.exitcode == 0"
)
LIMITS = {
    "a handler": (ALARM.format(error="TimeoutError('late')"), "raised TimeoutError"),
    "an error with a number": (ALARM.format(error="OSError(5, '')"), "raised OSError"),
    "another error": (ALARM.format(error="RuntimeError"), "raised RuntimeError"),
    "no handler": (
        ALARM.split("\n", maxsplit=1)[0] + ALARM[ALARM.index("\nsignal.set") :],
        None,
    ),
    "a pool": (POOL, "raised TimeoutError"),
    "a thread": (THREAD, "raised AssertionError"),
    "a process": (PROCESS, "raised AssertionError"),
    "an interrupt": (INTERRUPT, "raised KeyboardInterrupt"),
}


def script(key: str, *checks: str) -> QuestionSpec:
    specs = (CheckSpec(name=f"c{n}", source=one) for n, one in enumerate(checks))
    return QuestionSpec(key=key, style=TestStyle.SCRIPT, checks=tuple(specs))


def run(runner: Runner, *questions: QuestionSpec) -> JobResult:
    cells = [cell(f"# softmark: check {one.key}") for one in questions]
    names = ("slow", "deaf", "inc")
    return runner.run(job(WORK, *cells, questions=questions, defined_names=names))


@pytest.mark.torch
@pytest.mark.parametrize("name", LIMITS)
def test_a_test_s_own_time_limit_costs_that_check_alone(
    runner: Runner, name: str
) -> None:
    limited, words = LIMITS[name]
    rest = "assert inc(1) == 2", "assert inc(5) == 6"
    result = run(runner, script("q1", rest[0], limited, *rest), script("q2", rest[0]))
    ended = words or "Python stopped before this check was done"
    assert messages(result) == ["passed", ended, "passed", "passed", "passed"]
    assert result.verdict is Verdict.COMPLETED


@pytest.mark.torch
def test_a_function_that_ignores_interrupts_costs_that_check_alone(
    runner: Runner,
) -> None:
    limited = POOL.replace("slow", "deaf")
    result = run(runner, script("q1", limited, "assert inc(1) == 2"))
    assert messages(result) == ["raised TimeoutError", "passed"]


@pytest.mark.torch
def test_a_time_limit_ends_with_its_check(runner: Runner) -> None:
    set_up = (
        "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.3)\nassert inc(1) == 2"
    )
    later = "import time\ntime.sleep(0.5)\nassert inc(1) == 2"
    assert messages(run(runner, script("q1", set_up, later))) == ["passed"] * 2
    for forgotten in (
        "import _thread, threading\nthreading.Timer(0.3, _thread.interrupt_main).start()",
        "import faulthandler\nfaulthandler.dump_traceback_later(0.3, exit=True)",
    ):
        set_up = f"{forgotten}\nassert inc(1) == 2"
        assert messages(run(runner, script("q1", set_up, later))) == ["passed"] * 2


@pytest.mark.torch
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_that_ends_the_grader_costs_that_check_alone(
    runner: Runner, number: int
) -> None:
    ends = f"import os\ninc(1)\nos.kill(os.getpid(), {int(number)})"
    result = run(runner, script("q1", ends, "assert inc(1) == 2"))
    assert messages(result) == ["Python stopped before this check was done", "passed"]
    assert result.verdict is Verdict.COMPLETED


@pytest.mark.torch
def test_the_soft_limit_on_cpu_time_is_below_the_hard_one(runner: Runner) -> None:
    """Where both limits are the same, the kernel kills without a message."""
    asks = (
        "import resource\nsoft, hard = resource.getrlimit(resource.RLIMIT_CPU)\n"
        f"assert 0 < soft < hard != {resource.RLIM_INFINITY}\nassert inc(1) == 2"
    )
    assert messages(run(runner, script("q1", asks))) == ["passed"]


@pytest.fixture
def ends() -> Iterator[tuple[Endpoint, Link]]:
    """Yield the grader's endpoint, and the link of the other side."""
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    with ours, theirs:
        yield Endpoint(Link(ours), lambda _header, _buffers: ({}, [])), Link(theirs)


def test_an_answer_to_another_question_is_refused(ends: tuple[Endpoint, Link]) -> None:
    endpoint, other = ends
    other.send({"ok": 1, "n": 2}, [])
    with pytest.raises(LinkError):
        endpoint.ask({"op": "name"}, [])
    other.send({"ok": 1, "n": 2}, [])
    with pytest.raises(LinkClosedError):
        endpoint.ask({"op": "name"}, [])


def test_each_thread_gets_its_own_answer(ends: tuple[Endpoint, Link]) -> None:
    endpoint, other = ends
    answers: dict[int, object] = {}

    def ask(number: int) -> None:
        answers[number] = endpoint.ask({"op": "name", "v": number}, [])[0]["ok"]

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for one in threads:
        one.start()
    for _ in threads:
        header, _ = other.receive()
        other.send({"ok": header["v"], "n": header["n"]}, [])
    for one in threads:
        one.join(10)
    assert answers == {n: n for n in range(8)}
    assert not endpoint.is_abandoned


def test_a_question_of_another_thread_is_abandoned(
    ends: tuple[Endpoint, Link],
) -> None:
    endpoint, other = ends
    thread = threading.Thread(target=endpoint.ask, args=({"op": "name"}, []))
    thread.start()
    header, _ = other.receive()
    assert endpoint.is_abandoned
    other.send({"ok": 1, "n": header["n"]}, [])
    thread.join(10)
    assert not endpoint.is_abandoned


def test_a_forked_process_asks_under_other_numbers(
    ends: tuple[Endpoint, Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, _ = ends
    own = {endpoint._next_number() for _ in range(3)}
    monkeypatch.setattr(os, "getpid", lambda: 7)
    assert own.isdisjoint(endpoint._next_number() for _ in range(3))
