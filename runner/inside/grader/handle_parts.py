"""The parts of a handle, for the modules that give it its abilities."""

from collections.abc import Collection
from functools import partial
from typing import Any, Protocol, TypeGuard

from runner.inside.grader.begun_loops import Loops
from runner.inside.grader.observations import NotDataError, Observations
from runner.inside.grader.read_values import ReadValues


class Check(Protocol):
    """What the running check does with the answers."""

    @property
    def asks_again(self) -> bool:
        """Whether it compares two readings of one object."""


class Asking(Protocol):
    """The client that passes questions on to the student's process."""

    @property
    def epoch(self) -> int:
        """How many times the test has called the student's code."""

    @property
    def steps(self) -> int:
        """How many times the student's code has run, in loops and looks too."""

    @property
    def read_values(self) -> ReadValues:
        """What attributes and items have given since the last call."""

    @property
    def methods(self) -> Collection[str]:
        """The names of methods and attributes that the staff's notebook defines."""

    @property
    def arguments(self) -> Check:
        """What the running check does with what it gives and gets."""

    @property
    def loops(self) -> Loops:
        """The loops over objects that the test has not left."""

    def ask(self, operation: str, *arguments: object) -> Any: ...


class HandleBase:
    """An object in the student's process, whatever its abilities."""

    __slots__ = ()

    def __reduce_ex__(self, _protocol: object) -> Any:
        """Return how `copy.deepcopy` makes a copy, which is left to the student's process."""
        return partial(copy_of, self, is_deep=True), ()


def copy_of(handle: HandleBase, *, is_deep: bool) -> Any:
    """Return a handle to a copy that the student's process makes. Raises NotDataError."""
    found = student_of(handle).ask("copy", handle, is_deep)
    if not is_handle(found):
        raise NotDataError(f"a copy of {label_of(handle)} is not an object")
    return found


def number_of(handle: HandleBase) -> int:
    """Return the number by which the student's process knows the object."""
    number: int = object.__getattribute__(handle, "_Handle__number")
    return number


def student_of(handle: HandleBase) -> Asking:
    """Return the client that asks about the object."""
    student: Asking = object.__getattribute__(handle, "_Handle__student")
    return student


def observations_of(handle: HandleBase) -> Observations:
    """Return the answers known of the object."""
    seen: Observations = object.__getattribute__(handle, "_Handle__seen")
    return seen


def known_of(handle: HandleBase) -> type | None:
    """Return the library class that the object passes for, or None."""
    known: type | None = object.__getattribute__(handle, "_Handle__known")
    return known


def is_class(handle: object) -> bool:
    """Return whether the value is a handle to a class."""
    return is_handle(handle) and object.__getattribute__(handle, "_Handle__is_class")


def label_of(handle: HandleBase) -> str:
    """Return the object's label, without asking for it."""
    return f"<the student's {object.__getattribute__(handle, '_Handle__label')}>"


def mark_constructor(handle: HandleBase) -> None:
    """Note that the staff's notebook defines a class where this object stands.

    The grader knows this from the staff's notebook, not from the student's.
    """
    observations_of(handle).is_constructor = True


def mark_instance(handle: HandleBase) -> None:
    """Note that a test has made the object by calling a class of the notebook's."""
    observations_of(handle).is_instance = True


def is_handle(value: object) -> TypeGuard[Any]:
    """Return whether the value is a handle, whatever class it passes for."""
    return issubclass(type(value), HandleBase)
