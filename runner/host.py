"""The runner as its callers see it: `Runner.run` takes a JobSpec, gives a JobResult.

This side never imports torch, IPython or matplotlib, and never runs or unpickles
anything of a student's.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from runner.job import LEVEL, Job
from runner.protocol import Event, JobResult, JobSpec
from runner.workplace import Workplace
from runner.zygotes import ZygotePool


def _ignore(_event: Event) -> None:
    """Take no notice."""


def _never() -> bool:
    return False


class Runner:
    """Runs jobs; several threads may call `run` at once.

    `environments` maps names to interpreters, "" being the one that runs now. Make it
    in the process that uses it: it does not survive a fork. `close` it at the end.
    """

    def __init__(
        self, environments: Mapping[str, str], *, work_dir: Path | None = None
    ) -> None:
        self._workplace = Workplace(work_dir or Path(tempfile.gettempdir()))
        self._work_dir = self._workplace.path
        self._pool = ZygotePool(environments, self._work_dir)

    def run(
        self,
        spec: JobSpec,
        *,
        on_event: Callable[[Event], None] = _ignore,
        should_stop: Callable[[], bool] = _never,
    ) -> JobResult:
        """Run the job to its end, and leave no process or file of it.

        A student's fault is a verdict, never an exception; PLATFORM is our fault.
        `on_event` is called in this thread, at least once a second while the job
        runs. `should_stop` is asked at least twice a second; True cancels the job.
        """
        return Job(spec, self._pool, self._work_dir, on_event, should_stop).run()

    def level(self) -> str:
        """Return how strong the isolation is. L0: a user of its own and limits."""
        return LEVEL

    def warm_up(self, environment: str = "default") -> None:
        """A zygote for the environment is ready, so that the next job starts at once."""
        self._pool.get(environment)

    def close(self) -> None:
        """No process or file of this runner is left."""
        self._pool.close()
        self._workplace.close()
