"""Objects that stay in the student's process, as a test holds them."""

import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, NoReturn, Protocol, TypeGuard

import numpy as np
import torch

from runner.grader.observations import NotDataError, Observations
from runner.values.containers import PREDICATES

__all__ = ["CallableHandle", "Handle", "NotDataError", "known_class"]

# What a handle may say that it is: an object with a life of its own, never a value.
_LIBRARIES: Final = frozenset(("torch", "numpy", "sklearn", "pandas", "collections"))
_VALUES: Final = (
    *(torch.Tensor, np.ndarray, np.generic, bool, int, float, complex, str, bytes),
    *(list, tuple, dict, set, frozenset, deque, BaseException, type),
)
# What a mapping shows of itself: all from the same keys and values.
_VIEWS: Final = frozenset(("keys", "values", "items"))
# Of the special names only these are asked for. By the others a library would take a
# handle for something that it is not: `__array_interface__` names an address.
_SPECIAL: Final = frozenset(("__name__", "__qualname__", "__dict__", "__annotations__"))
_UNARY: Final = ("neg", "pos", "abs", "invert")
_BINARY: Final = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow")
# Read by their names these are the object's own.
_ASKED: Final = frozenset(
    (
        *(f"__{name}__" for name in (*_UNARY, *_BINARY)),
        *(f"__r{name}__" for name in _BINARY),
        *("__len__", "__iter__", "__next__", "__reversed__", "__call__"),
        *("__getitem__", "__setitem__", "__delitem__", "__contains__"),
        *("__init__", "__enter__", "__exit__", "__doc__", "__module__"),
    )
)
# These are refused, where the object has them at all.
_REFUSED: Final = frozenset(
    ("__bool__", "__int__", "__float__", "__complex__", "__index__")
)


class Asking(Protocol):
    """Who passes a question on to the student's process."""

    @property
    def epoch(self) -> int:
        """How many times the test has called the student's code."""

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
    is never asked: that would be the student's word for the student's work. What it
    has said of itself stays as it was said: see `Observations`.
    """

    # Private by Python's own means: any other name may be one of the object's.
    __slots__ = ("__is_class", "__known", "__label", "__number", "__seen", "__student")

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
        put(self, "_Handle__seen", Observations(f"<the student's {label}>"))

    @property  # type: ignore[misc]  # what isinstance asks
    def __class__(self) -> type:
        return type if self.__is_class else self.__known or Handle

    @property
    def __bases__(self) -> tuple[type, ...]:
        """What issubclass asks; only a class has any."""
        if not self.__is_class:
            raise AttributeError("__bases__")
        return (self.__known or object,)

    def __getattribute__(self, name: str) -> Any:
        """Ask for the special methods that a test reads by name, and the docstring.

        Python itself looks for them in the class, which has them for all objects.
        """
        if name in _REFUSED:
            self.__getattr__(name)  # raises AttributeError if the object has none
        elif name in _ASKED:
            return self.__getattr__(name)
        return object.__getattribute__(self, name)

    def __dir__(self) -> list[str]:
        return list(self.__student.ask("dir", self))

    def __getattr__(self, name: str) -> Any:
        if name in PREDICATES:
            raise NotDataError(f"{label_of(self)} is no array or tensor")
        is_special = name.startswith("__") and name.endswith("__")
        if is_special and name not in _SPECIAL | _ASKED | _REFUSED:
            raise AttributeError(name)
        student = self.__student
        if name in _VIEWS:
            pairs = self.__seen.mapping(lambda: student.ask("mapping", self))
            if pairs is not None:
                return getattr(pairs, name)
        return self.__seen.attribute(
            name, student.epoch, lambda: student.ask("attr", self, name)
        )

    def __setattr__(self, name: str, value: object) -> None:
        self.__student.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self.__student.ask("del", self, name)

    def __setitem__(self, key: object, value: object) -> None:
        self.__seen.note_assignment()
        self.__student.ask("operate", "setitem", self, key, value)

    def __delitem__(self, key: object) -> None:
        self.__seen.note_assignment()
        self.__student.ask("operate", "delitem", self, key)

    def __repr__(self) -> str:
        return self.__words("repr")

    def __str__(self) -> str:
        return self.__words("str")

    def __words(self, operation: str) -> str:
        """Return the object's text behind its label, which no value's text has.

        The text of an instance that the test itself has made stands alone: a class
        whose `__repr__` is the exercise.
        """
        text = self.__seen.text(operation, lambda: self.__student.ask(operation, self))
        return text if self.__seen.is_instance else f"{label_of(self)} {text}"

    def __refuse(self, *_: object, **__: object) -> NoReturn:
        raise NotDataError(f"{label_of(self)} is an object: only values are compared")

    __bool__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __refuse
    # Else numpy would make an array of what has a length and items.
    __array__ = __refuse
    __int__ = __float__ = __complex__ = __index__ = __refuse
    __hash__ = object.__hash__


class _Sized:
    """An object with a length."""

    __slots__ = ()

    def __len__(self: Any) -> int:
        length: int = observations_of(self).length(
            lambda: student_of(self).ask("len", self)
        )
        return length


class _Iterable:
    """An object that can be gone through."""

    __slots__ = ()

    def __iter__(self: Any) -> Iterator[Any]:
        items = _items(self)
        return _rest(student_of(self), self) if items is None else iter(items)


class _Reversible:
    """An object that can be gone through backwards."""

    __slots__ = ()

    def __reversed__(self: Any) -> Iterator[Any]:
        items = _items(self)
        if items is None:
            raise NotDataError(f"{label_of(self)} is read forwards only")
        return iter(items[::-1])


class _Iterator:
    """An object that gives its items one by one."""

    __slots__ = ()

    def __next__(self: Any) -> Any:
        return _next_of(student_of(self), self)


class _Container:
    """An object that says what is in it, which is never asked."""

    __slots__ = ()

    def __contains__(self: Any, item: object) -> bool:
        raise NotDataError(f"{label_of(self)} is an object: only values are compared")


class _Indexed(_Iterable, _Reversible):
    """An object with items under keys, which Python would go through by index."""

    __slots__ = ()

    def __getitem__(self: Any, key: object) -> Any:
        seen = observations_of(self)
        found = seen.item(
            key, lambda: student_of(self).ask("operate", "getitem", self, key)
        )
        length = seen.sliced_length(key)
        if length is not None and is_handle(found):
            observations_of(found).expect_length(length)
        return found


class CallableHandle(Handle):
    """A function, a class or another object of the student's that can be called."""

    __slots__ = ()

    def __call__(self, *arguments: object, **named: object) -> Any:
        result = student_of(self).ask("call", self, arguments, named)
        if observations_of(self).is_constructor and is_handle(result):
            mark_instance(result)
        return result

    def __instancecheck__(self, instance: object) -> bool:
        return self.__is("isinstance", instance)

    def __subclasscheck__(self, subclass: object) -> bool:
        return self.__is("issubclass", subclass)

    def __is(self, operation: str, other: object) -> bool:
        """Say whether an object is of the student's own class; a value is of none."""
        if not is_handle(other):
            return False
        key = operation, number_of(self)
        student = student_of(self)
        seen = observations_of(other)
        return seen.fact(key, lambda: student.ask(operation, other, self) is True)


_ABILITIES: Final[Mapping[str, type]] = {
    "__len__": _Sized,
    "__iter__": _Iterable,
    "__reversed__": _Reversible,
    "__next__": _Iterator,
    "__contains__": _Container,
    "__getitem__": _Indexed,
}


def handle_class(methods: object, *, is_callable: bool) -> type[Handle]:
    """Return the class of handles to objects that have these special methods.

    So `isinstance(x, Iterable)`, `len(x)` and the like go by the object's own class.
    """
    known = methods if isinstance(methods, list) else []
    names = frozenset(name for name in _ABILITIES if name in known)
    return _handle_class(names, is_callable)


@cache
def _handle_class(names: frozenset[str], is_callable: bool) -> type[Handle]:  # noqa: FBT001 - a cache's key
    kinds = {_ABILITIES[name] for name in names}
    if _Indexed in kinds:
        kinds -= {_Iterable, _Reversible}  # of which it is one
    base = CallableHandle if is_callable else Handle
    bases = sorted(kinds, key=lambda one: one.__name__)
    return type(base.__name__, (*bases, base), {"__slots__": ()})


def number_of(handle: Handle) -> int:
    """Return the number by which the student's process knows the object."""
    number: int = object.__getattribute__(handle, "_Handle__number")
    return number


def student_of(handle: Handle) -> Asking:
    """Return who is asked about the object."""
    student: Asking = object.__getattribute__(handle, "_Handle__student")
    return student


def observations_of(handle: Handle) -> Observations:
    """Return what the object has said of itself so far."""
    seen: Observations = object.__getattribute__(handle, "_Handle__seen")
    return seen


def label_of(handle: Handle) -> str:
    """Return what the object is called here, without asking it."""
    return f"<the student's {object.__getattribute__(handle, '_Handle__label')}>"


def mark_constructor(handle: Handle) -> None:
    """Note that the staff's notebook has a class in this object's place.

    The grader knows this from the staff's notebook, not from the student's.
    """
    observations_of(handle).is_constructor = True


def mark_instance(handle: Handle) -> None:
    """Note that a test has made the object by calling a class of the notebook's."""
    observations_of(handle).is_instance = True


def is_handle(value: object) -> TypeGuard[Handle]:
    """Say whether the value is a handle, whatever class it passes for."""
    return issubclass(type(value), Handle)


def _items(handle: Handle) -> list[object] | None:
    """Return all items of the object, or None if it is an iterator."""
    return observations_of(handle).items(
        lambda: student_of(handle).ask("items", handle)
    )


def _rest(student: Asking, iterator: Handle) -> Iterator[Any]:
    while True:
        try:
            yield _next_of(student, iterator)
        except StopIteration:
            return


def _next_of(student: Asking, iterator: Handle) -> Any:
    """Return the next item, or raise StopIteration."""
    return observations_of(iterator).next_item(lambda: student.ask("next", iterator))


def _operator(name: str, *, is_reversed: bool = False) -> Callable[..., Any]:
    def operate(self: Handle, *others: object) -> Any:
        # `answer - expected` would tell the student's code what is expected of it. Only
        # an instance that the test itself has made takes a value, as its methods do.
        seen = [observations_of(one) for one in (self, *others) if is_handle(one)]
        is_instance = all(one.is_instance for one in seen)
        if len(seen) <= len(others) and not is_instance:
            raise NotDataError(
                f"{label_of(self)} is an object: only values are compared"
            )
        operands = (*others, self) if is_reversed else (self, *others)
        result = student_of(self).ask("operate", name, *operands)
        if not is_handle(result):
            # Else an object could stand for any number: `abs(42 - answer) < 1e-6`.
            raise NotDataError(
                f"{label_of(self)} is an object: only values are compared"
            )
        if is_instance:
            mark_instance(result)
        return result

    return operate


for _name in _UNARY:
    setattr(Handle, f"__{_name}__", _operator(_name))
for _name in _BINARY:
    setattr(Handle, f"__{_name}__", _operator(_name))
    setattr(Handle, f"__r{_name}__", _operator(_name, is_reversed=True))
