"""A question's snapshot: the notebook's process, kept as it is at the check cell.

The snapshot waits until all cells have run and no more of their output is taken. It
answers a grader only then, so it cannot pass on what it learns of hidden tests. The
host stops it while it waits. On a GPU, where a process cannot be forked, the notebook's
own process answers at once.
"""

import contextlib
import os
import random
import select
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from runner.inside.student import (
    open_offsets,
    pools,
    psutil_objects,
    reserved_descriptors,
)
from runner.inside.student.channel import StudentChannel
from runner.inside.student.data_loaders import start_workers_anew
from runner.inside.student.notebook_children import NotebookChildren
from runner.inside.student.service import Service
from runner.inside.student.shell import StudentShell
from runner.inside.student.used_time import UsedTime
from runner.jail import kernel
from runner.system import linux
from runner.wire.frames import Channel, ChannelClosedError
from runner.wire.link import Link, LinkClosedError, LinkError


def make(
    shell: StudentShell, channel: StudentChannel, fds: Sequence[int], files: str
) -> None:
    """Make a snapshot, which waits for a grader on the second of the sockets.

    Through the first socket the host learns the snapshot's identity. The snapshot is no
    child of this process, so that a notebook which waits for its children never waits
    for it. If it could not be made, "checked" gives the error number.
    """
    number = 0
    try:
        drawn, kept = random.getstate(), _Kept.note()
        if _fork_sibling():
            random.setstate(drawn)  # Python gives a forked process a new seed
            _become_snapshot(shell, channel, fds, files, kept)
    except OSError as error:
        number = error.errno or 0
    for fd in fds:
        os.close(fd)
    channel.send({"t": "checked", "errno": number})


def _fork_sibling() -> bool:
    """Return true in a snapshot of this process that is no child of it. Raises OSError."""
    if linux.own_status()["Threads"] == "1":
        with contextlib.suppress(OSError):  # the processor may be an unknown one
            return kernel.clone_sibling() == 0
    pid = os.fork()
    if pid:
        number = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if number > 0:
            raise OSError(number, "fork")
        return False
    number = 0
    try:
        if os.fork() == 0:
            return True
    except OSError as error:
        number = error.errno or 0
    os._exit(number)


def _become_snapshot(
    shell: StudentShell,
    channel: StudentChannel,
    fds: Sequence[int],
    files: str,
    kept: "_Kept",
) -> None:
    try:
        os.setsid()
        channel.channel.sock.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)
        torch.set_num_threads(1)
        children = {*kept.children.ended, *kept.children.running}
        # A notebook may have replaced parts of Python that this relies on.
        with contextlib.suppress(Exception):
            kept.children.adopt()
        with contextlib.suppress(Exception):
            psutil_objects.follow(kept.children.parent)
        with contextlib.suppress(Exception):
            kept.used.add(shell.user_ns)
        with contextlib.suppress(Exception):
            pools.start_anew()
        start_workers_anew(children)
        _serve_all(shell, fds, files, kept.place)
    finally:
        os._exit(0)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """The current folder, and the offsets of open files, at one moment.

    All snapshots of a notebook share the offsets, so each sets its own when it begins to
    answer. Only one snapshot is awake at a time, and the notebook has ended by then, so
    nobody else reads or writes the files meanwhile.
    """

    folder: str
    offsets: Mapping[int, int]

    @classmethod
    def note(cls) -> "_Place":
        """Return the place of this process."""
        return cls(folder=_current_folder(), offsets=open_offsets.note())

    def restore(self) -> None:
        """Bring this process back to the place."""
        with contextlib.suppress(OSError):
            os.chdir(self.folder)
        open_offsets.restore(self.offsets)


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """What a forked process does not inherit, as it is in the notebook's process."""

    place: _Place
    children: NotebookChildren
    used: UsedTime

    @classmethod
    def note(cls) -> "_Kept":
        """Return what this process has. Call it before the fork."""
        return cls(
            place=_Place.note(), children=NotebookChildren.look(), used=UsedTime()
        )


def _serve_all(
    shell: StudentShell, fds: Sequence[int], files: str, place: _Place
) -> None:
    """Answer graders, one after the other, until the host is gone.

    If a check is too slow, the host closes the conversation and sends an interrupt.
    After "idle" it knows that the notebook's code no longer runs, and sends the next
    grader's socket. Interrupts have no effect between conversations.
    """
    host = Channel(socket.socket(fileno=fds[0]))
    # The host may stop this process as soon as it has a message.
    host.send({"t": "ready"})
    grader = fds[1]
    with contextlib.suppress(ChannelClosedError):
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                _answer_one(shell, grader, files, place)
            with reserved_descriptors.lifted():
                place = _Place.note()
            host.send({"t": "idle"})
            host.wait()
            with reserved_descriptors.lifted():
                grader = host.receive()[1][0]


def _answer_one(shell: StudentShell, fd: int, files: str, place: _Place) -> None:
    """Answer one grader in the place, when its first question is there.

    Until then the host may restore the working folder. The current folder is then
    another one of the same path, so the process changes to it. Other snapshots may have
    moved the offsets of open files.
    """
    with socket.socket(fileno=fd) as grader:
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            poll = select.poll()
            poll.register(grader, select.POLLIN)
            poll.poll()
            place.restore()
            _listen(shell, grader, files)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def answer(
    shell: StudentShell, channel: StudentChannel, fds: Sequence[int], files: str
) -> None:
    """Answer the grader in this very process: with a GPU it cannot be forked.

    Its output meanwhile is discarded, and an interrupt ends the answer.
    """
    with _silence():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            _serve(shell, fds, files)
        except (KeyboardInterrupt, OSError):
            # The results that the grader has so far count.
            pass
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel.send({"t": "checked"})


def _serve(shell: StudentShell, fds: Sequence[int], files: str) -> None:
    """Tell the host which process answers, then answer until the grader is gone."""
    host, grader = (socket.socket(fileno=fd) for fd in fds)
    with host, grader:
        Channel(host).send({"t": "ready"})
        _listen(shell, grader, files)


def _listen(shell: StudentShell, grader: socket.socket, files: str) -> None:
    """Answer the grader until it is gone."""
    with reserved_descriptors.lifted():
        service = Service(shell.user_ns, Link(grader), Path(files))
    reserved_descriptors.allow_question()
    with contextlib.suppress(LinkError, LinkClosedError):
        service.listen()


def _current_folder() -> str:
    """Return the path of the current folder, or "" if it has been removed."""
    with contextlib.suppress(OSError):
        return os.getcwd()  # noqa: PTH109 - a text, which may be no path
    return ""


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Discard everything written to standard output and error inside."""
    kept = os.dup(1), os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 1)
        os.dup2(null, 2)
        yield
    finally:
        for number, old in enumerate(kept, start=1):
            os.dup2(old, number)
            os.close(old)
        os.close(null)
