"""What a line of a doctest shows, compared with what the check expects."""

import doctest
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_NOTHING: Any = object()


class Shown(doctest.OutputChecker):
    """A checker for which values are equal whether numpy shows their types or not.

    Only a value that the line shows may be written in either way: a text that holds
    numpy's words, or prints them, is another text. A line on which the student's code
    has printed what no doctest hears shows something else, too.
    """

    def __init__(self, has_missed: Callable[[], bool]) -> None:
        self._has_missed = has_missed
        self._value: Any = _NOTHING
        self._error: str | None = None

    def begin(self, example: doctest.Example) -> None:
        """Forget the line before: this one begins."""
        self._value, self._error = _NOTHING, example.exc_msg

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note inside which value each line shows."""
        own = sys.__displayhook__

        def show(value: object) -> None:
            self._value = value
            own(value)

        hooks: Any = sys
        hooks.__displayhook__ = show  # doctest shows values by this one
        try:
            yield
        finally:
            hooks.__displayhook__ = own

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Return whether the line shows what is expected."""
        if self._has_missed() and want is not self._error:
            return False
        if super().check_output(want, got, optionflags):
            return True
        shown = _NOTHING if self._value is _NOTHING else f"{self._value!r}\n"
        if shown is _NOTHING or not got.endswith(shown):
            return False
        with np.printoptions(legacy="1.25"):
            plain = f"{self._value!r}\n"
        return super().check_output(want, got.removesuffix(shown) + plain, optionflags)
