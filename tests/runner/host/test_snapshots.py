"""Snapshots stand still, are asked in turn, and cost one another nothing."""

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from runner.host.monitor import Monitor
from runner.host.question_parts import QuestionPart
from runner.host.question_run import QuestionRun
from runner.host.question_runner import QuestionRunner
from runner.host.runner import Runner
from runner.host.snapshots import Snapshot
from runner.protocol.jobs import (
    Checking,
    Event,
    JobResult,
    Limits,
    Outcome,
    QuestionDone,
    Verdict,
)
from runner.system.processes import read_processes
from tests.runner.notebooks import ANSWER, cell, job, messages, question, scores, text

pytestmark = pytest.mark.torch

MIB = 1024**2
ONE, TWO = cell("# softmark: check q1"), cell("# softmark: check q2")
GOOD = question("q2", "def check(answer): assert answer == 42\n")


def asking(source: str, key: str = "q1", name: str = "f") -> object:
    return question(key, f"def check({name}):\n    {source}\n")


def run(runner: Runner, *cells: object, **changes: object) -> JobResult:
    return runner.run(job(*cells, **changes))  # type: ignore[arg-type]  # cells


def after_notebook(events: list[Event]) -> list[Event]:
    first = next(i for i, one in enumerate(events) if isinstance(one, Checking))
    return events[first:]


SLOW = (
    "import mmap, time\ndef f():\n"
    "    room = mmap.mmap(-1, 200 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
    "    for at in range(0, 200 << 20, 4096): room[at] = 1\n"
    "    time.sleep(2)\n    return 42\n"
)


def test_no_event_holds_a_measure_while_questions_are_checked(runner: Runner) -> None:
    seen: list[tuple[float, Event]] = []
    spec = job(SLOW, ONE, questions=(asking("assert f() == 42"),))
    runner.run(spec, on_event=lambda one: seen.append((time.monotonic(), one)))
    events = after_notebook([one for _, one in seen])
    assert {type(one) for one in events} == {Checking}
    times = [at for at, one in seen if isinstance(one, Checking)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(times) >= 3
    assert max(gaps) < 1.3


def test_resources_of_questions_are_not_in_the_notebook_s_measures(
    runner: Runner,
) -> None:
    used = run(runner, SLOW, ONE, questions=(asking("assert f() == 42"),)).measures
    assert used.seconds < 2 <= used.checking_seconds
    assert used.checking_peak_memory_bytes > used.peak_memory_bytes + 100 * MIB
    assert used.cpu_seconds + used.checking_cpu_seconds > 0


def test_outcomes_are_reported_together_at_the_end(runner: Runner) -> None:
    seen: list[Event] = []
    spec = job("answer = 42", ONE, TWO, questions=(ANSWER, GOOD))
    result = runner.run(spec, on_event=seen.append)
    assert not [one for one in seen if isinstance(one, QuestionDone)]
    assert len(result.questions) == 2


def test_a_snapshot_being_made_does_not_count_as_the_notebook_s_memory(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the host knows the snapshot's process, it looks like a second notebook."""
    monkeypatch.setattr("runner.host.monitor._MEASURE_SECONDS", 0)
    plain = run(runner, "answer = 42").measures.peak_memory_bytes
    many = [cell(f"# softmark: check q{n}") for n in range(8)]
    questions = [asking("assert answer == 42", f"q{n}", "answer") for n in range(8)]
    result = run(runner, "answer = 42", *many, questions=tuple(questions))
    assert result.measures.peak_memory_bytes < 1.5 * plain


def test_kills_before_the_notebook_s_end_are_blamed_on_no_question(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.host.monitor._MEASURE_SECONDS", 0)
    monkeypatch.setattr(Monitor, "_memory_kills", lambda self: int(self.is_checking))
    result = run(runner, "answer = 42", ONE, questions=(ANSWER,))
    assert messages(result) == ["passed"]


# The states of the other processes in the jail that are not on their way out.
STATES = (
    "import os\ndef states():\n    found = []\n"
    "    for pid in set(filter(str.isdigit, os.listdir('/proc'))) - {'1', str(os.getpid())}:\n"
    "        try: text = open(f'/proc/{pid}/stat').read()\n"
    "        except OSError: continue\n"
    "        fields = text[text.rfind(')') + 2:].split()\n"
    "        if not int(fields[6]) & 4 and fields[0] != 'Z': found.append(fields[0])\n"
    "    return sorted(set(found)), len(found)\n"
)


def test_while_one_snapshot_is_asked_all_others_stand_still(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host sees the one that waits. The asked one finds no other process."""
    hiding = (
        "import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)"
    )
    ask_once, seen = QuestionRunner._ask_once, list[list[str]]()

    def look(self: QuestionRunner, asked: QuestionRun, snapshot: Snapshot) -> bool:
        left = ask_once(self, asked, snapshot)
        waiting = read_processes(self._session.waiting_snapshots.numbers())
        seen.append([one.state for one in waiting])
        return left

    monkeypatch.setattr(QuestionRunner, "_ask_once", look)
    nobody = "assert states() == ([], 0)"
    asked = (asking(nobody, name="states"), asking(nobody, key="q2", name="states"))
    result = run(runner, STATES, ONE, hiding, TWO, questions=asked)
    assert messages(result) == ["passed", "passed"]
    assert seen == [["t"], []]


def test_processes_of_a_question_end_before_the_next_question(runner: Runner) -> None:
    leaving = (
        "def f():\n    import os, time\n    if os.fork() == 0:\n        os.setsid()\n"
        "        if os.fork() == 0: time.sleep(60)\n        os._exit(0)\n    os.wait()\n"
    )
    next_one = asking("assert states()[1] == 0", key="q2", name="states")
    spec = {"questions": (asking("f()"), next_one)}
    result = run(runner, STATES, leaving, ONE, TWO, **spec)
    assert messages(result) == ["passed", "passed"]


def test_a_snapshot_that_was_sent_a_signal_while_it_waited_is_asked(
    runner: Runner,
) -> None:
    """It has not run, so its question is asked on the state of its check cell."""
    waking = (
        "def f():\n    import os, signal, time\n"
        "    for pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "        if int(pid) > 1: os.kill(int(pid), signal.SIGCONT)\n"
        "    time.sleep(0.2)\nanswer = 42"
    )
    result = run(runner, waking, ONE, TWO, questions=(asking("f()"), GOOD))
    assert messages(result) == ["passed", "passed"]


def test_questions_are_asked_in_the_order_of_the_revision(runner: Runner) -> None:
    """Shared memory tells the order: the first snapshot asked finds it empty."""
    shared = (
        "import mmap\nroom = mmap.mmap(-1, 4096)\n"
        "def f(): room[0] += 1; return room[0]\n"
    )
    questions = asking("assert f() == 1"), asking("assert f() == 2", key="q2")
    result = run(runner, shared, TWO, ONE, questions=questions)
    assert messages(result) == ["passed", "passed"]


GREED = {
    "memory of many processes": (
        (
            "    import os, time\n    for _ in range(6):\n        if os.fork() == 0:\n"
            "            try: room = bytearray(b'x' * (150 << 20)); time.sleep(20)\n"
            "            finally: os._exit(1)\n"
            "    time.sleep(20)\n"
        ),
        "out of memory",
    ),
    "memory": (
        (
            "    import mmap\n    rooms = []\n    while True:\n"
            "        rooms.append(mmap.mmap(-1, 8 << 20))\n"
            "        rooms[-1].write(b'x' * (8 << 20))\n"
        ),
        "out of memory",
    ),
    "processes": (
        (
            "    import os, time\n    while True:\n        try: os.fork()\n"
            "        except OSError: time.sleep(0.01)\n"
        ),
        "too many processes",
    ),
}


@pytest.mark.parametrize("name", GREED)
def test_a_limit_that_one_question_passes_costs_no_other(
    runner: Runner, name: str
) -> None:
    body, words = GREED[name]
    if (name, runner.level()) == ("memory", "L1"):
        words = "raised OSError"  # shared memory without a file is refused there
    limits = Limits(question_seconds=8, memory_bytes=512 * MIB, processes=60)
    questions = ANSWER, asking("f()", key="q2"), asking("assert callable(f)", key="q3")
    cells = f"answer = 42\ndef f():\n{body}", ONE, TWO, cell("# softmark: check q3")
    result = run(runner, *cells, questions=questions, limits=limits)
    assert messages(result) == ["passed", words, "passed"]
    assert result.verdict is Verdict.COMPLETED


THREE = question(
    "q1", "".join(f"def check{n}(f):\n    assert f({n}) == {n}\n" for n in (1, 2, 3))
)
HANGS = {
    "a loop": "while n == 1: pass",
    "a sleep": "import time\n    if n == 1: time.sleep(60)",
    "one that swallows": (
        "while n == 1:\n        try:\n            while True: pass\n"
        "        except BaseException: pass"
    ),
    "one that hears nothing": "import os\n    if n == 1: os.kill(os.getpid(), 19)",
}


@pytest.mark.parametrize("name", HANGS)
def test_a_slow_check_costs_that_check_alone(runner: Runner, name: str) -> None:
    result = run(
        runner,
        f"def f(n):\n    {HANGS[name]}\n    return n",
        ONE,
        questions=(THREE,),
        limits=Limits(question_seconds=1.5, cell_seconds=5),
    )
    assert messages(result) == ["out of time", "passed", "passed"]
    assert result.questions[0].outcome is Outcome.TIMEOUT


def test_a_question_that_uses_its_time_takes_none_from_others(runner: Runner) -> None:
    """Even when the run's time is up, and however many questions hang."""
    hanging = [asking("f()", key=f"h{n}") for n in range(3)]
    cells = [cell(f"# softmark: check h{n}") for n in range(3)]
    result = run(
        runner,
        "answer = 42\ndef f():\n    while True: pass",
        *cells,
        ONE,
        "while True: pass",
        questions=(*hanging, ANSWER),
        limits=Limits(question_seconds=0.5, run_seconds=1.5, cell_seconds=9),
    )
    assert messages(result) == [*["out of time"] * 3, "passed"]


def test_each_question_has_its_own_time_whatever_was_used_before(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notebook may have used up the run, and other questions all of their time."""
    given: list[tuple[str, float]] = []
    plain = QuestionRunner._check

    def check(self: QuestionRunner, part: QuestionPart, seconds: float) -> object:
        given.append((part.question.key, seconds))
        return plain(self, part, seconds)

    monkeypatch.setattr(QuestionRunner, "_check", check)
    keys = [f"h{n}" for n in range(4)]
    limits = Limits(question_seconds=70, run_seconds=2)
    questions = tuple(asking("assert callable(f)", key=key) for key in keys)
    cells = [cell(f"# softmark: check {key}") for key in keys]
    work = "def f(): pass"
    run(runner, work, *cells, "while True: pass", questions=questions, limits=limits)
    assert given == [(key, 70) for key in keys]


@pytest.fixture
def busy() -> Iterator[None]:
    """Keep all processors busy, at the priority that jobs have."""
    code = "import os; os.nice(10)\nwhile True: pass"
    loads = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(6)]
    yield
    for one in loads:
        one.kill()
        one.wait()


def test_a_busy_machine_costs_no_points(runner: Runner, busy: None) -> None:
    working = (
        "import time\ndef f():\n    end = time.process_time() + 0.6\n"
        "    while time.process_time() < end: pass\n    return 42\nanswer = f()"
    )
    result = run(
        runner,
        working,
        ONE,
        questions=(asking("assert f() == 42"),),
        limits=Limits(question_seconds=1, cell_seconds=1, run_seconds=1.5),
    )
    assert (result.verdict, messages(result)) == (Verdict.COMPLETED, ["passed"])
    assert scores(result) == {"q1": [1.0]}


RIGHT, WRONG = "def f(): return 1", "def f(): return 2"


@pytest.mark.parametrize(
    "cells",
    [
        (ONE, RIGHT, ONE),
        (WRONG, ONE, RIGHT, ONE),
        (RIGHT, ONE, WRONG, ONE),
        (WRONG, ONE, ONE, ONE, ONE, RIGHT, ONE),
        ("def f():\n    while True: pass", ONE, RIGHT, ONE),
    ],
)
def test_the_best_snapshot_of_a_question_counts(
    runner: Runner, cells: tuple[object, ...]
) -> None:
    both = question("q1", "def check(f): assert f() == 1\n")
    limits = Limits(question_seconds=2)
    result = run(runner, *cells, questions=(both,), limits=limits)
    assert messages(result) == ["passed"]


def test_a_question_has_three_snapshots_at_most(runner: Runner) -> None:
    # A signal finds those that nothing in /proc shows. Those that were ended may linger.
    count = (
        "import os, time\ndef is_there(pid):\n    try: os.kill(pid, 0)\n"
        "    except OSError: return False\n    return pid != os.getpid()\n"
        "for _ in range(100):\n    left = sum(map(is_there, range(2, 100)))\n"
        "    if left <= 3: break\n    time.sleep(0.02)\nprint(left)"
    )
    result = run(runner, "1", *[ONE] * 6, count, questions=(ANSWER,))
    assert text(result, 8) == "3\n"
