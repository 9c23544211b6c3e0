"""What starts the first process of a job, and what it raises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from runner.wire.frames import Peer
from runner.wire.job_order import Order


class JobStarter(Protocol):
    """What starts jobs: a pool of zygotes, or a program that starts each one cold."""

    def warm_up(self, environment: str) -> None:
        """What can be done ahead is done; raise EnvironmentMissingError if it cannot."""

    def start_job(
        self, environment: str, order: Order, fds: Sequence[int], init: Peer
    ) -> "StartedJob":
        """The job's first process waits for its host, whose end of its socket is `init`.

        Raises EnvironmentMissingError, ZygoteLostError, or OSError if it cannot be.
        """

    def stop(self, environment: str) -> None:
        """What is kept for the environment ends; the next job starts it anew."""

    def tidy(self) -> None:
        """What has ended by itself leaves nothing behind."""

    def close(self) -> None:
        """No process is left."""


class EnvironmentMissingError(Exception):
    """No zygote can be had for the environment. `str` says why, for staff."""


class ZygoteLostError(Exception):
    """The zygote did not take the job; another may."""


@dataclass(frozen=True, kw_only=True)
class StartedJob:
    """A job's first process. `pidfd` is the caller's to close."""

    pid: int
    pidfd: int
    versions: Mapping[str, str]
