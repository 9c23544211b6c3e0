"""Threads that do something at regular intervals, beside what a process is for."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections

log = structlog.get_logger(__name__)

JOIN_SECONDS: Final = 5.0


class PeriodicThread:
    """A thread that does something at regular intervals, and whenever it is woken."""

    def __init__(self, name: str, action: Callable[[], object], seconds: float) -> None:
        self._action = action
        self._seconds = seconds
        self._woken = threading.Event()
        self._ended = False
        self._begun = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Do the action again at once."""
        self._woken.set()

    def end(self) -> None:
        """End the thread after the action that it is doing."""
        self._ended = True
        self._woken.set()
        self._thread.join(JOIN_SECONDS)

    def idle_seconds(self) -> float:
        """Return for how long the thread has not begun its action."""
        return time.monotonic() - self._begun

    def _run(self) -> None:
        while not self._ended:
            self._begun = time.monotonic()
            try:
                self._action()
            except (OperationalError, InterfaceError) as error:
                # The database is away; the next turn may reach it.
                log.warning("database_away", error=type(error).__name__)
            except Exception:
                log.exception("loop_failed", loop=self._thread.name)
            self._woken.wait(self._seconds)
            self._woken.clear()


@contextmanager
def fresh_connection() -> Iterator[None]:
    """Give a database connection that is known to work."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
