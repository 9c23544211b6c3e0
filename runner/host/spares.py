"""Spares: processes made ahead of demand, so that a job need not wait for its jail."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from runner.host.job_starter import EnvironmentMissingError, ZygoteLostError
from runner.host.prepared_job import PreparedJob
from runner.protocol.endings import JobEnded
from runner.system.users import NoUserFreeError
from runner.wire.job_order import Role, Shape

log = logging.getLogger(__name__)

Key = tuple[str, Shape]
Slot = tuple[str, Role]
Maker = Callable[[str, Shape], PreparedJob]
_MAKERS: Final = 4
_SETTING_UP: Final = 64
_REFILL_SECONDS: Final = 1.0
_OURS: Final = (
    EnvironmentMissingError,
    JobEnded,
    NoUserFreeError,
    OSError,
    ZygoteLostError,
)


class Spares:
    """Up to `count` spares for each environment and role, of the shape last asked for.

    `on_gpu` is the count for a shape with a GPU: each such spare holds memory of its
    device, which must be set aside for it.

    Each spare is used once. Jobs of one kind follow one another, so the last shape is
    the best guess for the next.
    """

    def __init__(self, make: Maker, count: int, *, on_gpu: int = 0) -> None:
        self._make = make
        self._count = count
        self._on_gpu = on_gpu
        self._wanted: dict[Slot, Shape] = {}
        self._ready: dict[Slot, list[PreparedJob]] = {}
        self._making: dict[Key, int] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._makers = ThreadPoolExecutor(_MAKERS, thread_name_prefix="spares")
        # No spare waits until what a job has left is removed.
        self._disposing = ThreadPoolExecutor(1, thread_name_prefix="disposing")
        # A thread that sets up processes waits for a spare that is being made, so it must
        # not take the place of a thread that makes one.
        self._setting_up = ThreadPoolExecutor(
            _SETTING_UP, thread_name_prefix="setting-up"
        )

    def take(self, environment: str, shape: Shape) -> Future[PreparedJob]:
        """Return the future processes for one job, which may be ready already.

        The future raises what making them raises. Because the caller is in a hurry,
        another spare is made only after a moment, or when `refill` is called.
        """
        found: Future[PreparedJob] = Future()
        spare = self._pop(environment, shape)
        if spare is not None:
            found.set_result(spare)
        else:
            found = self._makers.submit(self._make, environment, shape)
        later = threading.Timer(_REFILL_SECONDS, self.refill, (environment, shape))
        later.daemon = True
        later.start()
        return found

    def _pop(self, environment: str, shape: Shape) -> PreparedJob | None:
        """Return a living spare of the shape, or None; dispose of those that do not fit."""
        with self._lock:
            slot = environment, shape.role
            spares = self._ready.pop(slot, [])
            fit = [one for one in spares if one.shape == shape and one.is_alive]
            self._wanted[slot] = shape
            self._ready[slot] = fit[1:]
        for one in spares:
            if one not in fit:
                self._makers.submit(one.dispose)
        return fit[0] if fit else None

    def refill(self, environment: str, shape: Shape) -> None:
        """Start making the spares of the shape that are missing."""
        key, slot = (environment, shape), (environment, shape.role)
        with self._lock:
            being_made = self._making.get(key, 0)
            there = len(self._ready.get(slot, []))
            wanted = self._on_gpu if shape.gpu else self._count
            missing = wanted - there - being_made
            if self._closed or missing <= 0 or self._wanted.get(slot) != shape:
                return
            self._making[key] = being_made + missing
            for _ in range(missing):
                self._makers.submit(self._add, environment, shape)

    def set_up_later(self, call: Callable[[], PreparedJob]) -> Future[PreparedJob]:
        """Return the future result of the call, which takes processes and sets them up."""
        return self._setting_up.submit(call)

    def discard(self, coming: Future[PreparedJob]) -> None:
        """Dispose of the processes as soon as they are ready, because none needs them."""
        coming.add_done_callback(self._discard)

    def _discard(self, coming: Future[PreparedJob]) -> None:
        if coming.exception() is not None:
            return
        with self._lock:
            if not self._closed:
                self._makers.submit(coming.result().dispose)
                return
        coming.result().dispose()

    def dispose_later(self, used: PreparedJob) -> None:
        """Dispose of a job's processes in the background.

        Only the first process is left, and it ends by itself.
        """
        with self._lock:
            if not self._closed:
                self._disposing.submit(used.dispose, clean=True)
                return
        used.dispose(clean=True)

    def _add(self, environment: str, shape: Shape) -> None:
        spare, slot = None, (environment, shape.role)
        try:
            if self._wanted.get(slot) == shape:
                spare = self._make(environment, shape)
        except _OURS as error:
            # A job that needs processes makes them itself, and gets the error then.
            log.warning("no spare could be made for %s: %s", environment, error)
        with self._lock:
            self._making[environment, shape] -= 1
            if spare is not None and self._wanted.get(slot) == shape:
                self._ready[slot].append(spare)
                return
        if spare is not None:
            spare.dispose()

    def ready(self) -> int:
        """Return how many spares are ready now."""
        with self._lock:
            return sum(map(len, self._ready.values()))

    def forget(self, environment: str) -> None:
        """Dispose of the environment's spares, including those that are being made."""
        with self._lock:
            slots = [slot for slot in self._wanted if slot[0] == environment]
            for slot in slots:
                del self._wanted[slot]
            spares = [one for slot in slots for one in self._ready.pop(slot, [])]
        for one in spares:
            one.dispose()

    def close(self) -> None:
        """Dispose of all spares, and make no more."""
        with self._lock:
            self._closed = True
            environments = {environment for environment, _ in self._ready}
        for environment in environments:
            self.forget(environment)
        self._setting_up.shutdown(wait=True)
        self._makers.shutdown(wait=True)
        self._disposing.shutdown(wait=True)
