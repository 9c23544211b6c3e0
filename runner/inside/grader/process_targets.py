"""The student's functions as the work of processes that a test starts."""

from multiprocessing.process import BaseProcess
from typing import Any

from runner.inside.grader.handle_parts import is_handle


def take_over() -> None:
    """Let processes run the student's functions, as threads do."""
    process: Any = BaseProcess
    process.run = _running(process.run)


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
