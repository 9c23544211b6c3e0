"""Checks shown sooner run sooner, so that no shown result depends on a hidden check."""

from dataclasses import replace

import pytest

from runner.host.question_parts import in_order_of_asking, join
from runner.host.runner import Runner
from runner.protocol.jobs import (
    CheckOutcome,
    CheckSpec,
    Limits,
    Outcome,
    QuestionOutcome,
    QuestionSpec,
    TestStyle,
    Verdict,
)
from tests.runner.notebooks import cell, job, messages, question, scores, text

CHECKS = (
    CheckSpec(name="hidden", secrecy=2),
    CheckSpec(name="shown", secrecy=0),
    CheckSpec(name="later", secrecy=1),
    CheckSpec(name="shown_too", secrecy=0),
)
FIRST = QuestionSpec(key="q1", checks=CHECKS)
SECOND = QuestionSpec(key="q2", checks=CHECKS[1:2])


def test_parts_are_asked_by_secrecy_and_then_in_the_revision_s_order() -> None:
    asked = [
        (part.question.key, [check.name for check in part.question.checks])
        for part in in_order_of_asking([FIRST, SECOND])
    ]
    assert asked == [
        ("q1", ["shown", "shown_too"]),
        ("q2", ["shown"]),
        ("q1", ["later"]),
        ("q1", ["hidden"]),
    ]


def outcome(*checks: CheckOutcome, kind: Outcome) -> QuestionOutcome:
    return QuestionOutcome(key="q1", outcome=kind, checks=checks, seconds=1.0)


def passed(name: str) -> CheckOutcome:
    return CheckOutcome(name=name, score=1.0, message="passed")


@pytest.mark.parametrize(
    ("last", "kind", "whole"),
    [
        (passed("hidden"), Outcome.PASSED, Outcome.PASSED),
        (CheckOutcome(name="hidden", score=0.0), Outcome.FAILED, Outcome.PARTIAL),
        (CheckOutcome(name="hidden", score=0.0), Outcome.TIMEOUT, Outcome.TIMEOUT),
    ],
)
def test_a_question_s_outcome_is_that_of_all_its_parts(
    last: CheckOutcome, kind: Outcome, whole: Outcome
) -> None:
    parts = [
        outcome(passed("shown"), passed("shown_too"), kind=Outcome.PASSED),
        outcome(passed("later"), kind=Outcome.PASSED),
        outcome(last, kind=kind),
    ]
    found = join(FIRST, parts)
    assert (found.outcome, found.seconds) == (whole, 3.0)
    assert [one.name for one in found.checks] == [one.name for one in CHECKS]


SHARED = """
import mmap
shared = mmap.mmap(-1, 4096)
def evaluate(labels):
    shared[0] = labels[0]
    return 0.0
def accuracy():
    return shared[0] / 10
"""
HANDS_OUT = "def check_hidden(evaluate):\n    assert evaluate([7]) == 0.0\n"
SHOWS = "def check_shown(accuracy):\n    return accuracy()\n"
CHECK, CHECK_2 = cell("# softmark: check q1"), cell("# softmark: check q2")


def spec(key: str, source: str, *secrecies: int) -> QuestionSpec:
    plain = question(key, source)
    checks = zip(plain.checks, secrecies, strict=True)
    return replace(
        plain, checks=tuple(replace(check, secrecy=one) for check, one in checks)
    )


@pytest.mark.torch
def test_a_value_given_by_a_hidden_check_is_in_no_earlier_result(
    runner: Runner,
) -> None:
    """Neither in another question nor in the same one: 0.7 would tell the label."""
    apart = (spec("q1", HANDS_OUT, 2), spec("q2", SHOWS, 0))
    result = runner.run(job(SHARED, CHECK, CHECK_2, questions=apart))
    assert scores(result) == {"q1": [1.0], "q2": [0.0]}
    together = (spec("q1", HANDS_OUT + SHOWS, 2, 0),)
    result = runner.run(job(SHARED, CHECK, questions=together))
    assert scores(result) == {"q1": [1.0, 0.0]}


@pytest.mark.torch
def test_a_hidden_check_has_the_time_that_the_shown_ones_left(runner: Runner) -> None:
    source = (
        "import time\ndef check_shown(answer): assert answer == 42\n"
        "def check_shown_too(answer): assert answer == 42\n"
        "def check_hidden(answer):\n    time.sleep(2.2)\n    assert answer == 42\n"
    )
    result = runner.run(
        job(
            "answer = 42",
            CHECK,
            questions=(spec("q1", source, 0, 0, 2),),
            limits=Limits(question_seconds=3),
        )
    )
    assert scores(result) == {"q1": [1.0, 1.0, 1.0]}


CRASHES = (
    "import ctypes\ndef check_crash(answer):\n    answer()\n    ctypes.string_at(0)\n"
    "def check(answer): assert answer() == 42\n"
)


@pytest.mark.torch
def test_a_crash_of_the_grader_costs_that_check_alone(runner: Runner) -> None:
    """Values of the notebook can crash a library that the test calls."""
    work = "def answer(): return 42"
    result = runner.run(job(work, CHECK, questions=(question("q1", CRASHES),)))
    assert result.verdict is Verdict.COMPLETED
    assert scores(result) == {"q1": [0.0, 1.0]}
    assert messages(result) == ["Python stopped before this check was done", "passed"]
    assert "ended twice" in result.questions[0].checks[0].trace


@pytest.mark.torch
def test_a_question_s_snapshot_serves_all_its_parts(runner: Runner) -> None:
    """Questions with checks of every visibility need no more processes."""
    source = "".join(
        f"def check_{n}(answer): assert answer == 42\n" for n in ("a", "b", "c")
    )
    questions = tuple(spec(f"q{n}", source, 0, 1, 2) for n in range(12))
    cells = [cell(f"# softmark: check q{n}") for n in range(12)]
    result = runner.run(
        job(
            "answer = 42",
            *cells,
            questions=questions,
            limits=Limits(processes=16),
        )
    )
    assert set(map(tuple, scores(result).values())) == {(1.0, 1.0, 1.0)}


@pytest.mark.torch
def test_a_thread_that_prints_at_a_check_cell_costs_no_points(runner: Runner) -> None:
    work = (
        "import threading, time\nfrom IPython.display import display\n"
        "def speak():\n    while True:\n        print('x'); display(1)\n"
        "        time.sleep(0.001)\n"
        "threading.Thread(target=speak, daemon=True).start()\nanswer = 42"
    )
    check = question("q1", "def check(answer): assert answer == 42\n")
    result = runner.run(job(work, CHECK, "time.sleep(0.1)", questions=(check,)))
    assert result.verdict is Verdict.COMPLETED
    assert scores(result) == {"q1": [1.0]}


@pytest.mark.torch
def test_no_process_of_a_job_can_limit_the_first_process(runner: Runner) -> None:
    """The first process would end, and the run would be our fault."""
    work = (
        "import resource\ntry: resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))\n"
        "except PermissionError: print('refused')\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        "print(resource.prlimit(0, resource.RLIMIT_CORE)[0])"
    )
    assert text(runner.run(job(work)), 1) in ("refused\n1\n", "refused\n0\n")


def test_no_process_of_a_job_can_slow_the_first_process(runner: Runner) -> None:
    """All other processes of the job would wait for it."""
    work = (
        "import os\nkept = os.nice(0)\nos.setpriority(os.PRIO_PROCESS, 1, 19)\n"
        "os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))\n"
        "os.setpriority(os.PRIO_USER, 0, 19)\nos.sched_setaffinity(1, {0})\n"
        "print(os.getpriority(os.PRIO_PROCESS, 1), os.sched_getscheduler(1))\n"
        "print(os.sched_getaffinity(1) == os.sched_getaffinity(0), os.nice(3) - kept)"
    )
    assert text(runner.run(job(work)), 1) == "0 0\nTrue 3\n"


@pytest.mark.torch
@pytest.mark.parametrize("secret", [1, 2])
def test_hidden_checks_do_not_choose_which_copy_of_a_check_cell_counts(
    runner: Runner, secret: int
) -> None:
    asked = QuestionSpec(
        key="q1",
        style=TestStyle.SCRIPT,
        checks=(
            CheckSpec(name="shown", source="assert f(0) == 5"),
            CheckSpec(name="hidden", source=f"assert f({secret}) == 1", secrecy=2),
        ),
    )
    one = cell("", question="q1")
    raising, guessing = "def f(x): raise ValueError", "def f(x): return x"
    result = runner.run(job(raising, one, guessing, one, questions=(asked,)))
    assert messages(result)[0] == "raised AssertionError"
    assert result.questions[0].checks[1].score == float(secret == 1)


@pytest.mark.torch
def test_cells_that_run_again_while_checking_are_in_no_measure(runner: Runner) -> None:
    """The memory that these cells take could tell a check's input."""
    work = (
        "import os\nif os.path.exists('/tmp/told'):\n"
        "    held = bytearray(b'x' * (400 << 20))\n"
        "def think(x):\n    import signal\n    open('/tmp/told', 'w').close()\n"
        "    signal.signal(signal.SIGINT, signal.SIG_IGN)\n    while True: pass"
    )
    source = (
        "def check_a(think): think(7)\ndef check_b(think): pass\n"
        "def check_c(think): pass\n"
    )
    result = runner.run(
        job(
            work,
            CHECK,
            questions=(question("q1", source),),
            limits=Limits(question_seconds=2),
        )
    )
    assert result.measures.peak_memory_bytes < 400 << 20
