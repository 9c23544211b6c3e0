"""The numbers that a worker stores in its presence record every few seconds.

`slots` and `slots_used` are runs at the same time; `spares` are processes made ahead;
`jails_made` only grows; `gpus` are devices with their memory in bytes. `counts` and
`times` are those of courses.counters.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Final

from django.conf import settings

from courses.counters import COUNTERS
from grading.json_safe import JsonObject, storable_object
from runner.host.runner import Runner


class SlotCount:
    """How many runs this process executes now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.used = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one slot as used within the block."""
        with self._lock:
            self.used += 1
        try:
            yield
        finally:
            with self._lock:
                self.used -= 1


SLOTS: Final = SlotCount()


def worker_numbers(runner: Runner) -> JsonObject:
    """Return the numbers of this process now."""
    usage = runner.usage()
    return storable_object(
        {
            "slots": settings.WORKER_SLOTS,
            "slots_used": SLOTS.used,
            "level": runner.level(),
            "environments": sorted(settings.RUNNER_ENVIRONMENTS),
            "spares": usage.spares,
            "jails_made": usage.jails_made,
            "gpus": [asdict(gpu) for gpu in usage.gpus],
            **COUNTERS.to_json(),
        }
    )
