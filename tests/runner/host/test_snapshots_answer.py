"""Snapshots of the notebook wait at the check cells, and are asked at its end."""

from pathlib import Path

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import JobResult, Limits, QuestionSpec, Verdict
from tests.runner.notebooks import (
    ANSWER,
    cell,
    job,
    job_file,
    messages,
    question,
    scores,
    text,
)

pytestmark = pytest.mark.torch

CHECK = cell("# softmark: check q1")
SECOND = question("q2", "def check(answer): assert answer == 42\n")
CHECK_2 = cell("# softmark: check q2")


def run(runner: Runner, *cells: object, **changes: object) -> JobResult:
    return runner.run(job(*cells, **changes))  # type: ignore[arg-type]  # cells


ENDS = {
    "the process ends itself": ("import os; os._exit(0)", Verdict.STUDENT_ERROR),
    "a crash": ("import ctypes; ctypes.string_at(0)", Verdict.STUDENT_ERROR),
    "a loop": ("while True: pass", Verdict.LIMIT),
    "a stubborn loop": (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        Verdict.LIMIT,
    ),
    "a memory bomb": (
        "held = []\nwhile True: held.append(bytearray(10**7))",
        Verdict.LIMIT,
    ),
    "its own group killed": ("import os; os.killpg(0, 9)", Verdict.STUDENT_ERROR),
}


@pytest.mark.parametrize("name", ENDS)
def test_questions_that_were_reached_earn_however_the_notebook_ends(
    runner: Runner, name: str
) -> None:
    source, verdict = ENDS[name]
    limits = Limits(cell_seconds=1, run_seconds=20, memory_bytes=700 * 1024**2)
    result = run(
        runner,
        "answer = 42",
        CHECK,
        source,
        CHECK_2,
        questions=(ANSWER, SECOND),
        limits=limits,
    )
    assert scores(result)["q1"] == [1.0]
    assert result.verdict is verdict or name == "a memory bomb"


def test_a_run_whose_time_is_up_still_has_its_questions_checked(
    runner: Runner,
) -> None:
    limits = Limits(cell_seconds=30, run_seconds=2)
    spec = {"questions": (ANSWER,), "limits": limits}
    result = run(runner, "answer = 42", CHECK, "while True: pass", **spec)
    assert (result.verdict, result.code) == (Verdict.LIMIT, "run_time")
    assert scores(result) == {"q1": [1.0]}


def test_a_notebook_can_wait_for_its_children(runner: Runner) -> None:
    """A snapshot is not one of its children."""
    waiting = (
        "import os\nif os.fork() == 0: os._exit(0)\n"
        "ended = 0\n"
        "try:\n    while True: os.wait(); ended += 1\n"
        "except ChildProcessError: pass\nended"
    )
    result = run(runner, "answer = 42", CHECK, waiting, questions=(ANSWER,))
    assert text(result, 3) == "1"
    assert scores(result) == {"q1": [1.0]}


def test_questions_do_not_see_what_the_notebook_or_another_question_changed(
    runner: Runner,
) -> None:
    source = "seen = []\ndef see(x): seen.append(x); return len(seen)"
    first = question("q1", "def check(see): assert see('first') == 1\n")
    second = question("q2", "def check(see): assert see('second') == 2\n")
    result = run(
        runner, source, CHECK, "see('cell')", CHECK_2, questions=(first, second)
    )
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}


def test_a_question_that_hangs_costs_no_other_question(runner: Runner) -> None:
    source = "def hang():\n    while True: pass\nanswer = 42"
    hangs = question("q1", "def check(hang):\n    hang()\n")
    result = run(
        runner,
        source,
        CHECK,
        CHECK_2,
        questions=(hangs, SECOND),
        limits=Limits(question_seconds=1),
    )
    assert messages(result) == ["out of time", "passed"]


def test_a_hang_that_the_test_catches_still_runs_out_of_time(runner: Runner) -> None:
    source = "def hang():\n    while True: pass"
    forgiving = question(
        "q1",
        "def check(hang):\n    try: hang()\n    except BaseException: pass\n"
        "    return True\n",
    )
    result = run(
        runner, source, CHECK, questions=(forgiving,), limits=Limits(question_seconds=1)
    )
    assert messages(result) == ["out of time"]


def test_a_lost_process_that_the_test_catches_does_not_pass(runner: Runner) -> None:
    source = "import os\ndef leave(): os._exit(0)"
    forgiving = question(
        "q1",
        "def check(leave):\n    try: leave()\n    except BaseException: pass\n"
        "    return True\n",
    )
    result = run(runner, source, CHECK, questions=(forgiving,))
    assert messages(result) == ["Python stopped before this check was done"]


def test_too_much_memory_in_a_check_costs_the_check(runner: Runner) -> None:
    source = (
        "def grow():\n    held = []\n    while True: held.append(bytearray(10**7))\n"
        "answer = 42"
    )
    growing = question("q1", "def check(grow): grow()\n")
    limits = Limits(memory_bytes=700 * 1024**2)
    result = run(
        runner, source, CHECK, CHECK_2, questions=(growing, SECOND), limits=limits
    )
    assert scores(result) == {"q1": [0.0], "q2": [1.0]}


def test_handed_in_files_do_not_replace_the_tests_files(
    runner: Runner, tmp_path: Path
) -> None:
    """They are not imported in the place of the course's modules either."""
    for name, words in (
        ("tools.py", "WHO = 'course'"),
        ("numpy.py", "raise Exception"),
    ):
        (tmp_path / name).write_text(words)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "tools.py").write_text("WHO = 'student'")
    (tmp_path / "mine" / "more.py").write_text("WHO = 'student'")
    source = (
        "def check_own(files):\n    import tools\n    assert tools.WHO == 'course'\n"
        "    assert 'course' in (files / 'tools.py').read_text()\n"
        "def check_library():\n    import numpy\n    assert numpy.zeros(1) == 0\n"
        "def check_other():\n"
        "    try: import more\n    except ImportError: return True\n    return False\n"
    )
    mine = [job_file(path) for path in sorted((tmp_path / "mine").iterdir())]
    result = run(
        runner,
        "1",
        questions=(question("q1", source),),
        files=(*mine, job_file(tmp_path / "numpy.py")),
        public_files=(job_file(tmp_path / "tools.py"),),
    )
    assert scores(result) == {"q1": [1.0, 1.0, 1.0]}


def pickled() -> bytes:
    return b"cposix\nsystem\n(S'true'\ntR."


def test_a_test_unpickles_no_object(runner: Runner, tmp_path: Path) -> None:
    """Not even one of the staff's own classes."""
    (tmp_path / "w.pkl").write_bytes(pickled())
    source = (
        "import pickle\ndef check(private):\n"
        "    with open(private / 'w.pkl', 'rb') as file: pickle.load(file)\n"
    )
    files = (job_file(tmp_path / "w.pkl"),)
    spec: QuestionSpec = question("q1", source)
    result = run(runner, "1", questions=(spec,), private_files=files)
    assert messages(result) == ["raised PermissionError"]
    assert "safetensors" in result.questions[0].checks[0].trace


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_weights_are_loaded_in_the_notebook_s_process(
    runner: Runner, tmp_path: Path
) -> None:
    import torch  # noqa: PLC0415 - as a student makes the file

    torch.save({"w": torch.full((2,), 3.0)}, tmp_path / "w.pth")
    torch.jit.script(torch.nn.ReLU()).save(str(tmp_path / "net.pt"))
    source = (
        "import torch\n"
        "def check_state(files):\n"
        "    state = torch.load(files / 'w.pth')\n"
        "    assert state['w'].tolist() == [3.0, 3.0]\n"
        "def check_here(files):\n    assert torch.load('w.pth')['w'].sum() == 6\n"
        "def check_script(files):\n"
        "    net = torch.jit.load(files / 'net.pt')\n"
        "    assert net(torch.tensor([-1.0, 2.0])).tolist() == [0.0, 2.0]\n"
    )
    files = (job_file(tmp_path / "w.pth"), job_file(tmp_path / "net.pt"))
    result = run(runner, "1", questions=(question("q1", source),), files=files)
    assert scores(result) == {"q1": [1.0, 1.0, 1.0]}


def test_a_notebook_that_answers_in_place_of_its_snapshot_earns_nothing(
    runner: Runner,
) -> None:
    """It would escape its limits, since the host spares a waiting snapshot."""
    lying = (
        "import sys\nsnapshot = sys.modules['runner.inside.student.snapshot']\n"
        "snapshot.make = snapshot.answer\nanswer = 42"
    )
    result = run(runner, lying, CHECK, questions=(ANSWER,))
    assert (result.verdict, result.code) == (Verdict.STUDENT_ERROR, "process_died")
    assert scores(result) == {"q1": [0.0]}


def test_snapshots_that_cannot_be_made_earn_nothing_and_end_nothing(
    runner: Runner,
) -> None:
    no_more = "import resource as r; r.setrlimit(r.RLIMIT_NPROC, (1, 1))"
    cells = ("answer = 42", no_more, CHECK, CHECK_2, "print('went on')")
    result = run(runner, *cells, questions=(ANSWER, SECOND))
    assert result.verdict is Verdict.COMPLETED
    assert scores(result) == {"q1": [0.0], "q2": [0.0]}
    assert text(result, 5) == "went on\n"
