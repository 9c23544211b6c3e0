"""Starts programs in order, keeps them running, and ends them in reverse order."""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from portal.supervisor.children import Child, Program
from portal.supervisor.console import Console

READY_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.05


class StopRequestedError(Exception):
    """Somebody asked the supervisor to end."""


class Supervisor:
    """Runs the programs from the calling thread, which must be the main thread.

    Signals are blocked and waited for, never handled asynchronously, so that no step is
    ever interrupted half way.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        console: Console,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.console = console
        variables = {**(os.environ if env is None else env)}
        variables["SOFTMARK_SUPERVISED"] = str(os.getpid())
        # Under nohup, the supervisor goes on if the terminal goes away.
        nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        self.stop_signals = {signal.SIGINT, signal.SIGTERM} | (
            set() if nohup else {signal.SIGHUP}
        )
        self.children = [Child(program, console, variables) for program in programs]

    def run(self, *, when_ready: Callable[[], None] = lambda: None) -> int:
        """Run until asked to stop; return the exit status for the process."""
        signal.pthread_sigmask(signal.SIG_BLOCK, self.stop_signals | {signal.SIGCHLD})
        status = 0
        try:
            self._start_all()
            when_ready()
            self._keep_running()
        except StopRequestedError:
            self.console.say("stopping")
        except StartFailedError as error:
            self.console.say(str(error))
            status = 1
        finally:
            self._stop_all()
            self.console.drain()
        return status

    def _start_all(self) -> None:
        for child in self.children:
            child.start()
            self._wait_ready(child)
            self.console.say(f"{child.name} is ready")

    def _wait_ready(self, child: Child) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not child.program.ready():
            self._take_signal(LOOK_SECONDS)
            code = child.ended()
            if code is not None:
                self.console.drain()
                raise StartFailedError(
                    f"{child.name} did not start: {exit_status_in_words(code)}"
                )
            if time.monotonic() > deadline:
                raise StartFailedError(
                    f"{child.name} was not ready after {READY_SECONDS:.0f} seconds"
                )

    def _keep_running(self) -> None:
        while True:
            now = time.monotonic()
            for child in self.children:
                self._tend(child, now)
            due = [c.restart_at for c in self.children if c.restart_at is not None]
            # A SIGCHLD may be lost: the longest wait limits the delay that this causes.
            self._take_signal(max(0.0, min([*due, now + 5.0]) - now))

    def _tend(self, child: Child, now: float) -> None:
        code = child.ended()
        if code is not None:
            pause = child.plan_restart()
            self.console.say(
                f"{child.name} ended unexpectedly ({exit_status_in_words(code)}); "
                f"starting it again in {pause:g} s"
            )
        elif child.has_hung():
            self.console.say(f"{child.name} gives no sign of life; killing it")
            child.kill()
        elif child.restart_at is not None and now >= child.restart_at:
            child.start()

    def _stop_all(self) -> None:
        for child in reversed(self.children):
            child.ask_to_end()
            deadline = time.monotonic() + child.program.stop_seconds
            while child.process is not None and child.ended() is None:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    self.console.say(f"{child.name} does not end; killing it")
                    break
                try:
                    self._take_signal(min(remaining, LOOK_SECONDS * 4))
                except StopRequestedError:
                    # This is the second request: somebody who presses Ctrl-C again is
                    # in a hurry.
                    deadline = 0.0
            child.kill()

    def _take_signal(self, seconds: float) -> None:
        """Wait at most so long for a signal. Raises StopRequestedError on a stop."""
        watched = self.stop_signals | {signal.SIGCHLD}
        taken = signal.sigtimedwait(watched, seconds)
        if taken is not None and taken.si_signo in self.stop_signals:
            raise StopRequestedError


class StartFailedError(Exception):
    """A program did not start, so the portal as a whole does not."""


def exit_status_in_words(code: int) -> str:
    """Return an exit status in words."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}"
