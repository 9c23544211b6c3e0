"""How much of a busy processor jobs get, beside the portal's own processes."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

NICENESS: Final = 10


class SessionShares:
    """Lowers the shares of sessions, each once.

    Where the kernel groups processes by session (sched_autogroup), a niceness counts
    only within the session, and each session has as much as any other. So the host
    lowers each session of a job, whoever began it.
    """

    def __init__(self) -> None:
        self._lowered: set[int] = set()

    def lower(self, pids: Iterable[int]) -> None:
        """Lower the sessions of these processes, as seen from the host.

        A kernel without such groups has no such file. One that takes no other change so
        soon (EAGAIN) is asked again at the next call.
        """
        for pid in pids:
            with contextlib.suppress(OSError):
                session = os.getsid(pid)
                if session not in self._lowered:
                    Path(f"/proc/{pid}/autogroup").write_text(str(NICENESS))
                    self._lowered.add(session)
