"""The host's side of zygotes: it starts them, gives them jobs, and replaces them."""

import contextlib
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final

from runner.host.job_starter import (
    EnvironmentMissingError,
    StartedJob,
    ZygoteLostError,
)
from runner.system.environment import FOLDERS, literal_environment
from runner.wire.frames import Channel, ChannelClosedError, Frame, FrameError, Peer
from runner.wire.job_order import Order

log = logging.getLogger(__name__)

MAX_JOBS: Final = 1000
# How many jobs before a zygote's last one its successor is started.
_AHEAD: Final = 50
_NOT_STARTED: Final = "its interpreter did not start, and printed no reason"
_START_SECONDS: Final = 180
_ANSWER_SECONDS: Final = 30
_TRIES: Final = 3
_ROOT: Final = Path(__file__).resolve().parent.parent.parent
# SECURITY: every job can read the zygote's arguments and first environment. They say
# nothing by which it could know a worker again, so the rest is read from standard input.
_LAUNCHER: Final = """
import json, os, sys
given = json.loads(os.read(0, 65536))
sys.argv[:] = [""]
sys.path.insert(0, given["root"])
from runner.inside.zygote.launch import launch
launch(**globals().pop("given"))
"""


class Zygote:
    """One zygote. Jobs are started one at a time, and run side by side."""

    def __init__(
        self,
        interpreter: str,
        work_dir: Path,
        spawner: ThreadPoolExecutor,
        libraries: str = "",
    ) -> None:
        self.lock = threading.Lock()
        self.jobs = 0
        self._libraries = libraries
        self.scratch = tempfile.mkdtemp(prefix="zygote-", dir=work_dir)
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        ours, theirs = socket.socketpair()
        try:
            # The kernel ends a zygote when the thread that started it ends.
            self.process = spawner.submit(
                self._spawn, interpreter, theirs.fileno(), work_dir
            ).result()
        except OSError as error:
            ours.close()
            self._errors.close()
            raise EnvironmentMissingError(f"{interpreter}: {error.strerror}") from error
        finally:
            theirs.close()
        self._channel = Channel(ours)
        self.versions = self._greet()

    def _spawn(
        self, interpreter: str, control: int, work_dir: Path
    ) -> subprocess.Popen[bytes]:
        environment = literal_environment(self.scratch, libraries=self._libraries)
        given = {
            "root": str(_ROOT),
            "control": control,
            "parent": os.getpid(),
            "work_dir": str(work_dir),
            "folders": {name: environment.pop(name) for name in FOLDERS},
        }
        with tempfile.TemporaryFile() as file:
            file.write(json.dumps(given).encode())
            file.seek(0)
            return subprocess.Popen(  # noqa: S603 - an interpreter that staff configured
                [interpreter, "-c", _LAUNCHER],
                env=environment,
                pass_fds=[control],
                cwd="/",
                stdin=file,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                start_new_session=True,
            )

    def _greet(self) -> Mapping[str, str]:
        try:
            frame, _ = self._ask(_START_SECONDS)
        except ZygoteLostError as error:
            self.close()
            raise EnvironmentMissingError(self._last_words()) from error
        if frame.get("t") != "ready":
            self.close()
            raise EnvironmentMissingError(str(frame.get("reason")))
        return dict(frame["versions"])

    def _last_words(self) -> str:
        if self._errors.closed:
            return _NOT_STARTED
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else _NOT_STARTED

    def _ask(self, seconds: float) -> tuple[Frame, list[int]]:
        self._channel.sock.settimeout(seconds)
        try:
            return self._channel.receive()
        except (OSError, ChannelClosedError, FrameError) as error:
            raise ZygoteLostError from error

    def start_job(self, order: Order, fds: Sequence[int]) -> StartedJob:
        """Start the job's first process.

        Raises ZygoteLostError, or OSError if the process cannot be started.
        """
        with self.lock:
            try:
                self._channel.sock.settimeout(_ANSWER_SECONDS)
                self._channel.send({**order.to_frame(), "fds": len(fds)}, fds)
            except OSError as error:
                raise ZygoteLostError from error
            frame, received = self._ask(_ANSWER_SECONDS)
            if frame.get("t") == "refused":
                raise OSError(str(frame["reason"]))
            if frame.get("t") != "started" or len(received) != 1:
                raise ZygoteLostError(str(frame.get("reason")))
            self.jobs += 1
        return StartedJob(
            pid=int(frame["pid"]), pidfd=received[0], versions=self.versions
        )

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def retire(self) -> None:
        """Take no more jobs: the zygote ends when its last job has ended.

        Waits for a job that is being started.
        """
        with self.lock:
            self._channel.sock.close()

    def close(self, seconds: float = 5) -> None:
        """End the zygote and its jobs. It is killed after so many seconds."""
        self.retire()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._clean()

    def _clean(self) -> None:
        self._errors.close()
        with contextlib.suppress(OSError):
            shutil.rmtree(self.scratch)


class ZygotePool:
    """The zygotes of one Runner: one for each environment, and those that are ending."""

    def __init__(
        self, environments: Mapping[str, str], work_dir: Path, libraries: str = ""
    ) -> None:
        self._libraries = libraries
        self._interpreters = environments
        self._work_dir = work_dir
        self._zygotes: dict[str, Zygote] = {}
        self._retired: list[Zygote] = []
        self._lock = threading.Lock()
        # Starting takes seconds, and other environments must not wait meanwhile.
        self._starting = {name: threading.Lock() for name in environments}
        self._closed = False
        self._spawner = ThreadPoolExecutor(1, thread_name_prefix="zygotes")
        self._successors: dict[str, Future[Zygote]] = {}
        self._makers = ThreadPoolExecutor(1, thread_name_prefix="successors")

    def get(self, environment: str) -> Zygote:
        """Return a living zygote. Raises EnvironmentMissingError if there can be none."""
        if environment not in self._interpreters:
            raise EnvironmentMissingError(
                f"the environment {environment} is not configured"
            )
        with self._starting[environment]:
            zygote = self._usable(environment)
            if zygote is None:
                zygote = self._make(environment)
                self._keep(environment, zygote)
            self._prepare_successor(environment, zygote)
            return zygote

    def _make(self, environment: str) -> Zygote:
        """Return the successor that is being started, or a new zygote."""
        with self._lock:
            coming = self._successors.pop(environment, None)
        if coming is not None:
            with contextlib.suppress(EnvironmentMissingError):
                successor = coming.result()
                if successor.is_alive:
                    return successor
                successor.close()
        return self._start(environment)

    def _start(self, environment: str) -> Zygote:
        interpreter = self._interpreters[environment] or sys.executable
        return Zygote(interpreter, self._work_dir, self._spawner, self._libraries)

    def _prepare_successor(self, environment: str, zygote: Zygote) -> None:
        """Start a successor if the zygote is nearly used up, so that no job waits."""
        with self._lock:
            is_near = zygote.jobs >= MAX_JOBS - _AHEAD
            if is_near and environment not in self._successors and not self._closed:
                self._successors[environment] = self._makers.submit(
                    self._start, environment
                )

    def _forget_successor(self, environment: str) -> None:
        coming = self._successors.pop(environment, None)
        if coming is not None:
            coming.add_done_callback(_close)

    def _usable(self, environment: str) -> Zygote | None:
        """Return the environment's zygote if it can take a job, else None."""
        with self._lock:
            if self._closed:
                raise EnvironmentMissingError("the runner is closed")
            self._sweep()
            zygote = self._zygotes.get(environment)
            if zygote is None or (zygote.is_alive and zygote.jobs < MAX_JOBS):
                return zygote
            self._drop(environment, zygote)
            return None

    def _keep(self, environment: str, zygote: Zygote) -> None:
        with self._lock:
            if not self._closed:
                self._zygotes[environment] = zygote
                return
        zygote.close()
        raise EnvironmentMissingError("the runner is closed")

    def stop(self, environment: str) -> None:
        """Retire the environment's zygote; the next job starts another."""
        with self._lock:
            self._forget_successor(environment)
            zygote = self._zygotes.get(environment)
            if zygote is not None:
                self._drop(environment, zygote)

    def reap(self) -> None:
        """Reap zygotes that have ended, and remove their folders."""
        with self._lock:
            self._sweep()

    def warm_up(self, environment: str) -> None:
        """Make sure that a zygote is ready. Raises EnvironmentMissingError."""
        self.get(environment)

    def start_job(
        self, environment: str, order: Order, fds: Sequence[int], _init: Peer
    ) -> StartedJob:
        """Have a zygote start the job. Raises ZygoteLostError if no zygote takes it."""
        for _ in range(_TRIES):
            zygote = self.get(environment)
            try:
                return zygote.start_job(order, fds)
            except ZygoteLostError as error:
                log.warning(
                    "zygote %s did not start a job, and is replaced: %s",
                    zygote.process.pid,
                    error,
                )
                with self._lock:
                    if self._zygotes.get(environment) is zygote:
                        self._drop(environment, zygote)
        raise ZygoteLostError("no zygote could start the job")

    def _drop(self, environment: str, zygote: Zygote) -> None:
        del self._zygotes[environment]
        zygote.retire()
        self._retired.append(zygote)

    def _sweep(self) -> None:
        for zygote in [one for one in self._retired if not one.is_alive]:
            zygote.close()
            self._retired.remove(zygote)

    def close(self) -> None:
        """End every zygote."""
        with self._lock:
            self._closed = True
            for zygote in (*self._zygotes.values(), *self._retired):
                zygote.close()
            self._zygotes.clear()
            self._retired.clear()
            for environment in list(self._successors):
                self._forget_successor(environment)
        self._makers.shutdown()
        self._spawner.shutdown()


def _close(coming: Future[Zygote]) -> None:
    """End a successor that is not needed any more."""
    if not coming.cancelled() and coming.exception() is None:
        coming.result().close()
