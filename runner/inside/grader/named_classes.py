"""The check of a notebook's value whose name is a class in the staff's notebook."""

from typing import Any, TypeGuard

from runner.inside.grader import refusals
from runner.inside.grader.handles import NotDataError, is_handle


class NoClassError(NotDataError):
    """Raised when the notebook has a value under the name of a class."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is a class in the staff's notebook, but a value in this notebook"
        )
        self.missing = name


def is_object(name: str, value: object) -> TypeGuard[Any]:
    """Return whether the value is an object. Raises NoClassError for data such as None.

    A test also passes the name to functions that take other values:
    `pytest.raises(None)` accepts any exception. An object, such as a function that
    makes the objects, is allowed.
    """
    if not is_handle(value) and not isinstance(value, type):
        raise refusals.note(NoClassError(name))
    return is_handle(value)
