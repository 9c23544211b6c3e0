"""A bare fork of a process with torch imported, which isolates itself and ends."""

from bench.breakdown import IN_ALL, Phases
from bench.peers.process import Worker


class BareFork:
    """Forks once a run. `isolated` says whether the kernel let every child unshare."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.isolated = True

    def run(self) -> Phases:
        """Return the times until the child was isolated, and until it was gone."""
        answer = self._worker.ask()
        self.isolated = self.isolated and answer["isolated"]
        return {
            "fork": answer["fork"],
            "unshare": answer["unshare"],
            "until it is gone": answer["end"],
            # The end does not count: the fork has done its work by then.
            IN_ALL: answer["seconds"],
        }
