"""Processes made ahead of demand, so that a job need not wait for its jail."""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from runner.prepared import Prepared
from runner.stops import JobStopError
from runner.users import NoUserFreeError
from runner.zygote.order import Shape
from runner.zygotes import EnvironmentMissingError, ZygoteLostError

log = logging.getLogger(__name__)

Key = tuple[str, Shape]
Maker = Callable[[str, Shape], Prepared]
_MAKERS: Final = 4
_OURS: Final = (
    EnvironmentMissingError,
    JobStopError,
    NoUserFreeError,
    OSError,
    ZygoteLostError,
)


class Spares:
    """Up to `count` spares for each environment, of the shape that was last asked for.

    Each is used once. Work of one kind comes in rows, so the last shape is the best
    guess at the next.
    """

    def __init__(self, make: Maker, count: int) -> None:
        self._make = make
        self._count = count
        self._ready: dict[str, tuple[Shape, list[Prepared]]] = {}
        self._making: dict[Key, int] = {}
        # How often an environment was forgotten: what was begun before is not kept.
        self._forgotten: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._closed = False
        self._makers = ThreadPoolExecutor(_MAKERS, thread_name_prefix="spares")

    def take(self, environment: str, shape: Shape) -> Future[Prepared]:
        """Return processes for one job, ready or in the making; make a spare more.

        The future raises what making them raises.
        """
        found: Future[Prepared] = Future()
        spare = self._pop(environment, shape)
        if spare is not None:
            found.set_result(spare)
        else:
            found = self._makers.submit(self._make, environment, shape)
        self.refill(environment, shape)
        return found

    def _pop(self, environment: str, shape: Shape) -> Prepared | None:
        """Return a living spare of the shape; those of another are of no use now."""
        stale: list[Prepared] = []
        with self._lock:
            kept_shape, spares = self._ready.pop(environment, (shape, []))
            if kept_shape != shape:
                stale, spares = spares, []
            spare = None
            while spares and spare is None:
                spare = spares.pop(0)
                if not spare.is_alive:
                    stale.append(spare)
                    spare = None
            self._ready[environment] = (shape, spares)
        for one in stale:
            self._makers.submit(one.dispose)
        return spare

    def refill(self, environment: str, shape: Shape) -> None:
        """Spares of the shape are being made, as many as are missing."""
        with self._lock:
            key = (environment, shape)
            kept_shape, spares = self._ready.get(environment, (shape, []))
            there = len(spares) if kept_shape == shape else 0
            missing = self._count - there - self._making.get(key, 0)
            if self._closed or missing <= 0:
                return
            self._making[key] = self._making.get(key, 0) + missing
            age = self._forgotten[environment]
        for _ in range(missing):
            self._makers.submit(self._add, environment, shape, age)

    def _add(self, environment: str, shape: Shape, age: int) -> None:
        spare = None
        try:
            if not self._closed and age == self._forgotten[environment]:
                spare = self._make(environment, shape)
        except _OURS as error:
            # Whoever needs one makes it then, and hears why it cannot be made.
            log.warning("no spare for %s: %s", environment, error)
        finally:
            with self._lock:
                self._making[environment, shape] -= 1
                wanted, spares = self._ready.get(environment, (shape, []))
                keep = wanted == shape and age == self._forgotten[environment]
                keep = keep and not self._closed
                if keep and spare is not None:
                    spares.append(spare)
                    self._ready[environment] = (shape, spares)
        if spare is not None and not keep:
            spare.dispose()

    def forget(self, environment: str) -> None:
        """The environment has no spares any more, nor any of those in the making."""
        with self._lock:
            self._forgotten[environment] += 1
            _, spares = self._ready.pop(environment, (None, []))
        for one in spares:
            one.dispose()

    def close(self) -> None:
        """No spare is left, and none will be made."""
        with self._lock:
            self._closed = True
        self._makers.shutdown(wait=True)
        for environment in list(self._ready):
            self.forget(environment)
