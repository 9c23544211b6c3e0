"""Pools in a snapshot: the threads and processes that the notebook started are not there."""

import concurrent.futures.thread
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from multiprocessing import util
from typing import Any, Final

# What `__init__` of a pool takes, and the attribute in which the pool keeps it.
_OF_EXECUTOR: Final = {
    "max_workers": "_max_workers",
    "mp_context": "_mp_context",
    "initializer": "_initializer",
    "initargs": "_initargs",
    "max_tasks_per_child": "_max_tasks_per_child",
}
_OF_POOL: Final = {
    "processes": "_processes",
    "initializer": "_initializer",
    "initargs": "_initargs",
    "maxtasksperchild": "_maxtasksperchild",
    "context": "_ctx",
}


def start_anew() -> None:
    """Let each pool and queue of the notebook's start threads and processes when it is used.

    Call it once in each snapshot.
    """
    usual: Any = concurrent.futures.thread.ThreadPoolExecutor
    _before(usual, "submit", _revive_threads)
    executors: Any = sys.modules.get("concurrent.futures.process")
    if executors is not None:
        _before(executors.ProcessPoolExecutor, "submit", _revive_executor)
    pools: Any = sys.modules.get("multiprocessing.pool")
    if pools is not None:
        # Also a pool of threads is of this class. All its methods check this first.
        _before(pools.Pool, "_check_running", _revive_pool)
    queues: Any = sys.modules.get("multiprocessing.queues")
    if queues is not None:
        _revive_queues(queues.Queue)
    loky: Any = sys.modules.get("joblib.externals.loky.reusable_executor")
    if loky is not None:
        loky._executor = None  # noqa: SLF001 - joblib has no other way


def _before(kind: Any, name: str, revive: Callable[[Any], None]) -> None:
    usual = getattr(kind, name)

    def method(pool: Any, *arguments: Any, **named: Any) -> Any:
        revive(pool)
        return usual(pool, *arguments, **named)

    setattr(kind, name, method)


def _revive_threads(pool: Any) -> None:
    threads = pool._threads  # noqa: SLF001 - Python has no other way, here and below
    if not threads or any(one.is_alive() for one in threads):
        return
    waiting, pool._work_queue = pool._work_queue, queue.SimpleQueue()  # noqa: SLF001
    while not waiting.empty():
        pool._work_queue.put(waiting.get_nowait())  # noqa: SLF001
    pool._shutdown_lock = threading.Lock()  # noqa: SLF001
    pool._idle_semaphore = threading.Semaphore(0)  # noqa: SLF001
    threads.clear()


def _revive_executor(pool: Any) -> None:
    thread = pool._executor_manager_thread  # noqa: SLF001
    is_open = not (pool._broken or pool._shutdown_thread)  # noqa: SLF001
    if thread is not None and not thread.is_alive() and is_open:
        kind: Any = sys.modules["concurrent.futures.process"]
        kind.ProcessPoolExecutor.__init__(pool, **_given(pool, _OF_EXECUTOR))


def _revive_pool(pool: Any) -> None:
    module: Any = sys.modules["multiprocessing.pool"]
    is_open = pool._state == module.RUN  # noqa: SLF001
    if is_open and not pool._worker_handler.is_alive():  # noqa: SLF001
        module.Pool.__init__(pool, **_given(pool, _OF_POOL))


def _given(pool: Any, attributes: Mapping[str, str]) -> dict[str, Any]:
    """Return what the pool was made with."""
    return {key: getattr(pool, name) for key, name in attributes.items()}


def _revive_queues(kind: type) -> None:
    """Let queues between processes start anew the threads that write to them."""
    for one in list(util._afterfork_registry.values()):  # type: ignore[attr-defined]  # noqa: SLF001
        if isinstance(one, kind):
            revived: Any = one
            revived._reset(after_fork=True)  # noqa: SLF001
