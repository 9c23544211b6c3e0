"""Real processes for tests: started tied to this process, watched, and ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from portal.supervisor.launch import LAUNCHER


def wait_until(
    condition: Callable[[], object], *, seconds: float = 20, what: str = ""
) -> None:
    """Return as soon as the condition is true; fail with `what` after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s not yet: {what or condition}")
        time.sleep(0.02)


class Service:
    """A process of the portal, its log, and how a test ends it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log_path = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-IS", LAUNCHER, str(os.getpid()), *command],
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def wait_ready(self, ready: Callable[[], object], *, seconds: float = 40) -> None:
        """Return once ready; a process that ended or hangs fails with its log."""
        try:
            wait_until(
                lambda: not self.alive or ready(), seconds=seconds, what=self.name
            )
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None
        if not self.alive:
            raise AssertionError(f"{self.name} ended by itself:\n{self.log()}")

    def send(self, number: signal.Signals) -> None:
        """Send the signal to the process alone."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End the process as a power cut would, with all processes of its session."""
        if self.alive:
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self, *, seconds: float = 10) -> None:
        """End the process cleanly; kill the rest once the time is over."""
        if self.alive:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
