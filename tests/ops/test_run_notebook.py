"""`manage.py run_notebook`, as an author of an assignment uses it."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from runner.system import descriptors
from runner.system.processes import family
from tests.runner.notebooks import cell, notebook
from tests.services.processes import wait_until

pytestmark = pytest.mark.torch

MANAGE = Path(__file__).parents[2] / "manage.py"
NO_DATABASE = "postgres://nobody:nothing@127.0.0.1:1/none"


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    return {
        **{k: v for k, v in kept.items() if k != "NO_COLOR"},
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "SECRET_KEY": "only-for-tests-" + "x" * 50,
        "SOFTMARK_VAR": str(folder / "var"),
        "DATABASE_URL": NO_DATABASE,
        **more,
    }


def run(
    folder: Path, *arguments: str, **env: str
) -> "subprocess.CompletedProcess[str]":
    """Run the command in the folder to its end, without a terminal."""
    return subprocess.run(
        [sys.executable, str(MANAGE), "run_notebook", *arguments],
        cwd=folder,
        env=environment(folder, **env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def printed(document: Mapping[str, Any]) -> list[str]:
    """Return the printed text of each code cell."""
    return [
        "".join(output.get("text", "") for output in each["outputs"])
        for each in document["cells"]
        if each["cell_type"] == "code"
    ]


@pytest.mark.long
def test_a_notebook_runs_with_its_files_and_without_a_database(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "w.txt").write_text("weights")
    text = notebook(
        "TRAIN = True\nprint(TRAIN, open('w.txt').read())",
        cell("print('skipped')", tags=["slow"]),
    )
    (tmp_path / "work.ipynb").write_text(text)
    arguments = ["--file", "data/w.txt", "--parameters", "TRAIN=False", "--skip-tag"]
    ended = run(tmp_path, "work.ipynb", *arguments, "slow", "--seed", "7")
    assert ended.returncode == 0, ended.stderr
    executed = json.loads((tmp_path / "work.executed.ipynb").read_text())
    assert printed(executed) == ["False weights\n", ""]
    assert ended.stdout.startswith("Ran to the end\n")
    for fact in ("isolation L", "seed      7", "torch 2.", "work.executed.ipynb"):
        assert fact in ended.stdout
    assert "cell 1 of 2" in ended.stderr
    assert "\x1b" not in ended.stdout + ended.stderr
    assert (tmp_path / "work.ipynb").read_text() == text


OLD = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {},
    "worksheets": [
        {"cells": [{"cell_type": "code", "input": "print('ä')\n1/0", "outputs": []}]}
    ],
}


@pytest.mark.long
def test_an_old_notebook_is_upgraded_and_alone_on_standard_output(
    tmp_path: Path,
) -> None:
    (tmp_path / "old.ipynb").write_text(json.dumps(OLD))
    ended = run(tmp_path, "old.ipynb", "--output", "-")
    assert ended.returncode == 1
    executed = json.loads(ended.stdout)
    assert (executed["nbformat"], printed(executed)) == (4, ["ä\n"])
    assert "is in the old notebook format 3.0" in ended.stderr
    assert "the first in cell 1: ZeroDivisionError" in ended.stderr
    assert [each.name for each in tmp_path.glob("*.ipynb*")] == ["old.ipynb"]


@pytest.mark.long
def test_a_limit_ends_the_run_and_the_executed_part_is_written(tmp_path: Path) -> None:
    (tmp_path / "long.ipynb").write_text(
        notebook("print('before')", "import time; time.sleep(60)")
    )
    ended = run(tmp_path, "long.ipynb", "--output", "out.ipynb", "--cell-seconds", "1")
    assert ended.returncode == 1
    assert "Cell 2 was stopped at its limit of 1 second." in ended.stdout
    assert printed(json.loads((tmp_path / "out.ipynb").read_text()))[0] == "before\n"


def test_a_file_that_is_not_a_notebook_is_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    (tmp_path / "cut.ipynb").write_text('{"cells": [')
    ended = run(tmp_path, "cut.ipynb")
    assert ended.returncode == 1
    assert "ends in the middle, on line 1" in ended.stderr
    assert not (tmp_path / "cut.executed.ipynb").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone.ipynb"], "There is no file gone.ipynb"),
        (["work.ipynb", "--environment", "gpu"], "There is no environment “gpu”"),
        (["work.ipynb", "--environment", "none"], "torch is not installed"),
        (["work.ipynb", "--parameters", "TRAIN"], "Write NAME=VALUE"),
        (["work.ipynb", "--memory-mb", "0"], "is not a whole number above 0"),
    ],
)
def test_wrong_options_are_not_the_notebooks_fault(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    (tmp_path / "work.ipynb").write_text(notebook("1"))
    ended = run(tmp_path, *arguments, RUNNER_ENVIRONMENTS="default=,none=/bin/false")
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


class Terminal:
    """The command on its own terminal, and everything that it has shown there."""

    def __init__(self, folder: Path, *arguments: str, **env: str) -> None:
        self.screen = ""
        self._master, slave = pty.openpty()
        with closing(os.fdopen(slave, "wb", buffering=0)) as end:
            self.process = subprocess.Popen(
                [sys.executable, str(MANAGE), "run_notebook", *arguments],
                cwd=folder,
                env=environment(folder, TERM="xterm", **env),
                stdin=end,
                stdout=end,
                stderr=end,
                start_new_session=True,
            )

    def look(self) -> str:
        """Read new output, and return all output."""
        while descriptors.wait([self._master], seconds=0):
            try:
                data = os.read(self._master, 65536)
            except OSError:
                break  # the command has closed the terminal
            self.screen += data.decode(errors="replace")
        return self.screen

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Terminal]:
    """Return a notebook that prints one line and then sleeps."""
    source = (
        "print('\\x1b[31mepoch 1\\x1b[0m', flush=True)\nimport time; time.sleep(90)"
    )
    (tmp_path / "work.ipynb").write_text(notebook("print('first')", source))
    terminal = Terminal(tmp_path, "work.ipynb", NO_COLOR="1")
    yield terminal
    terminal.end()


@pytest.mark.long
def test_a_terminal_shows_progress_and_ctrl_c_keeps_the_executed_part(
    sleeper: Terminal, tmp_path: Path
) -> None:
    wait_until(lambda: "epoch 1" in sleeper.look(), seconds=90, what="a line of output")
    below = family(sleeper.process.pid)
    sleeper.process.send_signal(signal.SIGINT)
    assert sleeper.process.wait(30) == 130
    screen = sleeper.look()
    assert "\rcell 2 of 2" in screen.replace("\x1b[K", "")
    assert "Cancelled" in screen.rpartition("\x1b[K")[2]
    assert "\x1b[3" not in screen, "NO_COLOR, and none of the notebook's either"
    executed = json.loads((tmp_path / "work.executed.ipynb").read_text())
    assert printed(executed)[0] == "first\n"
    assert len(below) > 1
    wait_until(lambda: not any(Path(f"/proc/{one.pid}").exists() for one in below))
