"""The check whether a zygote may fork. If in doubt, it asks to be replaced."""

from collections.abc import Callable

from runner.inside.student import cuda
from runner.system import linux, shared_mappings


def thread_count() -> int:
    """Return how many threads this process has, by the kernel's count."""
    return int(linux.own_status()["Threads"])


def why_not_to_serve() -> str:
    """Return the reason why no job may ever be forked from this process, or "".

    SECURITY: what one job writes to memory that all of them have inherited, every other
    job reads, also one that runs at the same time.
    """
    shares = shared_mappings.writable_shares()
    if not shares:
        return ""
    names = ", ".join(sorted({name or "without a name" for name in shares}))
    return f"an imported module has made memory that all jobs would share: {names}"


def why_not_to_fork(is_untouched: Callable[[], bool] = cuda.is_untouched) -> str:
    """Return the reason why this process must not fork a job, or "" if it may."""
    if thread_count() != 1:
        # A lock that another thread holds would stay locked in the child for ever.
        return "more than one thread"
    if not is_untouched():
        # A child could not use the device.
        return "CUDA is in use"
    if shared_mappings.can_write_shared():
        return "memory that jobs would share"
    return ""
