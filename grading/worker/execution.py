"""A worker's part: claim a run, have the runner execute it, and record how it ended.

Whatever fails here is our fault, never the student's. Such a fault ends the try and
costs no attempt. If the database is away, the worker waits for it, so that no result is
lost.
"""

import threading
import time
from collections.abc import Callable, Collection
from functools import partial
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar

import structlog
from celery import current_app
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, connections

from grading.models import GradingRun
from grading.services import (
    Claim,
    claim_next,
    fail_try,
    finish_run,
    heartbeat,
    put_run_back,
    release_run,
)
from grading.worker.claim_guard import breaker, process_name, store_alert
from grading.worker.job_spec import build_job
from grading.worker.progress import Progress
from grading.worker.try_record import record_try
from grading.worker.worker_numbers import SLOTS
from runner.gpu.nvidia import find_adapter
from runner.gpu.pool import GpuPool
from runner.host.runner import Backend, NotIsolatedError, Runner
from runner.protocol.jobs import Device, Event, JobResult, JobSpec
from runner.protocol.jobs import Verdict as RunnerVerdict
from storage.blobs import (
    BlobMissingError,
    BlobStoreFullError,
    StoreUnreachableError,
    blob_store_answers,
)

log = structlog.get_logger(__name__)

T = TypeVar("T")

# How long a worker waits for its database before it gives up a result, and the shortest
# and longest pause between two tries.
PATIENCE_SECONDS: Final = 300.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
# How long a job may take to send its first event: torch loads slowly from a cold disk.
START_SECONDS: Final = 300.0
_SHORTEST_BEAT: Final = 0.25
# More frequent writes than this would not help a page that shows progress.
_BEAT_SECONDS: Final = 1.0
_DATABASE_AWAY: Final = (OperationalError, InterfaceError)
_STORE_AWAY: Final = (StoreUnreachableError, BlobStoreFullError, OSError)

_stopping = threading.Event()
_runner_lock = threading.Lock()
_runner: Runner | None = None


class JobRunner(Protocol):
    """The part of runner.host.runner.Runner that is needed here."""

    def run(
        self,
        spec: JobSpec,
        *,
        on_event: Callable[[Event], None] = ...,
        should_stop: Callable[[], bool] = ...,
    ) -> JobResult: ...


def worker_name() -> str:
    """Return the name under which this thread claims runs: host, process and thread."""
    return f"{process_name()}:{threading.current_thread().name}"


def worker_queues() -> tuple[str, ...]:
    """Return the queues that this Celery worker was started for."""
    return tuple(current_app.amqp.queues.consume_from)


def served_queues() -> tuple[str, ...]:
    """Return those of this worker's queues whose runs its runner can run now.

    Otherwise a host whose GPUs have all failed would use up the tries of every run.
    """
    return tuple(
        queue
        for queue in worker_queues()
        if shared_runner().serves(Device.CUDA if queue == "gpu" else Device.CPU)
    )


def execute_next(*, worker: str, queues: Collection[str], runner: JobRunner) -> bool:
    """Execute the first queued run to its end; return False if none is taken.

    It is safe to call from several threads and processes at once.
    """
    drop_broken_connections()
    try:
        with breaker.attempt() as may_claim:
            claim = claim_next(worker=worker, queues=queues) if may_claim else None
            if claim is None:
                return False
            with structlog.contextvars.bound_contextvars(
                run=str(claim.run_id), request=claim.request
            ):
                with SLOTS.one():
                    _execute(claim, runner)
                record_try(claim)
    finally:
        drop_broken_connections()
    return True


def _execute(claim: Claim, runner: JobRunner) -> None:
    try:
        with LeaseKeeper(claim) as pulse:
            spec = _build(claim)
            if spec is None:
                return
            result = runner.run(
                spec, on_event=pulse.take_event, should_stop=pulse.should_stop
            )
    except Exception:  # the edge of the process: the run must not hang
        log.exception("runner_raised")
        _end_faulty_try(claim, "runner_failed")
        return
    if pulse.is_lost:
        log.warning("run_lost", token=claim.token, worker=claim.worker)
    elif result.verdict == RunnerVerdict.CANCELLED and pulse.was_given_back:
        retry_while_database_is_away(
            lambda: release_run(claim=claim, gives_way=pulse.gives_way)
        )
    else:
        _record(claim, result)


def _build(claim: Claim) -> JobSpec | None:
    """Return the run's job, or end the try and return None if it cannot be built."""
    run: GradingRun | None = None
    code = "job_unbuildable"
    try:
        run = retry_while_database_is_away(lambda: _claimed_run(claim))
        return retry_while_database_is_away(partial(build_job, run))
    except StoreUnreachableError:
        _put_back(claim, "store_away")
        return None
    except BlobMissingError:
        log.exception("file_missing")
        code = "file_missing"
    except Exception:  # the edge of the process: the run must not hang
        log.exception("job_unbuildable")
    # Many runs of one broken revision are one fault, and not one of this worker.
    breaker.failed(run.revision_id if run else claim.run_id, code)
    retry_while_database_is_away(lambda: fail_try(claim=claim, code=code))
    return None


def _claimed_run(claim: Claim) -> GradingRun:
    return GradingRun.objects.select_related(
        "revision", "submission", "self_check"
    ).get(pk=claim.run_id)


def _record(claim: Claim, result: JobResult) -> None:
    if result.verdict == RunnerVerdict.PLATFORM:
        _end_faulty_try(claim, result.code, dict(result.detail))
        return
    try:
        if _finish(claim, result) and result.verdict != RunnerVerdict.CANCELLED:
            breaker.succeeded()
    except _DATABASE_AWAY:
        log.exception("result_lost")
        raise
    except _STORE_AWAY as error:
        log.warning("result_not_stored", error=type(error).__name__)
        _put_back(claim, "store_away")
    except Exception:  # the edge of the process: the run must not hang
        log.exception("result_not_stored")
        _end_faulty_try(claim, "result_not_stored")


def _finish(claim: Claim, result: JobResult) -> bool:
    """Record the result, and return whether this worker still held the run.

    While the store is away, try again for half a lease. Then raise its error.
    """
    give_up_at = time.monotonic() + settings.LEASE_SECONDS / 2
    while True:
        try:
            return retry_while_database_is_away(
                lambda: finish_run(claim=claim, result=result)
            )
        except _STORE_AWAY:
            if time.monotonic() + _LONGEST_PAUSE > give_up_at:
                raise
        time.sleep(_LONGEST_PAUSE)


def _end_faulty_try(
    claim: Claim, code: str, detail: dict[str, Any] | None = None
) -> None:
    """End a try that failed by a fault of ours. It counts if the store is there."""
    if not blob_store_answers():
        _put_back(claim, "store_away")
        return
    breaker.failed(claim.run_id, code)
    retry_while_database_is_away(
        lambda: fail_try(claim=claim, code=code, detail=detail)
    )


def _put_back(claim: Claim, code: str) -> None:
    """Put the run back to wait, and tell staff at most once a minute."""
    if store_alert.is_due():
        log.error(code, worker=claim.worker)
    breaker.failed(claim.run_id, code)
    retry_while_database_is_away(lambda: put_run_back(claim=claim, code=code))


def retry_while_database_is_away(action: Callable[[], T]) -> T:
    """Return what the action returns, and try again while the database is away.

    The action must be safe to repeat after a write whose answer was lost.
    """
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    pause = _FIRST_PAUSE
    while True:
        try:
            return action()
        except _DATABASE_AWAY as error:
            if time.monotonic() + pause > give_up_at:
                raise
            log.warning("database_away", error=type(error).__name__)
        time.sleep(pause)
        drop_broken_connections()
        pause = min(pause * 2, _LONGEST_PAUSE)


def drop_broken_connections() -> None:
    """Close this thread's connections that are broken or too old to trust.

    A connection inside a transaction is left to the code that opened the transaction.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


class LeaseKeeper:
    """Keeps the lease of a run alive while its job runs, and stores its progress.

    The runner's events drive it. One comes every second, also while the notebook is
    stuck, so a runner that hangs loses its lease. Before the first event, while large
    files are checked and an environment is loaded, a thread sends the heartbeats
    instead.
    """

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._is_under_way = threading.Event()
        self._starter = threading.Thread(
            target=self._beat_at_start, name="start-of-run", daemon=True
        )
        self._progress = Progress()
        self._beat_at = time.monotonic()
        self._stop_wished = False
        self.is_lost = False
        self.gives_way = False
        self.was_given_back = False

    def __enter__(self) -> Self:
        self._starter.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_under_way.set()
        self._starter.join()

    def _beat_at_start(self) -> None:
        give_up_at = time.monotonic() + START_SECONDS
        pause = max(settings.HEARTBEAT_SECONDS, _SHORTEST_BEAT)
        while not self._is_under_way.wait(pause) and time.monotonic() < give_up_at:
            self._beat()
        connections.close_all()

    def take_event(self, event: Event) -> None:
        """Add the event to the progress, and send a heartbeat if one is due."""
        self._is_under_way.set()
        self._progress = self._progress.after(event)
        now = time.monotonic()
        if now - self._beat_at >= min(_BEAT_SECONDS, settings.HEARTBEAT_SECONDS):
            self._beat_at = now
            self._beat()

    def _beat(self) -> None:
        try:
            answer = heartbeat(claim=self._claim, progress=self._progress)
        except _DATABASE_AWAY as error:
            # The job goes on meanwhile; the next heartbeat follows in a second.
            log.warning("heartbeat_missed", error=type(error).__name__)
            drop_broken_connections()
            return
        self.is_lost = not answer.held
        self._stop_wished = answer.cancel_requested
        # With a free slot, another thread of this worker takes the hand-in.
        is_full = SLOTS.used >= settings.WORKER_SLOTS
        self.gives_way = self.gives_way or (answer.gives_way and is_full)

    def should_stop(self) -> bool:
        """Return whether to stop the job: its run is lost, cancelled or given back."""
        if self.is_lost or self._stop_wished:
            return True
        self.was_given_back = self.gives_way or _stopping.is_set()
        return self.was_given_back


def give_back_runs() -> None:
    """Make this process stop its jobs and give their runs back, from now on."""
    _stopping.set()


def shared_runner() -> Runner:
    """Return this process's one runner, made at the first call.

    Raises ImproperlyConfigured if the host isolates less than RUNNER_MIN_LEVEL.
    """
    global _runner  # noqa: PLW0603  one per process, as its zygotes are
    with _runner_lock:
        if _runner is None:
            runner = _make_runner()
            if int(runner.level().removeprefix("L")) < settings.RUNNER_MIN_LEVEL:
                runner.close()
                raise ImproperlyConfigured(
                    f"This host isolates jobs at {runner.level()}, but "
                    f"RUNNER_MIN_LEVEL asks for {settings.RUNNER_MIN_LEVEL}."
                )
            _runner = runner
        return _runner


def _make_runner() -> Runner:
    try:
        return Runner(
            settings.RUNNER_ENVIRONMENTS,
            backend=Backend(settings.RUNNER_BACKEND),
            spares=settings.WORKER_SLOTS,
            idle_seconds=settings.RUNNER_IDLE_SECONDS,
            gpus=_gpu_pool() if "gpu" in worker_queues() else None,
        )
    except NotIsolatedError as error:
        raise ImproperlyConfigured(
            f"This host cannot isolate jobs: {error}. Run manage.py doctor: it says "
            "what would help. If all notebooks are your own, RUNNER_BACKEND=bare and "
            "RUNNER_MIN_LEVEL=0 run them without a jail."
        ) from error


def _gpu_pool() -> GpuPool:
    """Return this host's GPUs that no other of its workers uses."""
    return GpuPool(find_adapter(), settings.VAR_DIR / "gpus")


def close_shared_runner() -> None:
    """End the runner's processes, if there are any. Called when the worker stops."""
    global _runner
    with _runner_lock:
        runner, _runner = _runner, None
    if runner is not None:
        runner.close()
