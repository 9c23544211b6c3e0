"""What the grader refused a test: a check that met a refusal cannot pass.

A test may catch any exception, and one that expects an error of the student's would
take a refusal for it.
"""

from typing import Final, TypeVar

Refusal = TypeVar("Refusal", bound=Exception)

_met: Final[list[Exception]] = []


def note(error: Refusal) -> Refusal:
    """Note that this was refused, and return it."""
    if not _met:
        _met.append(error)
    return error


def not_permitted(words: str) -> PermissionError:
    """Return a PermissionError with these words for staff, which is noted."""
    return note(PermissionError(words))


def first() -> Exception | None:
    """Return the first refusal since `forget`, or None."""
    return _met[0] if _met else None


def forget() -> None:
    """Begin anew: for another check, what this one met is of no interest."""
    _met.clear()
