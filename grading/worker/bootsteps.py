"""What a Celery worker does besides listening to the broker.

Grading must not depend on the broker: these steps read the queue's rows themselves, in
threads that share nothing with the consumer's connection.
"""

import os
import threading
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final

import structlog
from celery import bootsteps
from celery.concurrency.thread import TaskPool
from celery.worker.state import reserved_requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError

from accounts.actors import SYSTEM
from grading.services import (
    forget_worker,
    note_presence,
    record_environments,
    sweep,
)
from grading.worker.claim_guard import process_name
from grading.worker.database_statistics import statistics_of_database
from grading.worker.environment_checks import found_environments, unfit_environments
from grading.worker.execution import (
    close_shared_runner,
    execute_next,
    give_back_runs,
    served_queues,
    shared_runner,
    worker_name,
    worker_queues,
)
from grading.worker.periodic_thread import PeriodicThread, fresh_connection
from grading.worker.service_checks import start_problems, warn_of_broker
from grading.worker.worker_numbers import worker_numbers
from runner.host.runner import Runner

log = structlog.get_logger(__name__)

POOL: Final = "celery.worker.components:Pool"
# If the database is away when the worker starts, the environments are recorded at the
# next turn.
RECORD_SECONDS: Final = 600.0
# Three records may be missed before other workers take this one for gone.
PRESENCE_SECONDS: Final = 12.0


class StartCheck(bootsteps.StartStopStep):
    """A boot step that refuses workers that would lose, delay or endanger runs."""

    requires = (POOL,)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        checks = (wrong_options(parent), unfit_environments(), start_problems())
        for reason in chain.from_iterable(checks):
            raise SystemExit(f"The worker does not start: {reason}")
        warn_of_broker()
        try:
            shared_runner()
        except ImproperlyConfigured as error:
            raise SystemExit(f"The worker does not start: {error}") from None

    def stop(self, parent: Any) -> None:
        """End the runner's processes, once no thread of the pool uses them."""
        parent.pool.stop()
        close_shared_runner()

    terminate = stop


def wrong_options(worker: Any) -> list[str]:
    """Return what is wrong with this worker's options, in words."""
    reasons = []
    if not issubclass(worker.pool_cls, TaskPool):
        reasons.append("runs need the threads pool; leave --pool out.")
    if worker.prefetch_multiplier != 1:
        reasons.append(
            "leave --prefetch-multiplier at 1. Otherwise this worker keeps wake-ups "
            "that an idle worker could use."
        )
    if worker.app.conf.task_acks_late:
        reasons.append("task_acks_late must be off: the row's lease recovers a run.")
    return reasons


class QueuePoller(bootsteps.StartStopStep):
    """A boot step that executes queued runs, so that grading goes on without a broker.

    It puts at most one look at the queue into the pool at a time, and only while a slot
    is free. If a look has found a run, another look follows at once.
    """

    requires = (POOL, StartCheck)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._worker = parent
        self._in_flight = 0
        self._lock = threading.Lock()
        self._loop = PeriodicThread("queue-poller", self._fill, settings.POLL_SECONDS)
        parent.queue_poller = self

    def start(self, parent: Any) -> None:
        """Start to look at the queue; from here on this worker executes runs."""
        self._loop.start()
        if ready := os.environ.get("SOFTMARK_READY_FILE"):
            Path(ready).touch()

    def stop(self, parent: Any) -> None:
        """Stop looking, and give this worker's runs back to the queue."""
        give_back_runs()
        self._loop.end()

    terminate = stop

    def idle_seconds(self) -> float:
        """Return for how long the poller has not looked whether a slot is free."""
        return self._loop.idle_seconds()

    def _fill(self) -> None:
        with self._lock:
            # Wake-ups take slots too, including those that still wait for one.
            busy = self._in_flight + len(reserved_requests)
            if busy >= self._worker.concurrency:
                return
            self._in_flight += 1
        self._worker.pool.apply_async(self._look, args=(), callback=self._looked)

    def _look(self) -> bool:
        """Execute one run, if one waits, in a thread of the pool."""
        try:
            return execute_next(
                worker=worker_name(), queues=served_queues(), runner=shared_runner()
            )
        except Exception as error:  # noqa: BLE001  (the edge: the next look may succeed)
            log.warning("look_failed", error=type(error).__name__)
            return False

    def _looked(self, found: object) -> None:
        with self._lock:
            self._in_flight -= 1
        if found is True:
            self._loop.wake()


class Presence(bootsteps.StartStopStep):
    """A boot step that records that this worker is there, and forgets it at the end."""

    requires = (POOL, StartCheck)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        # The runner is fetched here: a thread that starts late must not make a second
        # one.
        note = partial(note_once, shared_runner())
        self._loop = PeriodicThread("presence", note, PRESENCE_SECONDS)

    def start(self, parent: Any) -> None:
        """Record now and every PRESENCE_SECONDS."""
        self._forget()
        self._loop.start()

    def stop(self, parent: Any) -> None:
        """Stop recording, and remove the record."""
        self._loop.end()
        self._forget()

    def _forget(self) -> None:
        with suppress(OperationalError, InterfaceError), fresh_connection():
            forget_worker(actor=SYSTEM, name=process_name())

    terminate = stop


class Sweeper(bootsteps.StartStopStep):
    """A boot step that sweeps, so that this needs no broker either."""

    requires = (POOL, StartCheck)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._loop = PeriodicThread("sweeper", sweep_once, settings.SWEEP_SECONDS)

    def start(self, parent: Any) -> None:
        """Sweep now and every SWEEP_SECONDS."""
        self._loop.start()

    def stop(self, parent: Any) -> None:
        """Stop sweeping."""
        self._loop.end()

    terminate = stop


class Recorder(bootsteps.StartStopStep):
    """A boot step that records what is installed in this worker's environments."""

    requires = (POOL, StartCheck)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        # The runner is fetched here: a thread that starts late must not make a second
        # one.
        record = partial(record_once, shared_runner().level())
        self._loop = PeriodicThread("recorder", record, RECORD_SECONDS)

    def start(self, parent: Any) -> None:
        """Record now and every RECORD_SECONDS."""
        self._loop.start()

    def stop(self, parent: Any) -> None:
        """Stop recording."""
        self._loop.end()

    terminate = stop


def record_once(level: str) -> None:
    """Record the environments."""
    found = list(found_environments())
    with fresh_connection():
        record_environments(actor=SYSTEM, found=found, level=level)


def note_once(runner: Runner) -> None:
    """Record that this worker is there, its queues, and what it has counted."""
    with fresh_connection():
        note_presence(
            actor=SYSTEM,
            name=process_name(),
            queues=worker_queues(),
            numbers=worker_numbers(runner),
        )


def sweep_once() -> None:
    """Sweep the queue once, and now and then let SQLite look at its indexes."""
    with fresh_connection():
        sweep()
        statistics_of_database.keep_fresh()
