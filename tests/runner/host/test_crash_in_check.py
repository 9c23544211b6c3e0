"""A check that ends the notebook's process costs only itself, within bounds."""

import dataclasses
import errno
from collections.abc import Iterator

import pytest

from runner.host import question_runner
from runner.host.monitor import Monitor
from runner.host.runner import Runner
from runner.protocol.jobs import JobResult, Limits, QuestionSpec, Verdict
from tests.runner.notebooks import cell, job, messages, question

pytestmark = pytest.mark.torch

MIB = 1024**2
ONE = cell("# softmark: check q1")
NOT_RUN = "not run: Python stopped in an earlier check"
ENDED = "Python stopped before this check was done"


def asking(*names: str, key: str = "q1") -> QuestionSpec:
    """Return a question with one check for each of these functions of the notebook."""
    source = "".join(
        f"def check{n}({name}):\n    assert {name}({n}) == {n}\n"
        for n, name in enumerate(names)
    )
    return question(key, source)


def run(
    runner: Runner, work: str, *questions: QuestionSpec, **limits: float
) -> JobResult:
    cells = [cell(f"# softmark: check {one.key}") for one in questions]
    values = {"memory_bytes": 512 * MIB, "processes": 60, **limits}
    spec = job(work, *cells, questions=questions, limits=Limits(**values))  # type: ignore[arg-type]  # numbers
    return runner.run(spec)


GOOD = "def good(x): return x\n"
CRASH = "def bad(x):\n    import os; os.kill(os.getpid(), 11)\n" + GOOD
ENDS = {
    "a crash": ("import os; os.kill(os.getpid(), 11)", ENDED),
    "an abort": ("import os; os.abort()", ENDED),
    "an exit": ("import os; os._exit(0)", ENDED),
    "memory": (
        (
            "import os, time\n    for _ in range(6):\n        if os.fork() == 0:\n"
            "            room = bytearray(b'x') * (150 << 20); time.sleep(20)\n"
            "    time.sleep(20)"
        ),
        "out of memory",
    ),
    "processes": (
        (
            "import os, time\n    while True:\n        try: os.fork()\n"
            "        except OSError: time.sleep(0.01)"
        ),
        "too many processes",
    ),
}


@pytest.fixture(scope="module")
def alone() -> Iterator[Runner]:
    """Yield a runner without a control group."""
    runner = Runner({"default": ""})
    plain = dataclasses.replace(runner._capabilities, hierarchy=None)
    runner._capabilities = plain
    runner.warm_up()
    assert runner.level() == "L1"
    yield runner
    runner.close()


@pytest.mark.parametrize("name", ENDS)
def test_a_crash_in_one_check_costs_that_check_alone(runner: Runner, name: str) -> None:
    body, words = ENDS[name]
    work = f"def bad(x):\n    {body}\n{GOOD}"
    both = asking("good", "bad", "good"), asking("good", key="q2")
    result = run(runner, work, *both, question_seconds=8)
    assert messages(result) == ["passed", words, "passed", "passed"]
    assert result.verdict is Verdict.COMPLETED


@pytest.mark.parametrize("name", ["a crash", "memory"])
def test_a_crash_costs_that_check_alone_without_a_control_group(
    alone: Runner, name: str
) -> None:
    body, words = ENDS[name]
    work = f"def bad(x):\n    {body}\n{GOOD}"
    result = run(alone, work, asking("bad", "good"), question_seconds=8)
    assert messages(result) == [words, "passed"]


def test_checks_after_the_last_allowed_crash_say_that_they_were_not_run(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(question_runner, "MOST_RENEWALS", 2)
    result = run(runner, CRASH, asking("bad", "bad", "bad", "bad", "good"))
    assert messages(result) == [ENDED] * 3 + [NOT_RUN] * 2


def test_one_question_s_crashes_cost_no_other_question(runner: Runner) -> None:
    many = asking(*["bad"] * 13, "good")
    result = run(runner, CRASH, many, asking("bad", "good", key="q2"))
    assert messages(result)[-3:] == [NOT_RUN, ENDED, "passed"]


def test_hidden_checks_are_asked_after_a_crash_in_the_shown_ones(
    runner: Runner,
) -> None:
    plain = asking("bad", "good", "bad", "good")
    secrecies = zip(plain.checks, (0, 1, 1, 2), strict=True)
    parts = tuple(dataclasses.replace(one, secrecy=n) for one, n in secrecies)
    result = run(runner, CRASH, dataclasses.replace(plain, checks=parts))
    assert messages(result) == [ENDED, "passed", ENDED, "passed"]


def test_cells_that_run_again_get_no_more_time_than_at_first(
    runner: Runner,
) -> None:
    work = (
        "import os\nif os.getpid() > 2:  # a fresh process\n    while True: pass\n"
        "def bad(x): os._exit(0)\n"
    )
    result = run(runner, work + GOOD, asking("bad", "good"))
    assert messages(result) == [ENDED, NOT_RUN]
    assert result.measures.checking_seconds < 15


def test_cells_that_take_longer_than_the_question_has_do_not_run_again(
    runner: Runner,
) -> None:
    result = run(runner, CRASH, asking("bad", "good"), question_seconds=0.9)
    assert messages(result) == [ENDED, NOT_RUN]


def test_tests_that_cannot_be_loaded_are_not_tried_again(runner: Runner) -> None:
    broken = question("q1", "1 / 0\ndef check_a(good): pass\ndef check_b(good): pass\n")
    result = run(runner, GOOD, broken)
    assert messages(result) == [ENDED] * 2


# Each snapshot holds what the others do not.
LARGE = "room = None\nroom = bytearray(b'x') * (130 << 20)\n"


def large(runner: Runner, **limits: float) -> list[str]:
    keys = [f"q{n}" for n in range(6)]
    cells: list[object] = []
    for key in keys:
        cells += [LARGE + GOOD, cell(f"# softmark: check {key}")]
    # A snapshot that moves is not asked: the last cell runs while all stand still.
    cells.append("end = time.monotonic() + 1\nwhile time.monotonic() < end: pass")
    cells.insert(0, "import time")
    spec = job(
        *cells,  # type: ignore[arg-type]  # cells
        questions=tuple(asking("good", key=key) for key in keys),
        limits=Limits(memory_bytes=512 * MIB, **limits),  # type: ignore[arg-type]  # numbers
    )
    return messages(runner.run(spec))


@pytest.mark.long
def test_a_snapshot_that_was_ended_to_free_memory_is_made_again(alone: Runner) -> None:
    assert large(alone) == ["passed"] * 6


def test_a_snapshot_that_cannot_be_made_again_says_that_memory_ran_out(
    alone: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(question_runner, "MOST_RENEWALS", 0)
    assert set(large(alone)) == {"passed", "out of memory"}


@pytest.mark.parametrize(("kills", "words"), [(1, "out of memory"), (0, ENDED)])
def test_a_snapshot_that_the_kernel_ended_for_memory_says_so(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, kills: int, words: str
) -> None:
    """The kernel only tells how many of the job's processes it has ended."""
    monkeypatch.setattr(question_runner, "MOST_RENEWALS", 0)
    monkeypatch.setattr(Monitor, "_memory_kills", lambda self: kills * self.is_checking)
    ending = (
        "import os\nfor pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "    if int(pid) not in (1, os.getpid()): os.kill(int(pid), 9)"
    )
    spec = job(GOOD, ONE, ending, questions=(asking("good"),))
    assert messages(runner.run(spec)) == [words]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOMEM, "out of memory"),
        (errno.EAGAIN, "too many processes"),
        (0, ENDED),
        ([], ENDED),
    ],
)
def test_a_snapshot_that_cannot_be_made_says_why(number: object, words: str) -> None:
    assert question_runner._why_not_made(number) == words
