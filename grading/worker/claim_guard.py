"""What this worker process keeps about its own faults: one breaker, one alert."""

import os
import socket
import threading
import time
from typing import Final

import structlog

from accounts.actors import SYSTEM
from grading.services.worker_presence import note_pause
from grading.worker.breaker import ClaimBreaker, Pause

log = structlog.get_logger(__name__)

ALERT_SECONDS: Final = 60.0


def process_name() -> str:
    """Return the name of this worker process: host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Alert:
    """Lets one alert through in so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._next = 0.0

    def is_due(self) -> bool:
        """Return whether to alert now, and begin the time without alerts if so."""
        with self._lock:
            now = time.monotonic()
            if now < self._next:
                return False
            self._next = now + self._seconds
            return True


def _note(pause: Pause) -> None:
    """Log the pause, or its end, and record it where pages find it."""
    if pause.faults:
        log.error(
            "worker_paused",
            faults=pause.faults,
            seconds=round(pause.seconds),
            code=pause.code,
        )
    else:
        log.warning("worker_goes_on")
    try:
        note_pause(
            actor=SYSTEM,
            name=process_name(),
            faults=pause.faults,
            seconds=pause.seconds,
            code=pause.code,
        )
    except Exception as error:  # noqa: BLE001  (a record for pages; the pause holds)
        log.warning("pause_not_recorded", error=type(error).__name__)


breaker = ClaimBreaker(_note)
store_alert = Alert(ALERT_SECONDS)
