"""The runner that callers use: `Runner.run` takes a JobSpec and returns a JobResult.

This side never imports torch, IPython or matplotlib. It never runs or unpickles
anything that comes from a student.
"""

import logging
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from runner.gpu.pool import GpuPool, GpuUsage
from runner.host import bwrap
from runner.host.bwrap import ColdPool
from runner.host.housekeeping import Housekeeper
from runner.host.isolation_levels import Capabilities, probe
from runner.host.job import Job
from runner.host.job_starter import JobStarter
from runner.host.prepared_job import PreparedJob
from runner.host.runner_folder import RunnerFolder
from runner.host.spares import Spares
from runner.host.zygote_pool import ZygotePool
from runner.protocol.jobs import Device, Event, JobResult, JobSpec
from runner.system import descriptors
from runner.wire.job_order import Shape

log = logging.getLogger(__name__)

IDLE_SECONDS: Final = 1800.0


class Backend(StrEnum):
    """The means by which jobs are isolated.

    NAMESPACES is our own jail, in which jobs are forked from a zygote. BWRAP is a jail
    of bubblewrap's, in which each job starts an interpreter of its own. BARE is level
    L0, no jail, for one's own notebooks only.
    """

    NAMESPACES = "namespaces"
    BWRAP = "bwrap"
    BARE = "bare"


class NotIsolatedError(Exception):
    """Raised if this host cannot isolate jobs as demanded. `str` says what is missing."""


def capabilities(backend: Backend) -> Capabilities:
    """Return the isolation that this host can give jobs with this backend."""
    if backend is Backend.BARE:
        return Capabilities()
    if backend is Backend.BWRAP and not bwrap.is_installed():
        return Capabilities(missing="bubblewrap is not installed")
    return replace(probe(), is_cold=backend is Backend.BWRAP)


@dataclass(frozen=True, kw_only=True)
class RunnerUsage:
    """What a runner has in use: spares that are ready, and its GPUs.

    `jails_made` counts the jails made since the runner started.
    """

    spares: int
    jails_made: int
    gpus: tuple[GpuUsage, ...] = ()


def _ignore(_event: Event) -> None:
    """Do nothing with the event."""


def _never() -> bool:
    return False


class Runner:
    """The runner of jobs. Several threads may call `run` at the same time.

    `environments` maps names to interpreters; "" stands for the interpreter that runs
    now. `spares` is how many jails are kept ready for each environment. An environment
    that is not used for `idle_seconds` is stopped. Jobs for a GPU share `gpus`, which
    is closed with the runner; its policy says how many jails with CUDA are kept ready. Make a runner in the process that uses it, because it
    does not survive a fork. `close` it at the end. Raises NotIsolatedError.
    """

    def __init__(
        self,
        environments: Mapping[str, str],
        *,
        work_dir: Path | None = None,
        backend: Backend = Backend.NAMESPACES,
        spares: int = 1,
        idle_seconds: float = IDLE_SECONDS,
        gpus: GpuPool | None = None,
    ) -> None:
        self._capabilities = capabilities(backend)
        if self._capabilities.missing:
            raise NotIsolatedError(self._capabilities.missing)
        descriptors.allow_many()
        self._gpus = gpus
        self._jails_made = 0
        self._counting = threading.Lock()
        self._runner_folder = RunnerFolder(work_dir or Path(tempfile.gettempdir()))
        self._work_dir = self._runner_folder.path
        self._pool: JobStarter = (
            ColdPool(environments)
            if backend is Backend.BWRAP
            else ZygotePool(
                environments, self._work_dir, gpus.library_path() if gpus else ""
            )
        )
        on_gpu = gpus.policy.spares if gpus else 0
        self._spares = Spares(self._prepare, spares, on_gpu=on_gpu)
        self._housekeeper = Housekeeper(self._pool, self._spares, idle_seconds)

    def _prepare(self, environment: str, shape: Shape) -> PreparedJob:
        prepared = PreparedJob(
            level=self.level(),
            shape=shape,
            hierarchy=self._capabilities.hierarchy,
            work_dir=self._work_dir,
        )
        try:
            prepared.start(self._pool, environment)
        except BaseException:
            prepared.dispose()
            raise
        with self._counting:
            self._jails_made += 1
        return prepared

    def run(
        self,
        spec: JobSpec,
        *,
        on_event: Callable[[Event], None] = _ignore,
        should_stop: Callable[[], bool] = _never,
    ) -> JobResult:
        """Run the job to its end, and remove all its processes and files.

        A student's fault is a verdict, never an exception. The verdict PLATFORM is our
        fault. `on_event` is called in this thread, at least once a second while the
        job runs. `should_stop` is called at least twice a second; True cancels the job.
        """
        job = Job(spec, self._spares, self._gpus, on_event, should_stop)
        with self._housekeeper.using(spec.environment):
            return job.run()

    def level(self) -> str:
        """Return the isolation level, L0 to L3, as docs/sandbox.md defines it."""
        return self._capabilities.level

    def serves(self, device: Device) -> bool:
        """Return whether jobs for such a device can be run now."""
        if device is Device.CPU:
            return True
        return self._gpus is not None and bool(self._gpus.in_service())

    def usage(self) -> RunnerUsage:
        """Return what the runner has in use now."""
        return RunnerUsage(
            spares=self._spares.ready(),
            jails_made=self._jails_made,
            gpus=self._gpus.usage_by_device() if self._gpus is not None else (),
        )

    def warm_up(self, environment: str = "default") -> None:
        """Start a zygote for the environment, so that the next job starts at once."""
        with self._housekeeper.using(environment):
            self._pool.warm_up(environment)

    def close(self) -> None:
        """End every process of this runner and remove its files."""
        self._housekeeper.close()
        self._spares.close()
        self._pool.close()
        if self._gpus is not None:
            self._gpus.close()
        self._runner_folder.close()
