"""The zygote of a test's runner."""

from runner.host.runner import Runner
from runner.host.zygote_pool import ZygotePool


def zygote_pid(runner: Runner) -> int:
    """Return the number of the process that forks the runner's jobs."""
    assert isinstance(runner._pool, ZygotePool)
    return runner._pool.get("default").process.pid
