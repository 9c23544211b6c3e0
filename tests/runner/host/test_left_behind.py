"""What one question's tests leave behind harms no other question and no grader."""

import hashlib
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from runner.host import grader_client
from runner.host.grader_client import GraderClient
from runner.host.runner import Runner
from runner.inside.grader.scratch import Scratch, _Emptying
from runner.inside.grader.tree_walk import Level, TreeWalk
from runner.protocol import check_words
from runner.protocol.jobs import (
    CheckSpec,
    JobFile,
    JobResult,
    Limits,
    QuestionSpec,
    TestStyle,
)
from tests.runner.notebooks import cell, job, messages, scores

pytestmark = pytest.mark.torch

NOTEBOOK = "def square(x): return x * x"
# The next question's test: the places hold only what they held at first.
ALL_IS_GONE = """
import os, pathlib, tempfile
places = {os.getcwd(), tempfile.gettempdir(), os.environ['HOME'], '/var/tmp', '/dev/shm'}
there = {name for place in places for name in os.listdir(place)} - {'work', 'modules'}
assert there <= {'data.csv'}, there
open('w', 'w').write('x'), tempfile.mkdtemp()
assert open('data.csv').read() == 'a,b', 'another file'
"""


def asked(key: str, source: str, right: str) -> QuestionSpec:
    check = CheckSpec(name="c", source=f"{source}\nassert {right}")
    return QuestionSpec(key=key, style=TestStyle.SCRIPT, checks=(check,))


def run_both(
    runner: Runner, folder: Path, first: str, then: str, **changes: object
) -> JobResult:
    path = folder / "data.csv"
    path.write_text("a,b")
    digest = hashlib.sha256(b"a,b").hexdigest()
    data = JobFile(name="data.csv", path=str(path), sha256=digest, size=3)
    cells = (NOTEBOOK, *(cell(f"# softmark: check {key}") for key in ("q1", "q2")))
    questions = (
        asked("q1", first, "square(3) == 9"),
        asked("q2", then, "square(4) == 16"),
    )
    return runner.run(job(*cells, questions=questions, public_files=(data,), **changes))


def in_a_program(source: str) -> str:
    """Return a test that runs this code in a program, confined only by the jail."""
    hidden = f"exec(bytes.fromhex('{source.encode().hex()}'))"
    words = f'[sys.executable, "-I", "-S", "-c", "{hidden}"]'
    return f"import subprocess, sys\nsubprocess.run({words}, check=True)"


LEFT = {
    "a tree deeper than any path": in_a_program("""
import os
fd = os.open('/tmp', os.O_RDONLY)
for _ in range(1500):
    os.mkdir('deep', dir_fd=fd)
    below = os.open('deep', os.O_RDONLY, dir_fd=fd)
    os.close(fd)
    fd = below
os.fchmod(fd, 0)
"""),
    "folders that are closed": """
import os, pathlib
for mode in (0, 0o100, 0o500):
    folder = pathlib.Path(f'closed{mode}')
    folder.mkdir()
    (folder / 'x').write_text('x')
    (folder / 'in').mkdir(mode=0)
    folder.chmod(mode)
""",
    "no files": """
import os, socket, tempfile
os.chdir(tempfile.mkdtemp())
os.mkfifo('pipe'), os.symlink('/', 'root'), os.symlink('.', 'loop'), os.symlink('no', 'no')
socket.socket(socket.AF_UNIX).bind('sock')
os.mkdir(b'\\xff\\xfe'), os.mkdir('n' * 255)
""",
    "many files": """
import os, tempfile
folder = tempfile.mkdtemp()
for number in range(5000):
    os.close(os.open(f'{folder}/{number}', os.O_CREAT | os.O_WRONLY))
""",
    "links to one file": """
import os
open('one', 'w').write('x')
for number in range(100):
    os.link('one', f'{number}')
""",
    "files in the home": """
import pathlib
folder = pathlib.Path.home() / '.cache' / 'torch'
folder.mkdir(parents=True)
(folder / 'weights').write_text('x')
""",
    "places that are closed": in_a_program(
        "import os\n"
        "for place in ('.', '/tmp', '/var/tmp', '/dev/shm'): os.chmod(place, 0)"
    ),
}
CHANGED = {
    "another mode of a file of the course's": in_a_program(
        "import os; os.chmod('data.csv', 0)"
    ),
    "another file in its place": in_a_program(
        "import os; os.remove('data.csv'); open('data.csv', 'w').write('c,d')"
    ),
    "no file in its place": in_a_program("import os; os.remove('data.csv')"),
    "other content": in_a_program(
        "import os; os.chmod('data.csv', 0o600); open('data.csv', 'r+').write('c,d')"
    ),
    "a folder in its place": in_a_program(
        "import os; os.remove('data.csv'); os.mkdir('data.csv')"
    ),
}


@pytest.fixture
def cleared(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return a list that records, for each clearing, whether it succeeded."""
    found: list[bool] = []
    clear = GraderClient._clear

    def noted(one: GraderClient, *others: Any) -> bool:
        found.append(clear(one, *others))
        return found[-1]

    monkeypatch.setattr(GraderClient, "_clear", noted)
    return found


@pytest.mark.parametrize("first", LEFT.values(), ids=LEFT)
def test_files_left_behind_are_removed_before_the_next_question(
    runner: Runner, tmp_path: Path, cleared: list[bool], first: str
) -> None:
    result = run_both(runner, tmp_path, first, ALL_IS_GONE)
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}
    assert cleared == [True]


@pytest.mark.parametrize("first", CHANGED.values(), ids=CHANGED)
def test_a_change_that_cannot_be_undone_gets_a_fresh_grader(
    runner: Runner, tmp_path: Path, cleared: list[bool], first: str
) -> None:
    result = run_both(runner, tmp_path, first, ALL_IS_GONE)
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}
    assert cleared == [False]


FOLDERS = """
import os, sys
def folders():
    for line in open('/proc/self/mountinfo'):
        top, options = line.split()[4:6]
        if options.startswith('rw') and os.path.isdir(top):
            if os.stat(top).st_mode & 0o700 == 0o100:
                os.chmod(top, 0o700)
            yield from (folder for folder, _, _ in os.walk(top))
"""
MAKE_EVERYWHERE = """
made = set()
places = {'/home/student', '/home/student/work', '/private', '/tmp', '/var/tmp', '/dev/shm'}
# The mount that holds most of these shows them a second time.
for folder in [*places, *folders()]:
    try:
        open(folder + '/left', 'x').close()
        made.add(folder)
    except OSError:
        pass
sys.exit(not places <= made)
"""
NONE_IS_THERE = "sys.exit(any(os.path.exists(one + '/left') for one in folders()))"


def test_every_writable_folder_is_emptied(runner: Runner, tmp_path: Path) -> None:
    first, then = (
        in_a_program(FOLDERS + one) for one in (MAKE_EVERYWHERE, NONE_IS_THERE)
    )
    result = run_both(runner, tmp_path, first, then)
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}


RUNNING = """
import os, signal, time
def leave():
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        held = b'x' * (200 * 2**20)
        while True:
            if os.fork() == 0:
                signal.pause()
            signal.pause()
"""
NOBODY_ELSE = """
import os
own, parent = os.getpid(), os.getppid()
others = {int(one) for one in os.listdir('/proc') if one.isdigit()} - {1, own, parent}
assert not others, others
"""


@pytest.mark.parametrize(
    "left", ["leave(); leave()", "os.fork() or os.kill(os.getpid(), signal.SIGSTOP)"]
)
def test_processes_of_a_test_end_before_the_next_question(
    runner: Runner, tmp_path: Path, left: str
) -> None:
    result = run_both(runner, tmp_path, f"{RUNNING}{left}", NOBODY_ELSE)
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}


def test_processes_of_a_check_end_before_the_next_check_of_the_question(
    runner: Runner,
) -> None:
    checks = tuple(
        CheckSpec(name=f"c{n}", source=f"{one}\nassert square(2) == 4")
        for n, one in enumerate((f"{RUNNING}leave()", NOBODY_ELSE))
    )
    one = QuestionSpec(key="q1", style=TestStyle.SCRIPT, checks=checks)
    result = runner.run(job(NOTEBOOK, cell("# softmark: check q1"), questions=(one,)))
    assert scores(result) == {"q1": [1.0, 1.0]}


def test_a_test_can_wait_for_its_own_processes(runner: Runner, tmp_path: Path) -> None:
    first = (
        "import subprocess, sys\n"
        "done = subprocess.run(['/bin/sh', '-c', '(exit 3) & wait $!; exit 4'])\n"
        "assert done.returncode == 4"
    )
    result = run_both(runner, tmp_path, first, first)
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}


def test_replacing_a_grader_that_cannot_clear_takes_no_question_s_time(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grader_client, "_CLEAR_SECONDS", 2.5)
    first = "import os, signal; os.kill(os.getppid(), signal.SIGSTOP)"
    limits = Limits(question_seconds=2)
    result = run_both(runner, tmp_path, first, ALL_IS_GONE, limits=limits)
    assert scores(result) == {"q1": [1.0], "q2": [1.0]}


def test_clearing_takes_no_time_from_a_question_s_later_checks(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grader_client, "_CLEAR_SECONDS", 2.5)
    stops = "import os, signal; os.kill(os.getppid(), signal.SIGSTOP)\nassert square(2) == 4"
    shown, hidden = "assert square(3) == 9", "assert slow() == 1"
    checks = (
        CheckSpec(name="a", source=shown),
        CheckSpec(name="b", source=hidden, secrecy=1),
    )
    questions = (
        asked("q1", stops, "square(3) == 9"),
        QuestionSpec(key="q2", style=TestStyle.SCRIPT, checks=checks),
    )
    slow = f"{NOTEBOOK}\nimport time\ndef slow(): time.sleep(2); return 1"
    cells = (slow, *(cell(f"# softmark: check {key}") for key in ("q1", "q2")))
    limits = Limits(question_seconds=3)
    result = runner.run(job(*cells, questions=questions, limits=limits))
    assert scores(result) == {"q1": [1.0], "q2": [1.0, 1.0]}


def test_what_tests_are_refused_stays_refused_after_clearing(
    runner: Runner, tmp_path: Path
) -> None:
    text = "compile(chr(49), 'x', 'eval')"
    assert messages(run_both(runner, tmp_path, text, text)) == [
        "raised PermissionError",
        "raised PermissionError",
    ]


def test_files_of_one_check_are_there_for_the_next_check_of_its_question(
    runner: Runner,
) -> None:
    sources = ("open('w', 'w').write('x')", "assert open('w').read() == 'x'")
    checks = tuple(
        CheckSpec(name=f"c{n}", source=f"{one}\nassert square(2) == 4")
        for n, one in enumerate(sources)
    )
    one = QuestionSpec(key="q1", style=TestStyle.SCRIPT, checks=checks)
    result = runner.run(job(NOTEBOOK, cell("# softmark: check q1"), questions=(one,)))
    assert scores(result) == {"q1": [1.0, 1.0]}


@pytest.mark.parametrize("whose", ["getpid", "getppid"])
def test_a_grader_s_end_is_noticed_although_a_process_is_left(
    runner: Runner, tmp_path: Path, whose: str
) -> None:
    first = f"{RUNNING}leave(); os.kill(os.{whose}(), 9); signal.pause()"
    result = run_both(runner, tmp_path, first, NOBODY_ELSE)
    assert messages(result) == [check_words.ENDED, check_words.PASSED]
    assert scores(result) == {"q1": [0.0], "q2": [1.0]}


# --- Without a jail ---------------------------------------------------------------------


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    (tmp_path / "place" / "own").mkdir(parents=True)
    (tmp_path / "place" / "kept").mkdir()
    (tmp_path / "place" / "kept" / "data.csv").write_text("a,b")
    return Scratch([tmp_path / "place", tmp_path / "place" / "own"])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_only_what_was_there_at_first_stays(scratch: Scratch, tmp_path: Path) -> None:
    place = tmp_path / "place"
    for folder in (place, place / "own", place / "kept"):
        (folder / "new" / "deep").mkdir(parents=True)
        (folder / "new" / "file").write_text("x")
    (place / "kept").chmod(0o500)
    assert scratch.clear(20)
    assert (names(place), names(place / "own")) == ({"own", "kept"}, set())
    assert names(place / "kept") == {"data.csv"}
    assert (place / "kept").stat().st_mode & 0o777 == 0o755
    assert scratch.clear(20)


def test_clearing_follows_no_link(scratch: Scratch, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (tmp_path / "place" / "link").symlink_to(outside)
    assert scratch.clear(20)
    assert names(outside) == {"file"}
    assert names(tmp_path / "place") == {"own", "kept"}


def test_a_place_inside_another_is_entered_once(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered: list[str] = []
    enter = TreeWalk.enter

    def noted(walk: TreeWalk[object], name: str, *others: object) -> None:
        entered.append(name)
        enter(walk, name, *others)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(TreeWalk, "enter", noted)
    assert scratch.clear(20)
    assert entered == ["kept"]


def test_clearing_ends_in_time_and_reports_that_it_is_not_done(
    scratch: Scratch, tmp_path: Path
) -> None:
    (tmp_path / "place" / "new").mkdir()
    assert not scratch.clear(0)
    assert scratch.clear(20)


def test_a_folder_moved_during_clearing_does_not_lead_outside(
    scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    (outside / "own").mkdir(parents=True)
    (tmp_path / "place" / "new" / "below").mkdir(parents=True)
    leave = _Emptying.leave

    def moved(walk: _Emptying, level: Level[Any]) -> int | None:
        if level.name == "below":
            (tmp_path / "place" / "new" / "below").rename(outside / "below")
        return leave(walk, level)

    monkeypatch.setattr(_Emptying, "leave", moved)
    assert not scratch.clear(20)
    assert names(outside) == {"own", "below"}


@pytest.mark.parametrize("error", [OSError, MemoryError, RecursionError, ValueError])
def test_clearing_raises_nothing(
    scratch: Scratch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
) -> None:
    monkeypatch.setattr(_Emptying, "visit", mock.Mock(side_effect=error))
    assert not scratch.clear(20)
    monkeypatch.undo()
    assert scratch.clear(20)


def test_a_place_that_was_replaced_is_not_emptied(
    scratch: Scratch, tmp_path: Path
) -> None:
    (tmp_path / "place").rename(tmp_path / "moved")
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "file").write_text("x")
    assert not scratch.clear(20)
    assert names(tmp_path / "place") == {"file"}
