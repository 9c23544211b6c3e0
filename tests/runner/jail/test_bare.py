"""Level L0, for hosts that cannot make a jail and for one's own notebooks."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.host.runner import Backend, Runner
from runner.protocol.jobs import CheckSpec, Limits, QuestionSpec, TestStyle, Verdict
from tests.runner.notebooks import ANSWER, job, scores, text, with_many_files

pytestmark = pytest.mark.torch
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change users")


@pytest.fixture(scope="module")
def bare() -> Iterator[Runner]:
    runner = Runner({"default": ""}, backend=Backend.BARE)
    yield runner
    runner.close()


def test_the_result_names_its_level(bare: Runner) -> None:
    result = bare.run(job("answer = 42", questions=(ANSWER,)))
    assert result.verdict is Verdict.COMPLETED
    assert result.measures.level == bare.level() == "L0"
    assert scores(result) == {"q1": [1.0]}


@as_root
def test_a_job_is_not_root_and_has_a_user_of_its_own(bare: Runner) -> None:
    source = "import os\nprint(os.getresuid(), os.getgroups())\nos.setuid(0)"
    result = bare.run(job(source))
    assert "(0" not in text(result)
    assert result.detail["ename"] == "PermissionError"


@as_root
def test_files_left_in_shared_folders_are_removed(bare: Runner) -> None:
    names = [f"{folder}/softmark-test-left" for folder in ("/tmp", "/dev/shm")]  # noqa: S108 - what is tested
    source = "".join(f"open('{name}', 'w').write('x')\n" for name in names)
    assert bare.run(job(source)).code == "completed"
    assert not [name for name in names if Path(name).exists()]


def test_no_file_is_left_whatever_its_rights_and_depth(bare: Runner) -> None:
    source = (
        "import os\ntop = os.getcwd()\n"
        "for i in range(1500):\n    os.mkdir('d'); os.chdir('d')\n"
        "os.chdir(top)\nos.symlink('/etc', 'link')\nos.mkdir('shut')\n"
        "open('shut/f', 'w').write('x')\nos.chmod('shut', 0)\nos.chmod('.', 0)"
    )
    folder = text(bare.run(job("import os; print(os.getcwd(), end='')", source)))
    assert folder.endswith("/work")
    assert not Path(folder).parent.exists()


@pytest.mark.long
def test_no_two_files_have_the_same_time(bare: Runner, tmp_path: Path) -> None:
    assert scores(bare.run(with_many_files(tmp_path))) == {"q1": [1.0, 0.0]}


def test_no_process_is_left(bare: Runner) -> None:
    source = (
        "import subprocess; print(subprocess.Popen(['setsid', 'sleep', '98761']).pid)"
    )
    pid = int(text(bare.run(job(source))))
    assert not Path(f"/proc/{pid}").exists()


def test_many_files_together_pass_the_disk_limit(bare: Runner) -> None:
    source = (
        "for i in range(40): open(f'f{i}', 'wb').write(bytes(2**20))\n"
        "import time; time.sleep(20)"
    )
    result = bare.run(job(source, limits=Limits(disk_bytes=8 * 2**20)))
    assert (result.verdict, result.code) == (Verdict.LIMIT, "disk")


def test_files_of_a_question_s_tests_are_gone_for_the_next(bare: Runner) -> None:
    look = (
        "import os, tempfile\n"
        "places = os.getcwd(), os.environ['HOME'], tempfile.gettempdir()\n"
        "own = os.getpid(), os.getppid()\n"
        "assert not any('left' in os.listdir(place) for place in places)\n"
        "pids = [int(one) for one in os.listdir('/proc') if one.isdigit()]\n"
        "for pid in set(pids) - set(own):\n"
        "    try:\n"
        "        parent = open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[1]\n"
        "    except OSError:\n"
        "        continue\n"
        "    assert int(parent) not in own\n"
    )
    leave = (
        "for place in places:\n    os.mkdir(f'{place}/left', 0)\n"
        "if os.fork() == 0:\n    import signal\n    signal.pause()\n"
    )
    asked = tuple(
        QuestionSpec(
            key=key,
            style=TestStyle.SCRIPT,
            checks=(CheckSpec(name="c", source=f"{lines}assert answer == 42"),),
        )
        for key, lines in (("q1", look + leave), ("q2", look))
    )
    cells = ("answer = 42", *(f"# softmark: check {one.key}" for one in asked))
    assert scores(bare.run(job(*cells, questions=asked))) == {"q1": [1.0], "q2": [1.0]}
