"""The settings of a test that hold for the student's code while the test calls it."""

import decimal
import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import torch

from runner.wire.grader_requests import RUNNING
from runner.wire.link import Header

_SHOWING: Final = frozenset({"once", "default", "module"})
# What numpy does about an error of arithmetic. It calls no function of a test's there.
_ABOUT_ERRORS: Final = frozenset({"ignore", "warn", "raise", "print"})


class CallSettings:
    """The settings of the tests of one conversation, read anew for each question.

    Make it before the first test runs: filters for warnings that are there already are
    not the tests' own.
    """

    def __init__(self) -> None:
        self._first_filters = frozenset(map(tuple, warnings.filters))
        self._first_errors: Mapping[str, object] = {**np.geterr()}
        self._first_decimal = _decimal_settings()

    def added_to(self, question: Header) -> Header:
        """Return the question with what the test has set now.

        "g" is False under `torch.no_grad()`. "heard" and "heard_errors" say that the test
        captures what goes to `sys.stdout` and to `sys.stderr`, and "warns" names the
        classes of warnings for which it has filters of its own. "np" are its `np.errstate`,
        "decimal" its precision and rounding, "cast" the dtype of `torch.autocast`, and
        "anomaly" says that torch detects anomalies, and whether it looks for NaN.
        """
        settings: Header = {} if torch.is_grad_enabled() else {"g": False}
        if question["op"] in RUNNING:
            if sys.stdout is not sys.__stdout__:
                settings["heard"] = True
            if sys.stderr is not sys.__stderr__:
                settings["heard_errors"] = True
            if filtered := sorted(set(self._filtered())):
                settings["warns"] = filtered
            settings |= self._arithmetic()
        return {**question, **settings}

    def _arithmetic(self) -> Header:
        """Return how the test has numbers computed, as far as it has set that."""
        found: Header = {}
        errors = {
            name: what
            for name, what in np.geterr().items()
            if what != self._first_errors[name] and what in _ABOUT_ERRORS
        }
        if errors:
            found["np"] = errors
        if (set_now := _decimal_settings()) != self._first_decimal:
            found["decimal"] = set_now
        if torch.is_autocast_enabled("cpu"):
            dtype = str(torch.get_autocast_dtype("cpu"))
            found["cast"] = dtype.removeprefix("torch.")
        if torch.is_anomaly_enabled():
            found["anomaly"] = torch.is_anomaly_check_nan_enabled()
        return found

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


def _decimal_settings() -> dict[str, Any]:
    context = decimal.getcontext()
    return {"prec": context.prec, "rounding": context.rounding}
