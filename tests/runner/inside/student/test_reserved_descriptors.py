"""A notebook that opens too many files loses that cell, and no question."""

import resource
from collections.abc import Iterator

import pytest

from runner.host.runner import Runner
from runner.inside.student import reserved_descriptors
from runner.protocol.jobs import JobResult, Limits, Verdict
from tests.runner.notebooks import cell, job, messages, outputs, question, scores, text

pytestmark = pytest.mark.torch

FEW = Limits(open_files=100, cell_seconds=30, question_seconds=30, run_seconds=90)
FILL = "import os\nkept = []\nwhile True: kept.append(os.open('/dev/null', 0))"
RAISE = (
    "import resource\n"
    "most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
    "resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))\n"
)
FUNCTIONS = "def f(n): return n + 1\ndef read():\n    return open('/dev/null').read()"
QUESTIONS = (
    question("q1", "def check(f):\n    assert f(3) == 4\n"),
    question("q2", "def check(read):\n    assert read() == ''\n"),
)
CHECKS = (cell("# softmark: check q1"), cell("# softmark: check q2"))
LOADER = """import torch
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.arange(320.0), torch.arange(320))
def evaluate():
    targets = []
    for x, y in DataLoader(data, batch_size=1, num_workers=1):
        targets.append(y)
    return torch.cat(targets)
"""


def run(runner: Runner, *sources: str, limits: Limits = FEW) -> JobResult:
    return runner.run(job(*sources, *CHECKS, questions=QUESTIONS, limits=limits))


@pytest.fixture
def limit_of_files() -> Iterator[tuple[int, int]]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_too_many_open_files_cost_no_question(runner: Runner) -> None:
    result = run(runner, FILL, FUNCTIONS)
    assert (result.verdict, result.code) == (Verdict.LIMIT, "open_files")
    assert result.detail["cell"] == 1
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}


def test_batches_of_a_loader_with_workers_cost_only_their_cell(runner: Runner) -> None:
    cache = "cache = list(DataLoader(data, batch_size=1, num_workers=1))"
    result = run(runner, LOADER, cache, FUNCTIONS)
    assert (result.verdict, result.code) == (Verdict.LIMIT, "open_files")
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}


def test_a_usual_number_of_batches_may_be_kept(runner: Runner) -> None:
    source = "def check(evaluate):\n    assert evaluate().tolist() == [*range(320)]\n"
    notebook = LOADER + "assert len(evaluate()) == 320"
    result = runner.run(job(notebook, questions=(question("q1", source),)))
    assert result.verdict is Verdict.COMPLETED
    assert scores(result) == {"q1": [1.0]}


def test_later_cells_may_open_files_again(runner: Runner) -> None:
    later = "for _ in range(40): open('/dev/null')\nprint('read')"
    result = run(runner, FILL, later, FILL.replace("kept = []", ""), later, FUNCTIONS)
    assert text(result, 2) == text(result, 4) == "read\n"
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}


@pytest.mark.parametrize("times", [1, 8])
def test_cells_that_fill_again_and_again_leave_the_channel_its_own(
    runner: Runner, times: int
) -> None:
    again = FILL.replace("kept = []", "kept = globals().get('kept', [])")
    result = run(runner, *[again] * times, FUNCTIONS)
    assert scores(result)["q1"] == [1.0]


def test_a_snapshot_full_of_files_answers_the_next_check(runner: Runner) -> None:
    fill = (
        "def fill():\n    import os\n    global kept\n    kept = []\n"
        "    while True: kept.append(os.open('/dev/null', 0))\n"
    )
    source = (
        "def check_a(fill):\n    fill()\n"
        "def check_b(f):\n    assert f(3) == 4\n"
        "def check_slow(hang):\n    hang()\n"
        "def check_z(f):\n    assert f(3) == 4\n"
    )
    hang = "import time\ndef hang(): time.sleep(60)"
    limits = Limits(open_files=100, question_seconds=4)
    asked = (question("q1", source),)
    result = runner.run(job(fill, FUNCTIONS, hang, questions=asked, limits=limits))
    assert scores(result) == {"q1": [0.0, 1.0, 0.0, 1.0]}


def test_a_notebook_that_takes_the_reserve_costs_only_its_own(runner: Runner) -> None:
    result = run(runner, FUNCTIONS, RAISE + FILL, "print('next')")
    assert (result.verdict, result.code) == (Verdict.LIMIT, "open_files")
    assert text(result, 3) == "next\n"
    assert messages(result) == ["Python stopped before this check was done"] * 2
    assert scores(run(runner, FUNCTIONS)) == {"q1": [1.0], "q2": [1.0]}


def test_a_notebook_keeps_a_lower_limit_that_it_sets(runner: Runner) -> None:
    lower = RAISE.replace("(most, most)", "(90, most)")
    shown = "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    result = run(runner, lower, FUNCTIONS, shown)
    assert text(result, 3) == "90\n"
    result = run(runner, "import resource", shown)
    assert text(result, 2) == "100\n", outputs(result, 2)


def test_a_low_hard_limit_leaves_the_channel_its_own() -> None:
    infinite = resource.RLIM_INFINITY
    reserve = reserved_descriptors.RESERVE
    assert reserved_descriptors.split(1024, infinite) == (1024, 1024 + reserve)
    soft, hard = reserved_descriptors.split(1024, 1024)
    assert soft < hard == 1024


def test_the_reserve_is_lifted_only_inside(limit_of_files: tuple[int, int]) -> None:
    _, most = limit_of_files
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, most))
    with reserved_descriptors.lifted():
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (200, most)
