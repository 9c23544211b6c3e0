"""Objects that stay in the student's process, as a test holds them."""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NoReturn, Protocol

import numpy as np
import torch

# What a handle may say that it is: an object with a life of its own, never a value.
_LIBRARIES: Final = frozenset(("torch", "numpy", "sklearn", "pandas", "collections"))
_VALUES: Final = (
    *(torch.Tensor, np.ndarray, np.generic, bool, int, float, complex, str, bytes),
    *(list, tuple, dict, set, frozenset, BaseException, type),
)
# A tensor's or an array's own words on how it compares. Nobody else's count.
_PREDICATES: Final = frozenset(
    (
        *("all", "any", "allclose", "isclose", "equal", "item", "tolist", "numpy"),
        *("equals", "isin"),
        *("eq", "ne", "lt", "le", "gt", "ge"),
    )
)
# Of the special names only these are asked for. By the others a library would take a
# handle for something that it is not: `__array_interface__` names an address.
_SPECIAL: Final = frozenset(("__name__", "__qualname__", "__dict__", "__annotations__"))


class NotDataError(TypeError):
    """A test needs a value, and the student's code gave an object of its own."""


class Asking(Protocol):
    """Who passes a question on to the student's process."""

    def ask(self, operation: str, *arguments: object) -> Any: ...


def known_class(bases: Sequence[str]) -> type | None:
    """Return the library class that an object with these bases may pass for."""
    for base in bases:
        module, _, name = base.rpartition(".")
        if module.partition(".")[0] not in _LIBRARIES:
            continue
        found = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type):
            return None if issubclass(found, _VALUES) else found
    return None


class Handle:
    """An object in the student's process.

    It is called, read and iterated there. Whether it equals something or is true it
    is never asked: that would be the student's word for the student's work.
    """

    # Private by Python's own means: any other name may be one of the object's.
    __slots__ = ("__is_class", "__known", "__label", "__number", "__student")

    def __init__(
        self,
        student: Asking,
        number: int,
        *,
        known: type | None,
        is_class: bool,
        label: str,
    ) -> None:
        put = object.__setattr__
        put(self, "_Handle__student", student)
        put(self, "_Handle__number", number)
        put(self, "_Handle__known", known)
        put(self, "_Handle__is_class", is_class)
        put(self, "_Handle__label", label)

    @property  # type: ignore[misc]  # what isinstance asks
    def __class__(self) -> type:
        return type if self.__is_class else self.__known or Handle

    @property
    def __bases__(self) -> tuple[type, ...]:
        """What issubclass asks; only a class has any."""
        if not self.__is_class:
            raise AttributeError("__bases__")
        return (self.__known or object,)

    def __getattr__(self, name: str) -> Any:
        if name in _PREDICATES:
            raise NotDataError(f"{label_of(self)} is no array or tensor")
        if name.startswith("__") and name.endswith("__") and name not in _SPECIAL:
            raise AttributeError(name)
        return self.__student.ask("attr", self, name)

    def __setattr__(self, name: str, value: object) -> None:
        self.__student.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self.__student.ask("del", self, name)

    def __getitem__(self, key: object) -> Any:
        return self.__student.ask("operate", "getitem", self, key)

    def __setitem__(self, key: object, value: object) -> None:
        self.__student.ask("operate", "setitem", self, key, value)

    def __delitem__(self, key: object) -> None:
        self.__student.ask("operate", "delitem", self, key)

    def __len__(self) -> int:
        length = self.__student.ask("len", self)
        if type(length) is not int:
            raise NotDataError("the length is no number")
        return length

    def __iter__(self) -> Iterator[Any]:
        iterator = self.__student.ask("iter", self)
        if not isinstance(iterator, Handle):
            raise NotDataError(f"{label_of(self)} gave no iterator")
        return _items(self.__student, iterator)

    def __next__(self) -> Any:
        return _next_of(self.__student, self)

    def __repr__(self) -> str:
        return self.__words("repr")

    def __str__(self) -> str:
        return self.__words("str")

    def __words(self, operation: str) -> str:
        words = self.__student.ask(operation, self)
        if type(words) is not str:
            raise NotDataError(f"{label_of(self)} gave no text")
        return words

    def __refuse(self, *_: object) -> NoReturn:
        raise NotDataError(f"{label_of(self)} is an object: only values are compared")

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __refuse
    __int__ = __float__ = __complex__ = __index__ = __contains__ = __refuse
    __hash__ = object.__hash__


class CallableHandle(Handle):
    """A function, a class or another object of the student's that can be called."""

    __slots__ = ()

    def __call__(self, *arguments: object, **named: object) -> Any:
        return student_of(self).ask("call", self, arguments, named)

    def __instancecheck__(self, instance: object) -> bool:
        return self.__is("isinstance", instance)

    def __subclasscheck__(self, subclass: object) -> bool:
        return self.__is("issubclass", subclass)

    def __is(self, operation: str, other: object) -> bool:
        """Say whether an object is of the student's own class; a value is of none."""
        is_theirs = issubclass(type(other), Handle)
        return is_theirs and student_of(self).ask(operation, other, self) is True


def number_of(handle: Handle) -> int:
    """Return the number by which the student's process knows the object."""
    number: int = object.__getattribute__(handle, "_Handle__number")
    return number


def student_of(handle: Handle) -> Asking:
    """Return who is asked about the object."""
    student: Asking = object.__getattribute__(handle, "_Handle__student")
    return student


def label_of(handle: Handle) -> str:
    """Return what the object is called here, without asking it."""
    return f"<the student's {object.__getattribute__(handle, '_Handle__label')}>"


def _items(student: Asking, iterator: Handle) -> Iterator[Any]:
    while True:
        try:
            yield _next_of(student, iterator)
        except StopIteration:
            return


def _next_of(student: Asking, iterator: Handle) -> Any:
    """Return the next item, or raise StopIteration."""
    found = student.ask("next", iterator)
    if type(found) is not list or len(found) > 1:
        raise NotDataError("the student's iterator gave no item")
    if not found:
        raise StopIteration
    return found[0]


def _operator(name: str, *, is_reversed: bool = False) -> Callable[..., Any]:
    def operate(self: Handle, *others: object) -> Any:
        operands = (*others, self) if is_reversed else (self, *others)
        result = student_of(self).ask("operate", name, *operands)
        if not isinstance(result, Handle):
            # Else an object could stand for any number: `abs(42 - answer) < 1e-6`.
            raise NotDataError(
                f"{label_of(self)} is an object: only values are compared"
            )
        return result

    return operate


for _name in ("neg", "pos", "abs", "invert"):
    setattr(Handle, f"__{_name}__", _operator(_name))
for _name in ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow"):
    setattr(Handle, f"__{_name}__", _operator(_name))
    setattr(Handle, f"__r{_name}__", _operator(_name, is_reversed=True))
