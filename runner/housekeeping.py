"""Environments that nobody has asked for in a while are stopped: each holds memory."""

import threading
from typing import Final

from runner.spares import Spares
from runner.zygotes import JobStarter

_LOOK_SECONDS: Final = 15.0


class Housekeeper:
    """A thread that stops environments after `idle_seconds` without a job."""

    def __init__(
        self, starter: JobStarter, spares: Spares, idle_seconds: float
    ) -> None:
        self._starter = starter
        self._spares = spares
        self._idle_seconds = idle_seconds
        self._closed = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="housekeeper", daemon=True
        )
        self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(min(_LOOK_SECONDS, self._idle_seconds)):
            self.look()

    def look(self) -> None:
        """Stop what is idle now; a job that runs goes on to its own end."""
        for environment in self._starter.stop_idle(self._idle_seconds):
            # Afterwards, so that none is made meanwhile that holds the stopped one.
            self._spares.forget(environment)

    def close(self) -> None:
        """The thread has ended."""
        self._closed.set()
        self._thread.join()
