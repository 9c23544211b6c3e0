"""The check whether a zygote may fork. If in doubt, it asks to be replaced."""

from collections.abc import Callable

from runner.inside.student import cuda
from runner.system import linux


def thread_count() -> int:
    """Return how many threads this process has, by the kernel's count."""
    return int(linux.own_status()["Threads"])


def why_not_to_fork(is_untouched: Callable[[], bool] = cuda.is_untouched) -> str:
    """Return the reason why this process must not fork a job, or "" if it may."""
    if thread_count() != 1:
        # A lock that another thread holds would stay locked in the child for ever.
        return "more than one thread"
    if not is_untouched():
        # A child could not use the device.
        return "CUDA is in use"
    return ""
