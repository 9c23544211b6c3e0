"""The interface to what starts the first process of a job, and the errors it raises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from runner.wire.frames import Peer
from runner.wire.job_order import Order


class JobStarter(Protocol):
    """Starts jobs: a pool of zygotes, or a program that starts each job cold."""

    def warm_up(self, environment: str) -> None:
        """Prepare what the first job will need. Raises EnvironmentMissingError."""

    def start_job(
        self, environment: str, order: Order, fds: Sequence[int], init: Peer
    ) -> "StartedJob":
        """Start the job's first process, which then waits for its host.

        `init` is the host's end of the process's socket. Raises EnvironmentMissingError,
        ZygoteLostError, or OSError if the process cannot be started.
        """

    def stop(self, environment: str) -> None:
        """End all processes kept for the environment; the next job starts them anew."""

    def reap(self) -> None:
        """Remove what is left of processes that have ended by themselves."""

    def close(self) -> None:
        """End every process."""


class EnvironmentMissingError(Exception):
    """No job can be started in the environment. `str` says why, for staff."""


class ZygoteLostError(Exception):
    """The zygote did not start the job. Another zygote may."""


@dataclass(frozen=True, kw_only=True)
class StartedJob:
    """A job's first process. The caller closes `pidfd`."""

    pid: int
    pidfd: int
    versions: Mapping[str, str]
