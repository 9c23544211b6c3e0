"""A job's processes, made and isolated in advance, which wait to be given their job."""

import contextlib
import fcntl
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from runner.host.job_files import FolderFiles, JailFiles, JobFiles, await_frame
from runner.host.job_starter import JobStarter, StartedJob
from runner.jail import path_rules
from runner.jail.cgroups import Hierarchy, JobGroup
from runner.jail.file_layout import Contents
from runner.protocol.endings import JobEnded, limit
from runner.system import descriptors, linux
from runner.system.processes import kill_user_processes
from runner.system.users import JobUser
from runner.wire.frames import Frame, Peer
from runner.wire.job_order import DESCRIPTORS, Order, Role, Shape

log = logging.getLogger(__name__)

_PIPE_BYTES: Final = 1024**2
_READ: Final = 1024**2
_READY_SECONDS: Final = 30
# The same on a GPU, where CUDA and its libraries are loaded meanwhile.
_GPU_SECONDS: Final = 120
_END_SECONDS: Final = 10
# By then the first process knows how a process ended, even on a busy machine.
_STATUS_SECONDS: Final = 10.0
# The job's first process, and one that is being reaped.
_EXTRA_PROCESSES: Final = 2
# Memory that does not count against a job's limit: the kernel's tables for the job.
SLACK_BYTES: Final = 64 * 1024**2


class Pipe:
    """A captured stream. The host reads it, and the student process may read it too.

    The host opens its end a second time, because a job may change the flags of an end
    that both share.
    """

    def __init__(self) -> None:
        self.shared, self.write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(self.write, True)
        with contextlib.suppress(OSError):
            fcntl.fcntl(self.write, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self.read = os.open(
            f"/proc/self/fd/{self.shared}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        )

    def take(self) -> bytes:
        """Return the bytes that wait, up to a portion."""
        try:
            return os.read(self.read, _READ)
        except BlockingIOError:
            return b""

    def close_shared(self) -> None:
        os.close(self.shared)
        os.close(self.write)


class PreparedJob:
    """One job's processes: the first one, and the student's, which waits to be set up.

    `level` is their isolation level. Whoever takes the processes calls `dispose` at the
    end.
    """

    def __init__(
        self, *, level: str, shape: Shape, hierarchy: Hierarchy | None, work_dir: Path
    ) -> None:
        self.level = level
        self.shape = shape
        self.files: JobFiles
        self.pidfd = -1
        self.group: JobGroup | None = None
        self._hierarchy = hierarchy
        # Whether it was given a job.
        self._has_files = False
        self.is_jailed = level != "L0"
        self.user = JobUser()
        try:
            if self.user.uid is not None and self.user.unclean:
                kill_user_processes(self.user.uid)
            self.files = (
                JailFiles() if self.is_jailed else FolderFiles(work_dir, self.user.uid)
            )
        except BaseException:
            self.user.release()
            raise
        self._peers: list[Peer] = []
        self.pipes: Mapping[str, Pipe] = {}

    def start(self, starter: JobStarter, environment: str) -> None:
        """Start the processes, and wait until the student's one says that it is ready.

        Raises what the starter raises, or JobEnded. Call `dispose` even then.
        """
        pairs = socket.socketpair(), socket.socketpair()
        self.init, self.student = Peer(pairs[0][0]), Peer(pairs[1][0])
        self._peers = [self.init, self.student]
        self.pipes = {"stdout": Pipe(), "stderr": Pipe()}
        out, err = self.pipes.values()
        fds = [pair[1].fileno() for pair in pairs]
        fds += [out.write, err.write, out.shared, err.shared]
        assert len(fds) == len(DESCRIPTORS)  # noqa: S101 - the order of the list above
        try:
            self.job: StartedJob = starter.start_job(
                environment, self._order(), fds, self.init
            )
            self.pidfd = self.job.pidfd
        finally:
            for pair in pairs:
                pair[1].close()
            for pipe in self.pipes.values():
                pipe.close_shared()
        self._join_group()
        self.init.send({"t": "enter"})
        await_frame(self.init, "started", _READY_SECONDS, _nothing)
        linux.protect_from_oom_killer(self.job.pid, self.pidfd)
        self.hello = self._await_hello(self.student)
        self.student_pid = self.student.sender

    def restart_student(self) -> None:
        """Have another student's process made in the same jail, like the first one.

        Call it when the first one has ended. Raises JobEnded.
        """
        ours, theirs = socket.socketpair()
        peer, pipes = Peer(ours), {"stdout": Pipe(), "stderr": Pipe()}
        self._peers.append(peer)
        out, err = pipes.values()
        fds = [theirs.fileno(), out.write, err.write, out.shared, err.shared]
        self.init.send({"t": "student"}, fds)
        theirs.close()
        for pipe in pipes.values():
            pipe.close_shared()
        for pipe in self.pipes.values():
            os.close(pipe.read)
        self.student.close()
        self.student, self.pipes = peer, pipes
        self._await_hello(peer)
        self.student_pid = peer.sender

    def _await_hello(self, student: Peer) -> Frame:
        seconds = _GPU_SECONDS if self.shape.gpu else _READY_SECONDS
        return await_frame(student, "hello", seconds, _nothing)

    def _order(self) -> Order:
        folder = "" if self.is_jailed else str(self._folder().folder.path)
        return Order(
            shape=self.shape,
            uid=self.user.uid,
            folder=folder,
            is_grouped=self._hierarchy is not None,
        )

    def _folder(self) -> FolderFiles:
        assert isinstance(self.files, FolderFiles)  # noqa: S101 - for the type checker
        return self.files

    def _join_group(self) -> None:
        if self._hierarchy is None:
            return
        self.group = self._hierarchy.make_group(
            memory_bytes=self._group_bytes(0),
            processes=self.shape.processes + _EXTRA_PROCESSES,
        )
        self.group.add(self.job.pid)

    def _group_bytes(self, files: int) -> int:
        shape = self.shape
        return shape.memory_bytes + shape.disk_bytes + 2 * files + SLACK_BYTES

    def fill(self, contents: Contents, wait: Callable[[], None]) -> None:
        """Put the job's files in place. Raises FileMissingError or JobEnded.

        `wait` is called now and then meanwhile.
        """
        self._has_files = True
        if self.group is not None:
            copies = 0
            if contents.has_snapshots:
                copies = path_rules.states_bytes(self.shape.disk_bytes)
                copies += self.shape.memory_bytes
            files = sum(contents.sizes)
            self.group.limit_memory(self._group_bytes(files) + copies)
        self.files.fill(contents, self.init, wait)

    def with_memory_limit(self, ending: JobEnded) -> JobEnded:
        """Return the ending, or a memory limit if the job's group ran out of memory.

        Call it before the end of a process is treated as our fault: when a job's group is
        full, the kernel ends processes of the job, not always those that filled it.
        """
        if self.group is not None and self.group.memory_kills() > 0:
            return limit("memory", bytes=self.shape.memory_bytes)
        return ending

    def exit_code(self) -> int | None:
        """Return how the student's or grader's process ended, None if that is unknown.

        A negative number is that of a signal. Waits up to `_STATUS_SECONDS` for it.
        """
        deadline = time.monotonic() + _STATUS_SECONDS
        while self.init.open and time.monotonic() < deadline:
            descriptors.wait([self.init], seconds=_STATUS_SECONDS)
            for frame in self.init.receive():
                if frame.get("t") == "ended":
                    return os.waitstatus_to_exitcode(int(frame["status"]))
        return None

    @property
    def is_alive(self) -> bool:
        """Whether the processes still wait."""
        if not (self.init.open and self.student.open):
            return False
        return not descriptors.wait([self.pidfd], seconds=0)

    def dispose(self, *, clean: bool = False) -> None:
        """End every process of the job and remove its files.

        `clean` says that the first process has ended the others by itself.
        """
        try:
            self._end(clean=clean)
            if not self.is_jailed and not clean and self.user.uid is not None:
                kill_user_processes(self.user.uid)
            for remove in (self._remove_group, self.files.remove):
                try:
                    remove()
                except OSError:
                    log.exception("a job's control group or files were not removed")
        finally:
            self.user.release()

    def _end(self, *, clean: bool) -> None:
        if self.pidfd >= 0:
            if not clean:
                with contextlib.suppress(OSError):
                    signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            if not descriptors.wait([self.pidfd], seconds=_END_SECONDS):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
                descriptors.wait([self.pidfd], seconds=_END_SECONDS)
            os.close(self.pidfd)
            self.pidfd = -1
        for peer in self._peers:
            peer.close()
        for pipe in self.pipes.values():
            os.close(pipe.read)
        self._peers, self.pipes = [], {}

    def _remove_group(self) -> None:
        if self.group is None:
            return
        if self._has_files and self.shape.role is Role.STUDENT:
            # SECURITY: the kernel remembers each name that a notebook has looked for and
            # not found. It would keep them for the machine, of any number, and a later
            # job could find out which ones.
            self.group.free_memory()
        self.group.remove()


def _nothing() -> None:
    """Do nothing: no caller needs to be told yet."""
