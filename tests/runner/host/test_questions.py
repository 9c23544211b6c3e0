"""Each question is scored at its check cell, by the staff's tests alone."""

from pathlib import Path

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import JobResult, Limits, Outcome, Verdict
from tests.runner.notebooks import (
    ANSWER,
    all_scores,
    cell,
    job,
    job_file,
    messages,
    question,
    scores,
    text,
)

pytestmark = pytest.mark.torch

CHECK = cell("# softmark: check q1\nprint('visible')")


def checked(
    runner: Runner, body: str, *cells: str, parameter: str = "answer"
) -> JobResult:
    source = f"def check({parameter}):\n    {body}\n"
    return runner.run(job(*cells, CHECK, questions=(question("q1", source),)))


VALUES = [
    ("pass", 1.0, "passed"),
    ("return True", 1.0, "passed"),
    ("return False", 0.0, "returned False"),
    ("return 0.25", 0.25, "passed in part"),
    ("import numpy as np; return np.float32(0.5)", 0.5, "passed in part"),
    ("import numpy as np; return np.bool_(True)", 1.0, "passed"),
    ("import torch; return torch.tensor(True)", 1.0, "passed"),
    ("return float('nan')", 0.0, "returned something that is not a score"),
    ("return 1.5", 0.0, "returned something that is not a score"),
    ("return -1", 0.0, "returned something that is not a score"),
    ("return 'yes'", 0.0, "returned something that is not a score"),
    ("assert False, 'the secret'", 0.0, "raised AssertionError"),
    ("class Mine(Exception): pass\n    raise Mine('secret')", 0.0, "raised an error"),
    ("raise SystemExit(0)", 0.0, "raised SystemExit"),
]


def test_a_check_earns_what_it_returns(runner: Runner) -> None:
    source = "".join(
        f"def check{n}(answer):\n    {body}\n" for n, (body, _, _) in enumerate(VALUES)
    )
    result = runner.run(job("answer = 1", questions=(question("q1", source),)))
    assert messages(result) == [message for _, _, message in VALUES]
    assert all_scores(result) == [score for _, score, _ in VALUES]
    assert result.questions[0].outcome is Outcome.PARTIAL
    assert result.verdict is Verdict.COMPLETED


def test_a_name_that_is_missing_is_named(runner: Runner) -> None:
    result = checked(runner, "pass", "x = 1", parameter="conv2d")
    assert messages(result) == ["`conv2d` is not defined"]
    assert result.questions[0].outcome is Outcome.FAILED


def test_a_question_is_checked_where_its_cell_stands(runner: Runner) -> None:
    spec = job("answer = 42", CHECK, "answer = 0", CHECK, questions=(ANSWER,))
    assert scores(runner.run(spec)) == {"q1": [1.0]}


def test_a_question_without_a_cell_is_checked_at_the_end(runner: Runner) -> None:
    spec = job("answer = 0", "answer = 42", questions=(ANSWER,))
    assert scores(runner.run(spec)) == {"q1": [1.0]}


def test_the_check_cell_is_the_staff_s_own(runner: Runner) -> None:
    edited = cell("answer = 42", question="q1")
    spec = job(
        "answer = 0", edited, questions=(ANSWER,), restored={"q1": "print('staff')"}
    )
    result = runner.run(spec)
    assert scores(result) == {"q1": [0.0]}
    assert text(result, 2) == "staff\n"
    assert "answer = 42" not in result.notebook
    assert "print('staff')" in result.notebook


def test_tests_change_nothing_in_the_notebook(runner: Runner) -> None:
    changing = question(
        "q1", "def check(answer):\n    answer.clear()\n    print('hidden words')\n"
    )
    result = runner.run(
        job("answer = [42]", CHECK, "print(answer)", questions=(changing,))
    )
    assert text(result, 3) == "[42]\n"
    assert "hidden words" not in result.notebook


def test_a_check_that_hangs_costs_that_check_alone(runner: Runner) -> None:
    slow = question(
        "q1",
        "def check_a(answer): pass\ndef check_b(answer):\n    while True: pass\n"
        "def check_c(answer): pass\n",
    )
    good = question("q2", "def check(answer): pass\n")
    spec = job(
        "answer = 42",
        CHECK,
        "'after'",
        questions=(slow, good),
        limits=Limits(question_seconds=1),
    )
    result = runner.run(spec)
    assert scores(result) == {"q1": [1.0, 0.0, 1.0], "q2": [1.0]}
    assert messages(result) == ["passed", "out of time", "passed", "passed"]
    assert result.questions[0].outcome is Outcome.TIMEOUT
    assert text(result, 3) == "'after'"


def test_torch_works_in_a_check_after_threads_in_the_notebook(runner: Runner) -> None:
    threads = (
        "import torch\ntorch.set_num_threads(2)\n"
        "net = torch.nn.Conv2d(3, 8, 3)\n"
        "net(torch.randn(8, 3, 64, 64)).sum().backward()"
    )
    body = "import torch; assert net(torch.randn(8, 3, 64, 64)).shape[1] == 8"
    result = checked(runner, body, threads, parameter="net")
    assert messages(result) == ["passed"]


def test_tests_are_not_in_the_notebook_s_process_while_cells_run(
    runner: Runner,
) -> None:
    source = "def check(answer):\n    marker = 'kestrel84213'\n"
    hunt = (
        "def count(first, second):\n"
        "    found = 0\n"
        "    with open('/proc/self/mem', 'rb', 0) as memory:\n"
        "        for line in open('/proc/self/maps'):\n"
        "            span, rights, *_ = line.split()\n"
        "            start, end = (int(edge, 16) for edge in span.split('-'))\n"
        "            if 'rw' not in rights: continue\n"
        "            memory.seek(start)\n"
        "            parts = memory.read(end - start).split(first)[1:]\n"
        "            found += sum(part.startswith(second) for part in parts)\n"
        "    return found\n"
        "planted = 'plan' + str(ted)\n"
        "count(b'plan', b'ted05') > 0, count(b'kestrel', b'84213')"
    )
    spec = job("ted = 'ted05'", hunt, CHECK, hunt, questions=(question("q1", source),))
    result = runner.run(spec)
    assert (text(result, 2), text(result, 4)) == ("(True, 0)", "(True, 0)")


def test_private_files_are_there_for_the_checks_only(
    runner: Runner, tmp_path: Path
) -> None:
    (tmp_path / "labels.txt").write_text("the labels")
    (tmp_path / "data.txt").write_text("the data")
    source = (
        "def check(private, files, answer):\n"
        "    assert (private / 'labels.txt').read_text() == 'the labels'\n"
        "    assert (files / 'data.txt').read_text() == 'the data'\n"
    )
    look = (
        "import pathlib\nanswer = open('data.txt').read()\nlist(map(str, "
        "pathlib.Path('..').resolve().rglob('labels*')))"
    )
    spec = job(
        look,
        "!rm -rf *",
        cell("1", question="q1"),
        look.replace("answer = open('data.txt').read()", "pass"),
        questions=(question("q1", source),),
        files=(job_file(tmp_path / "data.txt"),),
        private_files=(job_file(tmp_path / "labels.txt"),),
    )
    result = runner.run(spec)
    assert messages(result) == ["passed"]
    assert (text(result, 1), text(result, 4)) == ("[]", "[]")


FORGERIES = [
    # A frame on every socket that can be found.
    (
        "import os, socket, struct, json\n"
        "for fd in range(3, 64):\n"
        "    for frame in ({'t': 'ready'}, {'t': 'check', 'name': 'check', 'score': 1.0, 'message': 'passed'}):\n"
        "        data = json.dumps(frame).encode()\n"
        "        try: socket.socket(fileno=os.dup(fd)).sendall(struct.pack('!I', len(data)) + data)\n"
        "        except OSError: pass"
    ),
    # The same, but junk.
    (
        "import os\nfor fd in range(3, 64):\n"
        "    try: os.write(fd, b'\\xff' * 100)\n    except OSError: pass"
    ),
    # Printed verdicts.
    'print(\'{"t": "check", "name": "check", "score": 1.0}\')',
]


@pytest.mark.parametrize("source", FORGERIES)
def test_a_forged_frame_earns_nothing(runner: Runner, source: str) -> None:
    late = question("q2", "def check(answer): assert answer == 42\n")
    spec = job("answer = 0", source, CHECK, "1", questions=(ANSWER, late))
    result = runner.run(spec)
    assert all_scores(result) == [0.0, 0.0]
    assert result.verdict is not Verdict.PLATFORM


def test_an_answer_that_exits_scores_nothing_and_the_rest_runs(
    runner: Runner,
) -> None:
    leaving = "def leave():\n    import os; os._exit(0)\nanswer = 42"
    first = question("q1", "def check(leave): leave()\n")
    second = question("q2", "def check(answer): assert answer == 42\n")
    result = runner.run(job(leaving, CHECK, questions=(first, second)))
    assert scores(result) == {"q1": [0.0], "q2": [1.0]}


def test_tests_that_exit_their_process_are_our_fault(runner: Runner) -> None:
    """A test that a signal ends costs its check: see test_own_time_limits.py."""
    ending = question("q1", "import os\ndef check(answer): os._exit(0)\n")
    result = runner.run(job("answer = 1", questions=(ending,)))
    assert (result.verdict, result.code) == (Verdict.PLATFORM, "runner_failed")
    assert result.questions == ()


def test_tests_that_are_no_python_are_our_fault(runner: Runner) -> None:
    broken = question("q1", "def check(:\n")
    result = runner.run(job("1", questions=(broken,)))
    assert (result.verdict, result.code) == (Verdict.PLATFORM, "runner_failed")
    assert result.questions == ()


def test_forced_parameters_win_over_assignments(runner: Runner) -> None:
    result = runner.run(
        job(
            "skip_training = False\nskip_training",
            "%%time\nskip_training, epochs = False, 50",
            "if True:\n    epochs += 5\ndef f():\n    epochs = 7\n    return epochs\n"
            "skip_training, epochs, f()",
            parameters={"skip_training": True, "epochs": 1},
        )
    )
    assert text(result, 1) == "True"
    assert text(result, 3) == "(True, 1, 7)"
