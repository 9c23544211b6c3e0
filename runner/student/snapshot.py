"""A question's checks, run on a fork of the student process.

The notebook's own process is not touched by what the tests do. At level L0 the tests
still share a process with the student's objects: docs/sandbox.md says what that means.
"""

import contextlib
import inspect
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from runner import linux, marks
from runner.frames import Channel, ChannelClosedError, Frame, FrameError
from runner.student.channel import StudentChannel
from runner.student.shell import StudentShell

_FOLDERS: Final = ("files", "private")
_CHUNK: Final = 1024**2


def fork(shell: StudentShell, channel: StudentChannel, fd: int) -> None:
    """A copy of this process answers the host's question on the socket `fd`."""
    with contextlib.suppress(OSError):
        pid = os.fork()
        if pid == 0:
            try:
                _answer(shell, channel, Channel(socket.socket(fileno=fd)))
            finally:
                os._exit(0)
        os.close(fd)
        # The host kills a copy that takes too long.
        os.waitpid(pid, 0)
    channel.send({"t": "checked"})


def answer(shell: StudentShell, channel: StudentChannel, fd: int) -> None:
    """This very process answers the host's question: on a GPU it cannot be forked.

    What it writes meanwhile is nobody's, and an interrupt ends the answer.
    """
    with socket.socket(fileno=fd) as sock, _silence():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            _check(shell, Channel(sock))
        except (KeyboardInterrupt, OSError, ChannelClosedError, FrameError):
            pass  # what it has told the host by now counts
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel.send({"t": "checked"})


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """What is written to standard output and error is lost."""
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


def _answer(shell: StudentShell, old: StudentChannel, host: Channel) -> None:
    linux.die_with_parent()
    # Nothing of the same user may look into this process or its private folder.
    linux.set_dumpable(dumpable=False)
    os.setsid()
    old.channel.sock.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    sys.stdout = sys.__stdout__
    sys.stderr = sys.__stderr__
    torch.set_num_threads(1)
    _check(shell, host)


def _check(shell: StudentShell, host: Channel) -> None:
    """Ask for a question's tests, run them, and tell what each found."""
    host.send({"t": "ready"})
    frame, _ = host.receive()
    private = Path(frame["private"]) / secrets.token_hex(16)
    private.mkdir(mode=0o700)
    try:
        for _ in range(int(frame["private_files"])):
            _receive_file(host, private)
        folders = {"files": Path(frame["files"]), "private": private}
        _run_checks(shell.user_ns, frame, folders, host)
    finally:
        shutil.rmtree(private, ignore_errors=True)


def _receive_file(host: Channel, folder: Path) -> None:
    frame, (fd,) = host.receive()
    target = folder / str(frame["name"])
    target.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(fd, "rb") as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, _CHUNK)


def _run_checks(
    names: Mapping[str, Any], frame: Frame, folders: Mapping[str, Path], host: Channel
) -> None:
    space: dict[str, Any] = {"__name__": "checks"}
    try:
        exec(compile(frame["source"], "<checks>", "exec"), space)  # noqa: S102 - the assignment's own tests
        checks = {name: space[name] for name in frame["checks"]}
    except BaseException:  # noqa: BLE001 - a process edge
        return  # no outcome: the host scores every check 0
    for name, check in checks.items():
        score, message = _run_check(check, names, folders)
        host.send({"t": "check", "name": name, "score": score, "message": message})


def _run_check(
    check: Callable[..., object],
    names: Mapping[str, Any],
    folders: Mapping[str, Path],
) -> tuple[float, str]:
    try:
        values = {}
        for name in inspect.signature(check).parameters:
            if name not in _FOLDERS and name not in names:
                return 0.0, marks.not_defined(name)
            values[name] = folders[name] if name in _FOLDERS else names[name]
        return marks.from_value(_plain(check(**values)))
    except KeyboardInterrupt as error:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            raise  # the host's: out of time
        return 0.0, marks.raised(error)
    except BaseException as error:  # noqa: BLE001 - a process edge
        return 0.0, marks.raised(error)


def _plain(value: object) -> object:
    """Return the number or truth value that a numpy or torch scalar stands for."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in {np.ndarray, torch.Tensor} and getattr(value, "ndim", 1) == 0:
        return value.item()  # type: ignore[attr-defined]  # an array or a tensor
    return value
