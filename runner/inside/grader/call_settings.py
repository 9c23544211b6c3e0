"""The settings of a test that hold for the student's code while the test calls it."""

import sys
import warnings
from collections.abc import Iterator
from typing import Final

import torch

from runner.wire.grader_requests import RUNNING
from runner.wire.link import Header

_SHOWING: Final = frozenset({"once", "default", "module"})


class CallSettings:
    """The settings of the tests of one conversation, read anew for each question.

    Make it before the first test runs: filters for warnings that are there already are
    not the tests' own.
    """

    def __init__(self) -> None:
        self._first_filters = frozenset(map(tuple, warnings.filters))

    def added_to(self, question: Header) -> Header:
        """Return the question with what the test has set now.

        "g" is False under `torch.no_grad()`. "heard" and "heard_errors" say that the test
        captures what goes to `sys.stdout` and to `sys.stderr`, and "warns" names the classes of warnings for which it has filters of its own.
        """
        settings: Header = {} if torch.is_grad_enabled() else {"g": False}
        if question["op"] in RUNNING:
            if sys.stdout is not sys.__stdout__:
                settings["heard"] = True
            if sys.stderr is not sys.__stderr__:
                settings["heard_errors"] = True
            if filtered := sorted(set(self._filtered())):
                settings["warns"] = filtered
        return {**question, **settings}

    def _filtered(self) -> Iterator[str]:
        """Yield the nearest class of Python's own for each filter of the tests.

        Libraries set filters, too, when they are imported: for one module (`module=…`), or
        that a class of their own is shown once.
        """
        for one in warnings.filters:
            action, _message, category, module, _line = one
            if tuple(one) in self._first_filters or module is not None:
                continue
            for kind in category if isinstance(category, tuple) else (category,):
                if kind.__module__ == "builtins" or action not in _SHOWING:
                    bases = (
                        each for each in kind.__mro__ if each.__module__ == "builtins"
                    )
                    yield next(bases).__name__
