"""The supervisor with small programs: their order, restarts, and end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.services.processes import wait_until

pytestmark = pytest.mark.services
ROOT = Path(__file__).parents[2]
RIG = Path(__file__).parent / "rig.py"


class Rig:
    """`rig.py` runs two programs under the supervisor; each records what it does."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.log = folder / "console.txt"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(RIG), str(folder), *options],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=out,
                stderr=out,
            )

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def notes(self) -> list[str]:
        path = self.folder / "notes"
        return path.read_text().split() if path.exists() else []

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.log.read_text(), what=f"{text}: {self.lines()}")

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return the processes that still run; zombies do not count."""
    return [
        process
        for process in processes
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]


def start_with_hangup(folder: Path, answer: signal.Handlers) -> Rig:
    """Start a rig with this reaction to a closed terminal.

    The tests themselves may run under nohup.
    """
    before = signal.signal(signal.SIGHUP, answer)
    try:
        return Rig(folder)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = start_with_hangup(tmp_path, signal.SIG_DFL)
    yield rig
    rig.process.kill()
    rig.process.wait()


def test_second_program_starts_once_the_first_is_ready(rig: Rig) -> None:
    rig.wait_for("all ready")
    assert rig.notes() == ["first-up", "first-ready", "second-up"]


def test_sigterm_ends_all_programs_in_reverse_order(rig: Rig) -> None:
    rig.wait_for("all ready")
    rig.process.terminate()
    assert rig.process.wait(10) == 0
    assert rig.notes()[-2:] == ["second-down", "first-down"]


def test_ctrl_c_ends_all_programs(rig: Rig) -> None:
    rig.wait_for("all ready")
    below = rig.descendants()
    rig.process.send_signal(signal.SIGINT)
    assert rig.process.wait(10) == 0
    wait_until(lambda: not alive(below), seconds=2, what=f"all of {below} gone")


def test_a_closed_terminal_ends_all_programs(rig: Rig) -> None:
    rig.wait_for("all ready")
    rig.process.send_signal(signal.SIGHUP)
    assert rig.process.wait(10) == 0


def test_a_closed_terminal_ends_nothing_under_nohup(tmp_path: Path) -> None:
    rig = start_with_hangup(tmp_path, signal.SIG_IGN)
    rig.wait_for("all ready")
    rig.process.send_signal(signal.SIGHUP)
    rig.children()[-1].kill()
    rig.wait_for("second ended unexpectedly")
    rig.process.terminate()
    assert rig.process.wait(10) == 0


def test_program_that_hangs_is_replaced(rig: Rig) -> None:
    rig.wait_for("all ready")
    rig.children()[-1].suspend()
    rig.wait_for("second gives no sign of life; killing it")
    wait_until(lambda: rig.notes().count("second-up") == 2, what="a second start")
    assert rig.notes().count("first-up") == 1


def test_log_lines_start_with_the_name_of_their_program(rig: Rig) -> None:
    rig.wait_for("all ready")
    assert "first   | hello from first" in rig.lines()


def test_crashed_program_is_started_again(rig: Rig) -> None:
    rig.wait_for("all ready")
    second = rig.children()[-1]
    second.kill()
    rig.wait_for("second ended unexpectedly (killed by SIGKILL); starting it again")
    wait_until(lambda: rig.notes().count("second-up") == 2, what="second lives again")


def test_killed_supervisor_leaves_nothing_behind(rig: Rig) -> None:
    rig.wait_for("all ready")
    below = rig.descendants()
    assert len(below) >= 3  # two programs, one with a child in a group of its own
    rig.process.kill()
    wait_until(lambda: not alive(below), seconds=5, what=f"all of {below} gone")


def test_a_program_that_never_starts_ends_all_programs(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "--second-fails")
    assert rig.process.wait(10) == 1
    assert "softmark| second did not start: exit status 3" in rig.lines()
    assert rig.notes()[-1] == "first-down"


def test_program_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, "--second-deaf")
    rig.wait_for("all ready")
    rig.process.terminate()
    assert rig.process.wait(10) == 0
    assert "softmark| second does not end; killing it" in rig.lines()
