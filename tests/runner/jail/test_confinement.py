"""A student's process sees little, reaches little, and leaves nothing behind."""

import os
import re
import time
from pathlib import Path

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import Limits, Verdict
from runner.system.processes import all_processes
from tests.runner.conftest import CANARY, VARIABLE
from tests.runner.notebooks import job, text
from tests.services.processes import wait_until

pytestmark = pytest.mark.torch


def test_the_host_s_environment_is_not_visible(runner: Runner) -> None:
    assert os.environ[VARIABLE] == CANARY
    source = (
        "import os\nprint(dict(os.environ))\nprint(open('/proc/self/environ').read())"
    )
    seen = text(runner.run(job(source)))
    assert "HOME" in seen
    assert CANARY not in seen
    assert "SECRET_KEY" not in seen


def test_only_the_job_s_own_descriptors_are_open(runner: Runner) -> None:
    source = (
        "import os\nfor fd in sorted(map(int, os.listdir('/proc/self/fd'))):\n"
        "    try: print(fd, os.readlink(f'/proc/self/fd/{fd}'))\n"
        "    except OSError: pass"
    )
    lines = text(runner.run(job(source))).splitlines()
    kinds = [re.sub(r"[:\[].*|^\d+ ", "", line.split(" ", 1)[1]) for line in lines]
    streams, loop = ["/dev/null", *["pipe"] * 4], ["anon_inode", "socket", "socket"]
    assert sorted(kinds) == sorted([*streams, *loop, "socket"])


def test_the_process_is_not_root_and_cannot_become_it(runner: Runner) -> None:
    source = (
        "import os\nprint(os.getresuid(), os.getresgid())\n"
        "for line in open('/proc/self/status'):\n"
        "    if line.startswith(('Cap', 'NoNewPrivs', 'Seccomp:')): print(line.split())\n"
        "os.setuid(0)"
    )
    result = runner.run(job(source))
    seen = text(result)
    uid = re.match(r"\((\d+), \1, \1\) \((\d+), \2, \2\)", seen)
    assert uid is not None
    assert int(uid[1]) != 0
    assert seen.count("'0000000000000000']") == 5
    assert "['NoNewPrivs:', '1']" in seen
    assert "['Seccomp:', '2']" in seen
    assert result.detail["ename"] == "OSError"


def test_the_runner_and_the_portal_cannot_be_imported_again(runner: Runner) -> None:
    source = "import importlib.util\n[importlib.util.find_spec(n) for n in ('portal', 'grading')]"
    assert text(runner.run(job(source))) == "[None, None]"


def test_no_process_is_left(runner: Runner) -> None:
    source = (
        "import os, subprocess, time\n"
        "subprocess.Popen(['setsid', 'sleep', '98765'])\n"
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(98765)\n"
        "    os._exit(0)"
    )
    result = runner.run(job(source, "os.readlink('/proc/self/ns/pid')"))
    assert result.verdict is Verdict.COMPLETED
    assert not [pid for pid in all_processes() if "98765" in command_line(pid)]
    namespace = text(result, 2).strip("'")
    assert namespace_of(os.getpid()) != namespace
    wait_for_the_end(namespace)


def wait_for_the_end(namespace: str) -> None:
    """Wait for the end of the job's first process, just after the result."""
    wait_until(
        lambda: namespace not in map(namespace_of, all_processes()),
        seconds=10,
        what=f"the end of {namespace}",
    )


def namespace_of(pid: int) -> str:
    """Return the process's PID namespace, or nothing if the process has ended."""
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""


def command_line(pid: int) -> str:
    """Return the process's command line, or nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_repeated_forks_end_with_the_job(runner: Runner) -> None:
    source = (
        "import os, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(os.readlink('/proc/self/ns/pid'), flush=True)\n"
        "while True:\n    try:\n        if os.fork() == 0: os.setsid()\n"
        "    except OSError: pass"
    )
    result = runner.run(job(source, limits=Limits(processes=60)))
    assert (result.verdict, result.code) == (Verdict.LIMIT, "processes")
    wait_for_the_end(text(result).split()[0])


def test_no_file_is_left_whatever_its_rights_and_depth(runner: Runner) -> None:
    source = (
        "import os, tempfile\nopen(tempfile.mkstemp()[1], 'w').write('x')\n"
        "top = os.getcwd()\nfor i in range(1500):\n    os.mkdir('d'); os.chdir('d')\n"
        "os.chdir(top)\nos.symlink('/etc', 'link')\nos.mkdir('shut')\n"
        "open('shut/f', 'w').write('x')\nos.chmod('shut', 0)\nos.chmod('.', 0)"
    )
    assert runner.run(job(source)).code == "completed"
    assert list(runner._work_dir.glob("job-*")) == []
    assert Path("/etc/passwd").exists()


def test_shared_folders_of_the_jail_are_not_the_host_s(runner: Runner) -> None:
    names = [f"{folder}/softmark-test-left" for folder in ("/tmp", "/dev/shm")]  # noqa: S108 - what is tested
    source = "".join(f"open('{name}', 'w').write('x')\n" for name in names)
    assert runner.run(job(source)).code == "completed"
    assert not [name for name in names if Path(name).exists()]
    left = runner.run(job(f"import os\n[os.path.exists(n) for n in {names}]"))
    assert text(left) == "[False, False]"


def test_a_notebook_may_delete_all_its_files(runner: Runner) -> None:
    result = runner.run(job("!rm -rf *\n!rm -rf ~ ..", "import os; os.listdir('.')"))
    assert text(result, 2) == "[]"


def test_nothing_is_carried_from_one_job_to_the_next(runner: Runner) -> None:
    runner.run(job("secret = 1\nimport builtins; builtins.secret = 1"))
    result = runner.run(job("'secret' in globals(), hasattr(__builtins__, 'secret')"))
    assert text(result) == "(False, False)"


def test_random_numbers_depend_on_the_seed_alone(runner: Runner) -> None:
    source = (
        "import random, numpy as np, torch\n"
        "random.random(), np.random.rand(), torch.rand(1).item(), hash('x')"
    )
    first, again, other = (
        text(runner.run(job(source, seed=seed))) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_torch_has_one_thread_in_a_job(runner: Runner) -> None:
    source = "import torch\nx = torch.randn(300, 300) @ torch.randn(300, 300)\ntorch.get_num_threads()"
    assert text(runner.run(job(source))) == "1"


def test_the_result_does_not_wait_for_leftover_processes(runner: Runner) -> None:
    """A process that the notebook left behind does not delay the result."""
    begun = time.monotonic()
    runner.run(job("import subprocess; subprocess.Popen(['sleep', '60'])"))
    assert time.monotonic() - begun < 5
