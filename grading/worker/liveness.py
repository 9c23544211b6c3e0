"""The sign of life that a worker gives to the supervisor on its own machine."""

import os
from pathlib import Path
from typing import Any, Final

from celery import bootsteps

from grading.worker.bootsteps import QueuePoller
from grading.worker.periodic_thread import PeriodicThread

# SOFTMARK_ALIVE_FILE is touched this often. It needs no database and no broker, so a
# worker is not restarted while one of them is away.
TOUCH_SECONDS: Final = 5.0
# The poller begins a turn every POLL_SECONDS and never waits in it. If it has stopped,
# this worker takes no runs any more.
STUCK_SECONDS: Final = 60.0


class Liveness(bootsteps.StartStopStep):
    """A boot step that touches a file for as long as this worker looks at the queue."""

    requires = (QueuePoller,)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._parent = parent
        self._file = os.environ.get("SOFTMARK_ALIVE_FILE", "")
        self._loop = PeriodicThread("liveness", self._touch, TOUCH_SECONDS)

    def start(self, parent: Any) -> None:
        """Touch the file now and every TOUCH_SECONDS, if there is one."""
        if self._file:
            self._loop.start()

    def stop(self, parent: Any) -> None:
        """Stop touching the file."""
        if self._file:
            self._loop.end()

    terminate = stop

    def _touch(self) -> None:
        if self._parent.queue_poller.idle_seconds() < STUCK_SECONDS:
            Path(self._file).touch()
