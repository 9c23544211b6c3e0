"""Waiting snapshots, which the job's first process holds.

A snapshot that waits may have what a later cell has made, which no other snapshot may get.
See `runner.jail.held_processes`.
"""

from runner.host.init_requests import InitRequests
from runner.system.processes import number_inside


class HeldSnapshots:
    """The snapshots of a job that cannot run, and that its other processes do not find.

    At L0 nothing is held: what stands still there may be woken.
    """

    def __init__(self, requests: InitRequests) -> None:
        self._requests = requests
        # The requests whose answers are not known, and the process that each names.
        self._begun: dict[int, int] = {}

    def hold(self, pid: int) -> None:
        """Begin to hold the process, which was told to stop."""
        self._begin("hold", pid)

    def release(self, pid: int) -> None:
        """Begin to let the process run again. Call it when it may run at once."""
        self._begin("release", pid)

    def _begin(self, what: str, pid: int) -> None:
        if inside := number_inside(pid):
            number = self._requests.begin({"do": what, "pid": inside})
            self._begun[number] = pid

    def finish(self) -> set[int]:
        """Wait until all is done. Return the processes for which something failed.

        They must be ended. Call it before any process of the job may run on.
        """
        failed: set[int] = set()
        while self._begun:
            number, pid = self._begun.popitem()
            if not self._requests.wait(number).get("done", False):
                failed.add(pid)
        return failed
