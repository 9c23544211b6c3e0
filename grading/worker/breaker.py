"""Stops a worker that fails one run after the other, until it can run one again.

A worker whose disk, device or file store is broken would otherwise use up the tries of
every run in the queue, faster than sound workers can take them.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from grading.retry_times import growing_pause

# So many different runs in a row must fail before the worker pauses.
FAULTS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A pause that begins now, or the end of one if `seconds` is 0."""

    faults: int
    seconds: float
    code: str = ""


class ClaimBreaker:
    """Decides whether this worker may claim a run. Its threads share one.

    After FAULTS different runs in a row have failed, nothing is claimed for a pause.
    Then one run is tried. If it fails, the next pause is longer; if it ends, or any
    other run does, the worker goes on. `on_change` is called when a pause begins, and
    when it is over for good.
    """

    def __init__(self, on_change: Callable[[Pause], object]) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._failed: set[Hashable] = set()
        self._pauses = 0
        self._until = 0.0
        self._is_trying = False

    @contextmanager
    def attempt(self) -> Iterator[bool]:
        """Give whether to claim a run now. After a pause, one caller at a time may."""
        with self._lock:
            may_claim = not self._pauses or (
                not self._is_trying and time.monotonic() >= self._until
            )
            is_trial = may_claim and bool(self._pauses)
            self._is_trying |= is_trial
        try:
            yield may_claim
        finally:
            if is_trial:
                with self._lock:
                    self._is_trying = False

    def succeeded(self) -> None:
        """Note that a run has ended with a result."""
        with self._lock:
            was_paused = bool(self._pauses)
            self._failed.clear()
            self._pauses = 0
        if was_paused:
            self._on_change(Pause(faults=0, seconds=0))

    def failed(self, what: Hashable, code: str) -> None:
        """Note a fault of ours. `what` is the same for faults of one cause."""
        with self._lock:
            self._failed.add(what)
            faults = len(self._failed)
            # Runs that were under way when the pause began do not make it longer.
            if faults < FAULTS or (self._pauses and not self._is_trying):
                return
            self._pauses += 1
            seconds = growing_pause(self._pauses)
            self._until = time.monotonic() + seconds
        self._on_change(Pause(faults=faults, seconds=seconds, code=code))
