"""The student process: it runs the cells that the host sends, one by one."""

import contextlib
import errno
import json
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from IPython.core.formatters import format_display_data

from runner.gpu.cuda_order import CudaOrder
from runner.inside.student import (
    otter,
    parameters,
    reserved_descriptors,
    snapshot,
    text_bars,
    used_time,
    weights,
)
from runner.inside.student.cell_execution import CellExecution
from runner.inside.student.channel import StudentChannel
from runner.inside.student.shell import OUTPUT, StudentShell, make_shell, text_or_empty
from runner.wire.frames import ChannelClosedError

_NUMPY_SEEDS: Final = 2**32
# With a check come the sockets to the host and to the grader.
_SOCKETS: Final = 2
_shell: StudentShell | None = None


def prepare() -> None:
    """Build the shell and its stand-ins, in the zygote, before any job."""
    global _shell  # noqa: PLW0603 - one shell a process, and forks inherit it
    _shell = make_shell()
    otter.install()
    weights.allow_numpy_types()
    text_bars.install()
    _rehearse_traceback(_shell)
    used_time.note_modules()


def _rehearse_traceback(shell: StudentShell) -> None:
    """Format one traceback, so that its caches are filled before a cell fails."""
    try:
        json.loads("")
    except ValueError as error:
        trace = (type(error), error, error.__traceback__)
        shell.InteractiveTB.structured_traceback(*trace)
        shell.InteractiveTB.tb = None


def serve(fd: int, drains: tuple[int, int], *, gpu: str = "") -> None:
    """Run what the host sends until it closes the channel; compute on `gpu`, if named."""
    shell = _shell or make_shell()
    channel = StudentChannel(fd)
    OUTPUT.connect(channel, drains)
    session = Session(shell, channel)
    session.warm_up()
    channel.send({"t": "hello", "gpu": _start_gpu(gpu) if gpu else None})
    with contextlib.suppress(ChannelClosedError):
        while True:
            frame, fds = channel.receive()
            session.obey(frame, list(fds))
            if not channel.is_mine:
                # A child that the notebook forked has left its cell and reached this loop.
                os._exit(0)
    os._exit(0)


def _start_gpu(name: str) -> dict[str, Any]:
    """Start CUDA on the device, and return its description."""
    from runner.inside.student import cuda  # noqa: PLC0415 - most jobs have no GPU

    return cuda.start(name).to_frame()


def _seed(seed: int) -> None:
    """Seed all generators, and let torch compute with one thread."""
    random.seed(seed)
    np.random.seed(seed % _NUMPY_SEEDS)
    torch.manual_seed(seed)
    torch.set_num_threads(1)


class Session:
    """The run of one notebook in this process."""

    def __init__(self, shell: StudentShell, channel: StudentChannel) -> None:
        self.shell = shell
        self.execution = CellExecution(shell)
        self.channel = channel

    def warm_up(self) -> None:
        """Prepare what every job needs, so that the memory for it is written before a job.

        A fork shares its parent's memory until it writes, and each first write costs time.
        """
        self.shell.use_folder(Path.home())
        self.execution.rehearse()
        show: Callable[[object], object] = format_display_data
        show(None)
        _seed(0)

    def obey(self, frame: Mapping[str, Any], fds: list[int]) -> None:
        """Do what the host asks, and tell it when that is done."""
        match frame["t"]:
            case "setup":
                self._set_up(frame)
            case "cell":
                self._run_cell(frame)
            case "check":
                with reserved_descriptors.lifted():
                    self._check(frame, fds)

    def _set_up(self, frame: Mapping[str, Any]) -> None:
        self.channel.max_output = int(frame["max_frame"])
        _seed(int(frame["seed"]))
        if frame["gpu"]:
            from runner.inside.student import cuda  # noqa: PLC0415 - most jobs have no GPU

            cuda.apply_order(CudaOrder.from_frame(frame["gpu"]))
        if frame["parameters"]:
            parameters.force(self.shell, frame["parameters"])
        self.channel.send({"t": "set_up"})

    def _check(self, frame: Mapping[str, Any], fds: list[int]) -> None:
        if len(fds) < _SOCKETS:
            # The notebook has taken the reserve, too. That costs only this question.
            for fd in fds:
                os.close(fd)
            self.channel.send({"t": "checked", "errno": errno.EMFILE})
            return
        answer = snapshot.answer if frame["in_place"] else snapshot.make
        self.execution.run_in_context(
            answer, self.shell, self.channel, fds, frame["files"]
        )

    def _run_cell(self, frame: Mapping[str, Any]) -> None:
        reserved_descriptors.allow_cell()
        self.shell.display_error = None
        # The host's number: tracebacks and `Out` then agree with it after a fresh start.
        self.shell.execution_count = frame["cell"]
        error = self.execution.run(frame["source"]) or self.shell.display_error
        ename = type(error).__name__ if error is not None else ""
        told = isinstance(error, OSError | RuntimeError)
        evalue = text_or_empty(error)[:200] if told else ""
        OUTPUT.send(
            {"t": "done", "cell": frame["cell"], "ename": ename, "evalue": evalue}
        )
