"""The student's functions as the work of a process that a test starts."""

from multiprocessing.process import BaseProcess
from typing import Any

from runner.grader.handle_parts import is_handle


def take_over() -> None:
    """Let a process run one of the student's functions, as a thread does.

    `multiprocessing` asks its target whether it is true. No object of the student's is
    asked that: its answer would be the student's.
    """
    process: Any = BaseProcess
    plain = process.run

    def run(self: Any) -> None:
        target = self._target
        if is_handle(target):
            target(*self._args, **self._kwargs)
        else:
            plain(self)

    process.run = run
