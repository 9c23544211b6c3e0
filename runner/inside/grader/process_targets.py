"""Support for processes of a test whose target is a function of the student's."""

from multiprocessing.process import BaseProcess
from typing import Any

from runner.inside.grader.handle_parts import is_handle


def install() -> None:
    """Let processes run the student's functions, as threads do."""
    process: Any = BaseProcess
    process.run = _running(process.run)


def _running(plain: Any) -> Any:
    """Return a `run` for processes that never asks whether an object is true.

    `multiprocessing` tests the truth of its target. No object of the student's may be
    asked that: the answer would come from the student's code.
    """

    def run(self: Any) -> None:
        target = self._target
        if is_handle(target):
            target(*self._args, **self._kwargs)
        else:
            plain(self)

    return run
