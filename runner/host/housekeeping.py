"""The housekeeper stops environments that were not used for a while, to free memory."""

import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from runner.host.job_starter import JobStarter
from runner.host.spares import Spares

log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 15.0


class Housekeeper:
    """A thread that stops environments `idle_seconds` after their last job."""

    def __init__(
        self,
        starter: JobStarter,
        spares: Spares,
        idle_seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._starter = starter
        self._spares = spares
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._users: Counter[str] = Counter()
        self._used_at: dict[str, float] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="housekeeper", daemon=True
        )
        self._thread.start()

    @contextlib.contextmanager
    def using(self, environment: str) -> Iterator[None]:
        """Keep the environment from being stopped. Its idle time starts at the end."""
        with self._lock:
            self._users[environment] += 1
        try:
            yield
        finally:
            with self._lock:
                self._users[environment] -= 1
                self._used_at[environment] = self._clock()

    def _run(self) -> None:
        while not self._closed.wait(min(_LOOK_SECONDS, self._idle_seconds)):
            try:
                self.stop_idle()
            except Exception:
                log.exception("an idle environment was not stopped")

    def stop_idle(self) -> None:
        """Stop the environments that are idle now.

        A job that arrives meanwhile gets a new zygote, since a stopped one takes no jobs.
        """
        since = self._clock() - self._idle_seconds
        with self._lock:
            idle = [
                environment
                for environment, at in self._used_at.items()
                if at <= since and not self._users[environment]
            ]
            for environment in idle:
                del self._used_at[environment]
        for environment in idle:
            self._spares.forget(environment)
            self._starter.stop(environment)
        self._starter.reap()

    def close(self) -> None:
        """End the thread, and wait for its end."""
        self._closed.set()
        self._thread.join()
