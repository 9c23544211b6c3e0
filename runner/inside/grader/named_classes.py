"""What stands in the notebook under a name that the staff's notebook has for a class."""

from typing import Any, TypeGuard

from runner.inside.grader import refusals
from runner.inside.grader.handles import NotDataError, is_handle


class NoClassError(NotDataError):
    """The notebook has something else under the name of a class."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is a class in the staff's notebook, and a value in this one"
        )
        self.missing = name


def is_object(name: str, value: object) -> TypeGuard[Any]:
    """Say whether it is an object. Raises NoClassError for a value, such as None.

    A test gives the name to what takes other things, too: `pytest.raises(None)` lets
    any exception pass. An object, such as a function that makes the objects, is taken.
    """
    if not is_handle(value) and not isinstance(value, type):
        raise refusals.note(NoClassError(name))
    return is_handle(value)
