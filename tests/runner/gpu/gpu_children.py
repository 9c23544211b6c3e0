"""Processes that compute, forked from one that has imported torch, as jobs are.

They import nothing from Django, so the tests that use them run on a bare machine too.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from runner.gpu.cuda_order import CudaOrder
from runner.system import descriptors
from runner.system.environment import literal_environment
from runner.wire.frames import Channel

_ROOT: Final = Path(__file__).resolve().parents[3]
_SECONDS: Final = 60
_FORKER: Final = """
import contextlib, os, signal, socket, sys
import torch
from runner.system import linux
from runner.wire.frames import Channel, ChannelClosedError
from runner.gpu.cuda_order import CudaOrder
from runner.inside.student import cuda

def compute(host, frame, untouched):
    torch.set_num_threads(1)
    device, report = "cpu", {}
    if frame["order"]:
        device, order = "cuda", CudaOrder.from_frame(frame["order"])
        report = cuda.start_for_job(order).to_frame()
    else:
        torch.manual_seed(frame["seed"])
    host.send({"pid": os.getpid(), "untouched": untouched, "report": report})
    host.receive()
    exec(frame["code"], {"host": host, "torch": torch, "device": device})

linux.die_with_parent()
control = Channel(socket.socket(fileno=int(sys.argv[1])))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with contextlib.suppress(ChannelClosedError):
    while True:
        frame, (fd,) = control.receive()
        untouched = cuda.is_untouched()
        if os.fork() == 0:
            linux.die_with_parent()
            control.sock.close()
            host = Channel(socket.socket(fileno=fd))
            try:
                compute(host, frame, untouched)
            except BaseException as error:
                host.send({"ename": type(error).__name__, "words": str(error)[:200]})
            with contextlib.suppress(ChannelClosedError):
                host.receive()
            os._exit(0)
        os.close(fd)
"""


class Child:
    """One computing process, until `kill`. `hello` is its first message."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(_SECONDS)
        self._channel = Channel(sock)
        self.hello = self.hear()
        assert "pid" in self.hello, self.hello
        self.pid = int(self.hello["pid"])
        self._pidfd = os.pidfd_open(self.pid)
        self.go_on()

    def hear(self) -> dict[str, Any]:
        """Return its next message."""
        frame, _ = self._channel.receive()
        return frame

    def go_on(self) -> None:
        """Let it continue from where it waits, in `host.receive()`."""
        self._channel.send({})

    def kill(self) -> None:
        """End the process and wait until it is gone."""
        if self._pidfd < 0:
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        ended = descriptors.wait([self._pidfd], seconds=_SECONDS)
        assert ended, "the process does not die"
        os.close(self._pidfd)
        self._pidfd = -1
        self._channel.sock.close()


class Forker:
    """A process that has imported torch and computed nothing."""

    def __init__(self, scratch: Path) -> None:
        ours, theirs = socket.socketpair()
        driver = os.environ.get("LD_LIBRARY_PATH", "")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _FORKER, str(theirs.fileno())],
            env={
                **literal_environment(str(scratch)),
                "PYTHONPATH": str(_ROOT),
                "LD_LIBRARY_PATH": driver,
            },
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._control = Channel(ours)

    def start(
        self, code: str, *, order: CudaOrder | None = None, seed: int = 0
    ) -> Child:
        """Return a child that runs the code, on the order's device or without one."""
        ours, theirs = socket.socketpair()
        frame = {
            "code": code,
            "order": order.to_frame() if order is not None else None,
            "seed": seed,
            "fds": 1,
        }
        self._control.send(frame, [theirs.fileno()])
        theirs.close()
        return Child(ours)

    def close(self) -> None:
        """End the process and its children."""
        self._control.sock.close()
        self._process.kill()
        self._process.wait()
