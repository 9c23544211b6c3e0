"""The student's functions as the work of processes that a test starts."""

from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any

from runner.grader.handle_parts import is_handle, label_of
from runner.grader.observations import NotDataError


def take_over() -> None:
    """Let processes run the student's functions, as threads do."""
    process: Any = BaseProcess
    process.run = _running(process.run)
    pickler: Any = ForkingPickler
    pickler.reducer_override = _reduced


def _running(plain: Any) -> Any:
    """Return what a process does.

    `multiprocessing` asks its target whether it is true. No object of the student's is
    asked that: its answer would be the student's.
    """

    def run(self: Any) -> None:
        target = self._target
        if is_handle(target):
            target(*self._args, **self._kwargs)
        else:
            plain(self)

    return run


def _reduced(_pickler: Any, value: Any) -> Any:
    """Refuse to pickle an object of the student's for another process, in words.

    SECURITY: a pool of processes unpickles functions, which no test does here.
    """
    if is_handle(value):
        raise NotDataError(
            f"{label_of(value)} is not sent to another process: start a "
            "multiprocessing.Process for it, or take a pool of threads"
        )
    return NotImplemented
