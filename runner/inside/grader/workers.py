"""A test's own worker processes: how they are started, and the pickles they exchange.

Workers are forked, so that the guards of this process guard them too. A pickle that one
of them sends to another is sealed with a key that is made for this grader and never
leaves it. So nothing handed in or answered can be taken for such a pickle.
"""

import hashlib
import hmac
import io
import os
import secrets
import sys
import types
from collections.abc import Callable
from concurrent.futures import process as futures_process
from multiprocessing import context, pool, queues
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any, Final

import torch.multiprocessing.pool as torch_pool
import torch.multiprocessing.queue as torch_queue
import torch.utils.data._utils.worker as torch_worker
from torch.multiprocessing.spawn import _wrap as torch_spawned

from runner.inside.grader import refusals
from runner.inside.grader.handle_parts import is_handle
from runner.inside.grader.observations import NotDataError
from runner.wire.endpoint import Endpoint

_DO_HERE: Final = (
    "in the test's own process (DataLoader(..., num_workers=0), a loop in place of a "
    "pool), in a pool of threads, or in a multiprocessing.Process"
)
_NO_OBJECTS: Final = (
    "an object or function of the notebook cannot be sent to a worker process, or from "
    f"one: use it {_DO_HERE}"
)
_NO_QUESTIONS: Final = f"a worker process cannot use the notebook: use it {_DO_HERE}"
_NOT_STARTED: Final = (
    "workers of this kind would start without the rules for tests: use n_jobs=1, or "
    "concurrent.futures.ProcessPoolExecutor"
)
_SEAL: Final = 32
# The functions that a pool or a loader runs in each of its processes.
_WORKERS: Final = (
    torch_worker._worker_loop,  # noqa: SLF001 - it has no other name
    futures_process._process_worker,  # noqa: SLF001 - same
    torch_spawned,
    pool.worker,  # type: ignore[attr-defined]  # same
    torch_pool.clean_worker,
)
_JOBLIB: Final = ("_multiprocessing_helpers", "_parallel_backends", "parallel")


# The global names of the running tests. One question's tests run at a time.
_names: dict[str, Any] = {}


def set_picklable_names(names: dict[str, Any]) -> None:
    """Let functions and classes with these names be pickled by name for workers."""
    global _names  # noqa: PLW0603 - what unpickles them is called with a name alone
    _names = names


class Seals:
    """Seals for pickles of this process and of those that are forked from it."""

    def __init__(self) -> None:
        # Not made at import: the student's process is forked from the same zygote.
        self._key = secrets.token_bytes(_SEAL)

    def seal(self, pickled: io.BytesIO) -> None:
        """Append a seal to the pickle."""
        with pickled.getbuffer() as view:
            digest = self._digest(view)
        pickled.write(digest)

    def content(self, data: object) -> memoryview | None:
        """Return the pickle without its seal, or None if it has no valid one."""
        if type(data) not in (bytes, bytearray, memoryview):
            return None
        view = memoryview(data).cast("B")  # type: ignore[arg-type]  # one of these
        pickled, seal = view[:-_SEAL], view[-_SEAL:]
        if not hmac.compare_digest(self._digest(pickled), seal):
            return None
        return pickled

    def _digest(self, view: memoryview) -> bytes:
        return hashlib.blake2b(view, digest_size=_SEAL, key=self._key).digest()


def install(seals: Seals, loads: Callable[..., Any]) -> None:
    """Start all workers by a fork, with the guards, and let them exchange pickles.

    `loads` unpickles sealed data, and reads any other as data alone.
    """
    _seal_pickles(seals, loads)
    _fork_all()
    _keep_joblib_here()


# --- Pickles ---------------------------------------------------------------------


def _seal_pickles(seals: Seals, loads: Callable[..., Any]) -> None:
    def dumps(cls: Any, value: Any, protocol: int | None = None) -> memoryview:
        pickled = io.BytesIO()
        cls(pickled, protocol).dump(value)
        seals.seal(pickled)
        return pickled.getbuffer()

    def send(connection: Any, value: Any) -> None:
        connection.send_bytes(ForkingPickler.dumps(value))

    def receive(connection: Any) -> Any:
        return loads(connection.recv_bytes())

    forking: Any = ForkingPickler
    forking.dumps, forking.loads = classmethod(dumps), staticmethod(loads)
    forking.reducer_override = _reduced
    wrapper: Any = torch_queue.ConnectionWrapper
    wrapper.send, wrapper.recv = send, receive
    queue: Any = queues.Queue
    queue._on_queue_feeder_error = _telling(queue._on_queue_feeder_error)  # noqa: SLF001 - it has no other name


def _reduced(_pickler: object, value: object) -> Any:
    if is_handle(value):
        raise refusals.note(NotDataError(_NO_OBJECTS))
    if isinstance(value, types.FunctionType | type):
        name = value.__qualname__
        if dict.get(_names, name) is value:
            return own_named, (name,)
    return NotImplemented


def own_named(name: str) -> Any:
    """Return the object that has this name in the running tests."""
    return dict.__getitem__(_names, name)


def _telling(tell: Callable[..., None]) -> Callable[..., None]:
    """Return a queue's error handler that also sends a refusal to the receiver."""

    def told(queue: Any, error: Exception, value: Any) -> None:
        tell(error, value)
        if isinstance(error, NotDataError) and queue._sem.acquire(block=False):  # noqa: SLF001 - as the queue itself
            # Without this, the receiver would wait for the value for ever.
            with queue._wlock:  # noqa: SLF001 - same
                queue._writer.send_bytes(ForkingPickler.dumps(_Refusal()))  # noqa: SLF001 - same

    return told


class _Refusal:
    """The replacement of a refused value: unpickling it raises the refusal."""

    def __reduce__(self) -> Any:
        return refuse, (_NO_OBJECTS,)


def refuse(words: str) -> None:
    """Raise a refusal with this message."""
    raise refusals.note(NotDataError(words))


# --- Processes -------------------------------------------------------------------


def _fork_all() -> None:
    """Start each worker by a fork, and refuse questions to the notebook from pools.

    Each worker would ask again what an object holds, so an object could contradict
    itself without being noticed.
    """
    run, start = BaseProcess.run, BaseProcess.start

    def running(process: Any) -> None:
        # Compared by identity: the target may be an object of the student's.
        if any(process._target is each for each in _WORKERS):  # noqa: SLF001 - it has no other name
            endpoint: Any = Endpoint
            endpoint.ask = _ask_nothing
        run(process)

    def starting(process: Any) -> None:
        if not isinstance(process, _FORKED):
            raise refusals.not_permitted(_NOT_STARTED)
        start(process)

    base: Any = BaseProcess
    base.run, base.start = running, starting
    for kind in (context.SpawnProcess, context.ForkServerProcess):
        vars_of: Any = kind
        vars_of._Popen = staticmethod(context.ForkProcess._Popen)  # noqa: SLF001 - same


_FORKED: Final = (
    context.Process,
    context.ForkProcess,
    context.SpawnProcess,
    context.ForkServerProcess,
)


def _ask_nothing(*_: object) -> None:
    raise refusals.not_permitted(_NO_QUESTIONS)


def _keep_joblib_here() -> None:
    """Make joblib work in the test's own process, since it does not fork its workers."""
    os.environ["JOBLIB_MULTIPROCESSING"] = "0"
    for name in _JOBLIB:
        module: Any = sys.modules.get(f"joblib.{name}")
        if module is not None:
            module.mp = None
