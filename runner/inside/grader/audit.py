"""The switch that suspends the grader's audit hooks while no test runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_suspensions: Final[list[None]] = []


def is_suspended() -> bool:
    """Return whether the hooks are suspended."""
    return bool(_suspensions)


@contextmanager
def suspended() -> Iterator[None]:
    """Suspend the hooks inside, while the grader does its own work.

    SECURITY: use it only while neither a test nor a value of the student's is present.
    """
    _suspensions.append(None)
    try:
        yield
    finally:
        _suspensions.pop()
