"""The watch: a thread in beat that looks for problems of the portal and reports them.

It runs in beat, and not as a task, because a dead worker must be noticed by somebody
else. It needs no broker.
"""

import os
import socket
import time
from typing import Final

from django.conf import settings
from django.urls import reverse

from accounts.actors import SYSTEM
from grading.models import WorkerPresence
from grading.services import (
    forget_old_records,
    mail_incidents,
    note_presence,
    record_incidents,
)
from grading.worker.periodic_thread import PeriodicThread, fresh_connection
from portal.health_checks import find_problems

# Beat counts as gone after 45 seconds without a record.
WATCH_SECONDS: Final = 15.0
# Beat starts last, but other machines may start at the same time.
START_SECONDS: Final = 30.0


class Watch:
    """Looks at the portal; in its first START_SECONDS it only says that it is there."""

    def __init__(self) -> None:
        self._begins_at = time.monotonic() + START_SECONDS
        self._name = f"{socket.gethostname()}:{os.getpid()}:beat"

    def look(self) -> None:
        """Record that beat is there, and report what is wrong."""
        with fresh_connection():
            note_presence(actor=SYSTEM, name=self._name, role=WorkerPresence.Role.BEAT)
            if time.monotonic() < self._begins_at:
                return
            forget_old_records(actor=SYSTEM)
            found = find_problems().values()
            problems = {row.key: row.words for rows in found for row in rows}
            record_incidents(actor=SYSTEM, problems=problems)
            mail_incidents(
                actor=SYSTEM, address=settings.SITE_URL + reverse("operations")
            )


def start_watch() -> None:
    """Start the watch in this process; it ends with the process."""
    PeriodicThread("watch", Watch().look, WATCH_SECONDS).start()
