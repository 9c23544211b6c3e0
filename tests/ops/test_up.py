"""`manage.py up` with the real programs: ready, single, small, and gone when killed."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.ops.test_supervisor import alive
from tests.services.portal import free_port
from tests.services.processes import wait_until

pytestmark = [pytest.mark.services, pytest.mark.torch]
ROOT = Path(__file__).parents[2]
MEMORY_LIMIT = 120 * 1024**2
PROGRAMS = ("web", "worker")


class Up:
    """`manage.py` in a var folder of its own."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.port = free_port()
        self.console = var / "console.txt"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
        self.env = {
            **{k: v for k, v in kept.items() if k not in {"DATABASE_URL", "SITE_URL"}},
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "SOFTMARK_VAR": str(var),
            "PORT": str(self.port),
            "LOG_LEVEL": "INFO",
            "LEASE_SECONDS": "10",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self) -> psutil.Process:
        """Return the supervisor once it says that it is ready."""
        with self.console.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        wait_until(self._said_ready, seconds=90, what="ready")
        return psutil.Process(self.process.pid)

    def _said_ready(self) -> bool:
        told = self.console.read_text()
        assert self.process is not None
        assert self.process.poll() is None, told
        return "Ctrl-C stops it" in told

    def program(self, name: str) -> psutil.Process:
        """Return the process that does the work of the program of that name."""
        assert self.process is not None
        words = {"web": "gunicorn", "worker": "worker", "beat": "beat"}
        for process in psutil.Process(self.process.pid).children(recursive=True):
            if words[name] in process.cmdline():
                inner = [c for c in process.children() if words[name] in c.cmdline()]
                return inner[0] if inner else process
        raise AssertionError(f"no {name}: {self.console.read_text()}")


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a var folder with the demo course and its work in the queue."""
    folder = tmp_path_factory.mktemp("up")
    done = Up(folder).manage("prepare")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def up(var: Path) -> Iterator[Up]:
    up = Up(var)
    yield up
    if up.process is not None and up.process.poll() is None:
        up.process.send_signal(signal.SIGKILL)
        up.process.wait()


def test_everything_answers_and_ends_on_ctrl_c(up: Up) -> None:
    below = up.start().children(recursive=True)
    with urllib.request.urlopen(f"http://127.0.0.1:{up.port}/healthz") as answer:
        assert answer.status == 200
    assert up.process is not None
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(25) == 0
    wait_until(lambda: not alive(below), seconds=2, what=f"all of {below} gone")


def test_greeting_names_the_address_and_the_accounts(up: Up) -> None:
    up.start()
    told = up.console.read_text()
    assert f"Softmark is ready: http://localhost:{up.port}" in told
    assert "student@demo.example" in told


def test_second_instance_is_refused_in_words(up: Up) -> None:
    supervisor = up.start()
    done = up.manage("up")
    assert done.returncode == 1
    assert f"already running from {up.var} (process {supervisor.pid})" in done.stderr


def test_taken_port_is_refused_before_anything_starts(up: Up) -> None:
    up.start()
    other = Up(up.var.parent / "other")
    other.env["PORT"] = str(up.port)
    done = other.manage("up")
    assert done.returncode == 1
    assert f"Port {up.port} is taken" in done.stderr
    assert "PORT=" in done.stderr


def test_killed_supervisor_leaves_no_orphan_while_a_notebook_runs(up: Up) -> None:
    supervisor = up.start()
    worker = up.program("worker")
    wait_until(worker.children, seconds=60, what="the worker has started a zygote")
    below = supervisor.children(recursive=True)
    supervisor.kill()
    wait_until(lambda: not alive(below), seconds=5, what=f"all of {below} gone")


def test_killed_worker_takes_its_notebooks_along_and_comes_back(up: Up) -> None:
    up.start()
    worker = up.program("worker")
    wait_until(worker.children, seconds=60, what="the worker has started a zygote")
    below = worker.children(recursive=True)
    worker.kill()
    wait_until(lambda: not alive(below), seconds=5, what=f"all of {below} gone")
    wait_until(lambda: up.program("worker").pid != worker.pid, what="a new worker")


@pytest.mark.parametrize("name", PROGRAMS)
def test_web_and_worker_stay_small_and_without_torch(up: Up, name: str) -> None:
    up.start()
    process = up.program(name)
    assert process.memory_info().rss < MEMORY_LIMIT
    assert not [m.path for m in process.memory_maps() if "/torch/" in m.path]
