"""Output of cells that run again is measured apart, anew for each fresh process."""

import dataclasses

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import Limits, QuestionSpec, Verdict
from tests.runner.notebooks import cell, job, messages, question, text

pytestmark = pytest.mark.torch

LIMITS = Limits(job_output_bytes=1 << 20, cell_output_bytes=1 << 20, question_seconds=9)
SHOW = (
    "from IPython.display import clear_output, display\n"
    "def show(times):\n"
    "    for _ in range(times): display({'text/plain': 'x' * 100_000}, raw=True)\n"
    "def show_in_turn(times):\n"
    "    for _ in range(times): show(1); clear_output()\n"
)
GOOD = "def good(x):\n    if x == 0: import os; os.abort()\n    return x\n"


def crashing(key: str, name: str = "good") -> QuestionSpec:
    """Return a question of a check that crashes, and one that needs a new snapshot."""
    checks = (f"def check{n}({name}): assert {name}({n}) == {n}\n" for n in (0, 1))
    return question(key, "".join(checks))


FLOODS = {
    "displays": "show(150)",
    "text": "import os\n    for _ in range(150): os.write(1, b'x' * 100_000)",
    "small frames": "for _ in range(15_000): display({}, raw=True)",
    "a thread in no cell": (
        "import threading; threading.Thread(target=show, args=(150,)).start()"
    ),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_in_one_question_s_rerun_costs_no_other_question(
    runner: Runner, name: str
) -> None:
    work = (
        f"{SHOW}{GOOD}import os\nif os.path.exists('/tmp/again'):\n"
        f"    os.remove('/tmp/again')\n    {FLOODS[name]}\n"
        "def bad(x):\n    open('/tmp/again', 'w').close(); os.abort()\n"
    )
    cells = cell(work), cell("# softmark: check q1"), cell("# softmark: check q2")
    questions = (crashing("q1", "bad"), crashing("q2"))
    result = runner.run(job(*cells, questions=questions, limits=LIMITS))
    assert messages(result)[2:] == [
        "Python stopped before this check was done",
        "passed",
    ]
    assert result.verdict is Verdict.COMPLETED


@pytest.mark.long
def test_many_reruns_of_a_notebook_that_shows_much_cost_nothing(runner: Runner) -> None:
    keys = [f"q{n}" for n in range(13)]
    cells = [cell(f"# softmark: check {key}") for key in keys]
    spec = {"questions": tuple(map(crashing, keys)), "limits": LIMITS}
    result = runner.run(job(f"{SHOW}{GOOD}show(9)", *cells, **spec))
    assert (
        messages(result) == ["Python stopped before this check was done", "passed"] * 13
    )


DEAF = (
    "import os, signal, time\n"
    "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    "if not os.path.exists('/tmp/{0}'):\n"
    "    open('/tmp/{0}', 'w').close()\n    while True: time.sleep(1)"
)


def test_reruns_before_the_notebook_s_end_do_not_count_as_its_output(
    runner: Runner,
) -> None:
    limits = dataclasses.replace(LIMITS, cell_seconds=1, run_seconds=60)
    last = "show_in_turn(20); print('end')"
    cells = f"{SHOW}show_in_turn(40)", DEAF.format("a"), DEAF.format("b"), last
    result = runner.run(job(*cells, limits=limits))
    assert result.code == "cell_time"
    assert text(result, 4) == "end\n"


def test_a_fresh_process_does_not_allow_more_output(runner: Runner) -> None:
    limits = dataclasses.replace(LIMITS, cell_seconds=1, run_seconds=60)
    cells = f"{SHOW}show_in_turn(60)", DEAF.format("a"), "show_in_turn(60)", "1"
    result = runner.run(job(*cells, limits=limits))
    assert (result.verdict, result.code) == (Verdict.LIMIT, "output")
