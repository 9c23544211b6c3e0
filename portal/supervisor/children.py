"""A program that the supervisor runs: how it starts, when it is ready, how it ends."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from portal.supervisor.console import Console
from portal.supervisor.launch import LAUNCHER, NICE

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
# A process that ran this long started well: its next crash counts as the first.
SETTLED_SECONDS: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run. `ready` is called until it returns true.

    A process for which `alive` returns false has hung, and is replaced. A program with
    a `niceness` gets less of a busy processor than the others.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] = lambda: True
    alive: Callable[[], bool] = lambda: True
    before: Callable[[], object] = lambda: None
    niceness: int = 0
    stop_seconds: float = 8.0
    # Lines of the program's log that contain one of these are not shown.
    hidden: tuple[str, ...] = ()


class Child:
    """A program's process, through all its restarts.

    It must be started from the main thread: the process dies with the thread that
    started it.
    """

    def __init__(self, program: Program, console: Console, env: Mapping[str, str]):
        self.program = program
        self.console = console
        self.env = {**env, **program.env}
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.crashes = 0
        self.restart_at: float | None = None

    @property
    def name(self) -> str:
        return self.program.name

    def start(self) -> None:
        """Start the process, also after a crash.

        It leads a session of its own, so that Ctrl-C in the terminal reaches only the
        supervisor.
        """
        self.program.before()
        self.restart_at = None
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603  (our own command)
            [*self._launcher(), *self.program.command],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if self.process.stdout is not None:
            self.console.follow(
                self.name, self.process.stdout, hidden=self.program.hidden
            )

    def _launcher(self) -> list[str]:
        niceness = self.program.niceness
        nice = [f"{NICE}{niceness}"] if niceness else []
        return [sys.executable, "-IS", LAUNCHER, *nice, str(os.getpid())]

    def ended(self) -> int | None:
        """Return the exit status of a process that has ended, or else None."""
        return None if self.process is None else self.process.poll()

    def has_hung(self) -> bool:
        """Return whether the process runs but gives no sign of life."""
        return self.process is not None and not self.program.alive()

    def plan_restart(self) -> float:
        """Count a crash and return the pause before the restart, in seconds."""
        self._end_group()
        now = time.monotonic()
        self.crashes = 0 if now - self.started_at > SETTLED_SECONDS else self.crashes
        pause = min(FIRST_PAUSE_SECONDS * 2.0**self.crashes, LONGEST_PAUSE_SECONDS)
        self.crashes += 1
        self.process = None
        self.restart_at = now + pause
        return pause

    def ask_to_end(self) -> None:
        """Send SIGTERM, and SIGCONT so that a stopped process receives it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill the process and its whole session now."""
        if self.process is None:
            return
        self._end_group()
        self.process.wait()

    def _end_group(self) -> None:
        # Processes that a crashed leader left behind would hold the port or the lease.
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
