"""`manage.py up` with the real programs: ready, single, small, and gone when killed."""

import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from packaging.utils import canonicalize_name

from tests.ops.test_supervisor import alive
from tests.services.portal import free_port
from tests.services.processes import wait_until

pytestmark = [pytest.mark.services, pytest.mark.torch, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
MEMORY_LIMIT = 120 * 1024**2


def distributions(name: str) -> set[str]:
    """Return the packages that a file of requirements installs."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))


class Up:
    """`manage.py` in its own var folder."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.port = free_port()
        self.console = var / "console.txt"
        # A killed worker leaves its jobs' files here. Users of jobs must be able to enter it.
        self.scratch = Path(tempfile.mkdtemp(prefix="sm-"))
        self.scratch.chmod(0o711)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
        self.env = {
            **{k: v for k, v in kept.items() if k not in {"DATABASE_URL", "SITE_URL"}},
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "SOFTMARK_VAR": str(var),
            "PORT": str(self.port),
            "TMPDIR": str(self.scratch),
            "LOG_LEVEL": "INFO",
            "LEASE_SECONDS": "10",
            "PYTHONPATH": str(self._without_test_packages()),
            # `find` returns the web server's only worker.
            "WEB_PROCESSES": "1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def _without_test_packages(self) -> Path:
        """Return a folder that hides what is installed for tests alone.

        Libraries import what they find: Django REST framework `requests`, structlog
        `rich`.
        """
        folder = self.scratch / "hidden"
        folder.mkdir()
        for_tests = distributions("dev") - distributions("base")
        for_tests -= distributions("torch-extras")
        for module, owners in importlib.metadata.packages_distributions().items():
            if {canonicalize_name(one) for one in owners} <= for_tests:
                (folder / f"{module}.py").write_text("raise ImportError")
        return folder

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
        """Start the supervisor, and return it once it reports ready."""
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

    def find(self, name: str) -> psutil.Process | None:
        """Return the program's working process, if there is one."""
        assert self.process is not None
        word = {"web": "gunicorn"}.get(name, name)
        for process in psutil.Process(self.process.pid).children():
            if word in process.cmdline():
                inner = [c for c in process.children() if word in c.cmdline()]
                return inner[0] if inner else process
        return None

    def program(self, name: str) -> psutil.Process:
        process = self.find(name)
        assert process is not None, self.console.read_text()
        return process

    def notebooks(self) -> list[psutil.Process]:
        """Return the worker's processes for running notebooks."""
        try:
            worker = self.find("worker")
            return worker.children(recursive=True) if worker else []
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a var folder with the demo course and its work in the queue."""
    folder = tmp_path_factory.mktemp("up")
    up = Up(folder)
    done = up.manage("prepare")
    up.kill()
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def up(prepared: Path, tmp_path: Path) -> Iterator[Up]:
    """Give a portal that the test starts and ends."""
    up = Up(Path(shutil.copytree(prepared, tmp_path / "var")))
    yield up
    up.kill()


@pytest.fixture(scope="module")
def running(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Give a portal that runs, and continues to run after the test."""
    folder = tmp_path_factory.mktemp("running") / "var"
    up = Up(Path(shutil.copytree(prepared, folder)))
    up.start()
    yield up
    up.kill()


def test_greeting_names_the_address_and_the_accounts(running: Up) -> None:
    told = running.console.read_text()
    assert f"Softmark is ready: http://localhost:{running.port}" in told
    assert "student@demo.example" in told


def test_the_web_server_answers(running: Up) -> None:
    address = f"http://127.0.0.1:{running.port}/healthz"
    with urllib.request.urlopen(address) as answer:
        assert answer.status == 200


def test_second_instance_is_refused_in_words(running: Up) -> None:
    done = running.manage("up")
    assert done.returncode == 1
    assert "Softmark is already running" in done.stderr
    assert str(running.var) in done.stderr


def test_taken_port_is_refused_before_anything_starts(
    running: Up, tmp_path: Path
) -> None:
    other = Up(tmp_path)
    other.env["PORT"] = str(running.port)
    done = other.manage("up")
    other.kill()
    assert done.returncode == 1
    assert f"Port {running.port} is taken" in done.stderr
    assert "PORT=" in done.stderr


@pytest.mark.parametrize("name", ["web", "worker"])
def test_web_and_worker_stay_small_and_without_torch(running: Up, name: str) -> None:
    process = running.program(name)
    assert process.memory_info().rss < MEMORY_LIMIT
    assert not [m.path for m in process.memory_maps() if "/torch/" in m.path]


@pytest.mark.long
def test_ctrl_c_ends_everything_in_order(up: Up) -> None:
    supervisor = up.start()
    below = supervisor.children(recursive=True)
    assert up.process is not None
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(25) == 0
    wait_until(lambda: not alive(below), seconds=5, what=f"all of {below} gone")


@pytest.mark.long
def test_no_orphan_is_left_when_worker_or_supervisor_is_killed(up: Up) -> None:
    supervisor = up.start()
    wait_until(up.notebooks, seconds=60, what="a notebook runs")
    below = up.notebooks()
    up.program("worker").kill()
    wait_until(lambda: not alive(below), seconds=10, what=f"all of {below} gone")
    wait_until(up.notebooks, seconds=60, what="a new worker runs a notebook")
    below = supervisor.children(recursive=True)
    supervisor.kill()
    wait_until(lambda: not alive(below), seconds=10, what=f"all of {below} gone")
