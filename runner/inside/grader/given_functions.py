"""Functions that a test gives to the notebook's code, which can call them back.

A function lives as long as the calls that it was passed to. It has one number in a check,
so it is one object in the snapshot: a bus that is given a handler twice can tell.
"""

import contextlib
import itertools
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from runner.inside.grader import refusals

# So many bound methods are known again in a check.
_MOST: Final = 1000
_EXPIRED: Final = (
    "the notebook's code has called a function of the test's after the call that it was "
    "passed to had ended, so the test does not see that: let one function of the "
    "notebook take it and do all that should call it"
)
_Function = Callable[..., object]


class ExpiredCallbackError(RuntimeError):
    """Raised when the student's code calls a test's function after its call has ended.

    A check that met one cannot pass: the notebook's code may drop this error, and the
    test would take the call for one that never was.
    """

    def __init__(self, words: str = _EXPIRED) -> None:
        super().__init__(words)
        refusals.note(self)


class GivenFunctions:
    """The functions of one check's tests by number, and which of them are alive."""

    def __init__(self) -> None:
        self._count = itertools.count()
        self._live: dict[int, _Function] = {}
        self._calls: Counter[int] = Counter()
        self._passed: list[int] = []
        self._known: dict[object, tuple[Callable[[], object], int]] = {}

    def forget(self) -> None:
        """Forget the functions of earlier checks."""
        self._known.clear()

    @property
    def are_alive(self) -> bool:
        """Whether any function may be called."""
        return bool(self._live)

    @contextlib.contextmanager
    def lifetime(self) -> Iterator[None]:
        """End at the end of the block the functions that were passed inside."""
        outer, self._passed = self._passed, []
        try:
            yield
        finally:
            for number in self._passed:
                self._calls[number] -= 1
                if not self._calls[number]:
                    del self._calls[number], self._live[number]
            self._passed = outer

    def number_of(self, function: _Function) -> int:
        """Return the number of a function that a running call is given."""
        key = _key_of(function)
        known = self._known.get(key)
        if known is not None and (type(key) is tuple or known[0]() is function):
            number = known[1]
        else:
            number = next(self._count)
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = _reference(function, key), number
        self._live.setdefault(number, function)
        self._calls[number] += 1
        self._passed.append(number)
        return number

    def live(self, number: object) -> _Function:
        """Return the live function with this number. Raises ExpiredCallbackError."""
        found = self._live.get(number) if type(number) is int else None
        if found is None:
            raise ExpiredCallbackError
        return found


def _key_of(function: Any) -> object:
    """Return what a function is known by. A bound method is made anew each time."""
    owner = getattr(function, "__self__", None)
    if owner is None:
        return id(function)
    name = getattr(function, "__func__", None) or getattr(function, "__name__", None)
    return id(owner), name if type(name) is str else id(name)


def _reference(function: Any, key: object) -> Callable[[], object]:
    """Return what gives the function as long as the test has it."""
    with contextlib.suppress(TypeError):
        if type(key) is int:
            return weakref.ref(function)
    return lambda: function
