"""Tell the grader's audit hooks when they rest: no test runs then."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_resting: Final[list[None]] = []


def is_resting() -> bool:
    """Say whether the hooks refuse nothing now."""
    return bool(_resting)


@contextmanager
def resting() -> Iterator[None]:
    """Have the hooks refuse nothing: the grader works for itself.

    SECURITY: use it only where neither a test nor a value of the student's is there.
    """
    _resting.append(None)
    try:
        yield
    finally:
        _resting.pop()
