"""Handles: what a test holds in the place of an object in the student's process."""

import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NoReturn

import numpy as np
import torch

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.callers import CALLERS
from runner.inside.grader.class_unions import UNIONS, or_union
from runner.inside.grader.entitlement import may_be_called_by_libraries, may_have_method
from runner.inside.grader.handle_abilities import is_collection, plain_of
from runner.inside.grader.handle_hashes import equal_by_identity, hash_of
from runner.inside.grader.handle_items import assign, delete, mapping_of, own_view
from runner.inside.grader.handle_operators import BINARY, UNARY, operators
from runner.inside.grader.handle_parts import (
    Asking,
    HandleBase,
    is_handle,
    label_of,
    mark_constructor,
    mark_instance,
    number_of,
    observations_of,
    student_of,
)
from runner.inside.grader.handle_slots import (
    formatted,
    not_pickled,
    of_handles,
    refuse_as_base,
    size_of,
)
from runner.inside.grader.members import handle_behind_member
from runner.inside.grader.observations import Observations
from runner.inside.grader.received_values import is_building
from runner.inside.grader.special_names import of_object
from runner.inside.grader.student_errors import handle_behind
from runner.inside.grader.torch_modules import answer_to
from runner.inside.values import own_classes, own_operators
from runner.inside.values.value_methods import PREDICATES, VALUE_METHODS

__all__ = [
    "CallableHandle",
    "Handle",
    "NotDataError",
    "constructor_of",
    "is_handle",
    "known_class",
    "label_of",
    "mark_instance",
    "number_of",
    "observations_of",
]

# The libraries whose classes a handle may pass for, and the classes that it never may:
# an object can change, a value is compared.
_LIBRARIES: Final = frozenset(("torch", "numpy", "sklearn", "collections"))
_VALUES: Final = (
    *(torch.Tensor, np.ndarray, np.generic, bool, int, float, complex, str, bytes),
    *(list, tuple, dict, set, frozenset, deque, BaseException, type),
)
_COLLECTIONS: Final = (
    *(list, tuple, dict, set, frozenset, deque),
    *(OrderedDict, Counter, defaultdict),
)
# The views of a mapping, all made from the same keys and values.
_VIEWS: Final = frozenset(("keys", "values", "items"))
# The only special names that are asked for by attribute. By others a library would
# mistake a handle for something else: `__array_interface__` gives an address in memory.
_SPECIAL: Final = frozenset(
    ("__name__", "__qualname__", "__dict__", "__annotations__", "__members__")
)
# If a test reads these by name, the object's own are returned.
_ASKED: Final = frozenset(
    (
        *(f"__{name}__" for name in (*UNARY, *BINARY)),
        *(f"__{side}{name}__" for name in BINARY for side in "ri"),
        *("__len__", "__iter__", "__next__", "__reversed__", "__call__"),
        *("__getitem__", "__setitem__", "__delitem__", "__contains__"),
        *("__init__", "__enter__", "__exit__", "__doc__", "__module__"),
        *("__round__", "__floor__", "__ceil__", "__trunc__", "__bytes__"),
    )
)
# Those of them that take a value. If a test calls one by name, it is an operator.
_WITH_OPERANDS: Final = frozenset(
    (
        *(f"__{side}{name}__" for name in BINARY for side in ("", "r", "i")),
        *("__getitem__", "__setitem__", "__delitem__", "__contains__"),
    )
)
# Every handle has these in its own way, so they tell nothing of the object.
_OF_HANDLES: Final = frozenset(
    (
        *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"),
        *("__repr__", "__str__", "__format__", "__slots__", "__mro__"),
    )
)
# By these Python copies an object, and makes a pickle of it.
_PICKLING: Final = frozenset(("__reduce_ex__", "__reduce__", "__getstate__"))
# These are refused for an object that has them.
_REFUSED: Final = frozenset(
    ("__bool__", "__int__", "__float__", "__complex__", "__index__")
)


def known_class(bases: Sequence[str]) -> type | None:
    """Return the library class that an object with these bases may pass for, or None."""
    for base in bases:
        module, _, name = base.rpartition(".")
        if module.partition(".")[0] not in _LIBRARIES:
            continue
        found = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type):
            return None if issubclass(found, _VALUES) else found
    return None


def value_class(bases: Sequence[str]) -> type | None:
    """Return the class of collections that an object with these bases is of, or None."""
    for base in bases:
        module, _, name = base.rpartition(".")
        found = getattr(sys.modules.get(module), name, None)
        if module in {"builtins", "collections"} and found in _COLLECTIONS:
            return found  # type: ignore[no-any-return]  # one of these classes
    return None


def refuse(handle: HandleBase, *_: object, **__: object) -> NoReturn:
    """Refuse an operation by which an object would pass for a value."""
    raise NotDataError(f"{label_of(handle)} is an object: only values can be compared")


class Handle(HandleBase):
    """An object in the student's process.

    It is called, read and iterated there. It is never asked whether it equals something
    or is true: the student's code would then mark itself. Each answer
    about the object stays the same as long as the test has not changed it: see
    `Observations`.
    """

    # Private by Python's name mangling: any other name may be one of the object's.
    __slots__ = (
        *("__is_class", "__known", "__label", "__number", "__seen", "__student"),
        "__weakref__",
    )

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
        put(
            self,
            "_Handle__seen",
            Observations(
                f"<the student's {label}>",
                lambda: student.steps,
                lambda: student.arguments.asks_again,
            ),
        )

    @property  # type: ignore[misc]  # what isinstance asks
    def __class__(self) -> type:
        if self.__is_class:
            return type
        kind: Any = type(self)
        asks, told = sys._getframe(2), getattr(kind, "_Handle__told", None)  # noqa: SLF001 - who asks decides
        if told is not None and CALLERS.asks_for_class(asks):
            kind = told(label_of(self))
        else:
            kind = getattr(kind, "_Handle__shown", None) or kind
        return kind  # type: ignore[no-any-return]  # a class

    @property
    def __bases__(self) -> tuple[type, ...]:
        """The base classes, for `issubclass`. Raises AttributeError for no class.

        A test gets those that the snapshot tells of.
        """
        if not self.__is_class:
            raise AttributeError("__bases__")
        if CALLERS.is_test(sys._getframe(2)):  # noqa: SLF001 - who asks decides
            return told_bases(self.__seen.read(self, "__bases__", self.__student))
        return (self.__known or object,)

    def __getattribute__(self, name: str) -> Any:
        """Ask the object for special methods that a test reads, and the docstring.

        Python itself would find them in the class of handles, which has them for all
        objects.
        """
        if name == "__mro_entries__":
            # Python's own TypeError would pass for the student's.
            refuse_as_base(self)
        if name in _OF_HANDLES:
            raise NotDataError(
                f"{label_of(self)} does not give {name!r} by name: use the operator or "
                "function for it, such as `==` or `repr`"
            )
        if name in _REFUSED:
            self.__getattr__(name)  # raises AttributeError if the object has none
        elif name in _ASKED:
            return self.__getattr__(name)
        elif of_handles(name) and name not in _SPECIAL:
            frame = sys._getframe(1)  # noqa: SLF001 - who asks decides
            if name in _PICKLING and frame.f_globals.get("__name__") != "copy":
                not_pickled(self)
            if CALLERS.is_test(frame):
                return of_object(self, name, frame)
        return object.__getattribute__(self, name)

    def __dir__(self) -> list[str]:
        return list(self.__student.ask("dir", self))

    def __getattr__(self, name: str) -> Any:
        if name in PREDICATES and name not in self.__student.methods:
            if is_collection(self):
                return getattr(plain_of(self), name)
            raise NotDataError(f"{label_of(self)} is not an array or tensor")
        is_special = name.startswith("__") and name.endswith("__")
        if is_special and name not in _SPECIAL | _ASKED | _REFUSED:
            return of_object(self, name, sys._getframe(1))  # noqa: SLF001 - who asks decides
        student = self.__student
        if name in _VIEWS:
            pairs = self.__seen.contents.mapping(lambda: student.ask("mapping", self))
            if pairs is not None:
                self.__seen.second.check(
                    "mapping", None, pairs, lambda: mapping_of(self)
                )
                return getattr(pairs, name)
        found = self.__seen.read(self, name, student)
        if is_handle(found) and not may_have_method(self, name):
            _keep_values_from(self, name, found)
        return own_view(self, found) if name in _VIEWS else found

    def __setattr__(self, name: str, value: object) -> None:
        self.__student.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self.__student.ask("del", self, name)

    def __setitem__(self, key: object, value: object) -> None:
        assign(self, key, value)

    def __delitem__(self, key: object) -> None:
        delete(self, key)

    def __repr__(self) -> str:
        return self.__words("repr")

    def __str__(self) -> str:
        return self.__words("str")

    def __words(self, operation: str) -> str:
        """Return the object's text behind its label, which no value's text has.

        The text of an instance that the test itself has made stands alone: the exercise
        may be to write the `__repr__` of its class.
        """
        text = self.__seen.text(operation, lambda: self.__student.ask(operation, self))
        return text if self.__seen.is_instance else f"{label_of(self)} {text}"

    __mro_entries__ = refuse_as_base
    __format__ = formatted
    __sizeof__ = size_of

    def __eq__(self, other: object) -> bool:
        if is_building():
            return self is other
        are_one = equal_by_identity(self, other)
        return refuse(self) if are_one is None else are_one

    def __ne__(self, other: object) -> bool:
        # `np.vectorize(f)` compares its argument with this value.
        return other is np._NoValue or not self == other

    __hash__ = hash_of
    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = refuse
    # Otherwise numpy would make an array of an object that has a length and items.
    __array__ = refuse


class CallableHandle(Handle):
    """A function, class or other callable object of the student's."""

    __slots__ = ()

    def __call__(self, *arguments: object, **named: object) -> Any:
        seen = observations_of(self)
        if seen.is_withheld:
            raise NotDataError(
                f"{label_of(self)} belongs to an object that may not learn the values of "
                "a test: let a function of the notebook call it"
            )
        caller = sys._getframe(1)  # noqa: SLF001 - who calls decides
        answer = answer_to(caller)
        if answer is not None:
            return answer(self, *arguments, **named)
        if not (may_be_called_by_libraries(self) or CALLERS.only_calls(caller)):
            raise NotDataError(
                f"{label_of(self)} may not be called by this library, which would accept "
                "a value in its place, too. Let the test call it: `lambda x: f(x)`"
            )
        is_constructor = seen.is_constructor
        operation = "make" if is_constructor else "call"
        result = student_of(self).ask(operation, self, arguments, named)
        made = own_operators.object_of(result) if is_constructor else None
        if is_constructor and is_handle(result if made is None else made):
            mark_instance(result if made is None else made)
        return result

    def __instancecheck__(self, instance: object) -> bool:
        return self.__is("isinstance", instance)

    def __subclasscheck__(self, subclass: object) -> bool:
        return self.__is("issubclass", subclass)

    def __is(self, operation: str, other: object) -> bool:
        """Return whether an object is of the student's own class. It is false for values."""
        behind = handle_behind(other)
        other = handle_behind_member(other if behind is None else behind)
        if not is_handle(other):
            kind: Any = type(other) if operation == "isinstance" else other
            is_class = isinstance(kind, type)
            if is_class and issubclass(kind, HandleBase):
                return number_of(self) in _classes_of(kind)
            return is_class and number_of(self) in own_classes.numbers_of(kind)
        student = student_of(self)
        # A class may be registered meanwhile, and a class decides for itself.
        key = operation, number_of(self), student.epoch
        seen = observations_of(other)
        return seen.fact(key, lambda: student.ask(operation, other, self) is True)


def _classes_of(kind: type) -> tuple[int, ...]:
    """Return the numbers of the classes that the type of handles stands for."""
    told: Any = type.__getattribute__(kind, "__dict__").get("_HandleType__told")
    classes: tuple[int, ...] = () if told is None else told.classes
    if not classes:
        raise NotDataError("the bases of this type are not known: ask for the object's")
    return classes


def told_bases(found: object) -> tuple[Any, ...]:
    """Return base classes as the snapshot tells of them, a library's as that class."""
    if type(found) is not tuple:
        raise NotDataError("the bases of a class are no tuple")
    return tuple(
        (is_handle(one) and getattr(type(one), "_Handle__own_class", None)) or one
        for one in found
    )


def constructor_of(handle: Handle) -> Handle:
    """Return another handle to the same class, with which a test makes objects."""
    own = partial(object.__getattribute__, handle)
    made = type(handle)(
        own("_Handle__student"),
        own("_Handle__number"),
        known=own("_Handle__known"),
        is_class=own("_Handle__is_class"),
        label=own("_Handle__label"),
    )
    mark_constructor(made)
    return made


def _keep_values_from(handle: Handle, name: str, method: Handle) -> None:
    """Refuse a method that would receive the test's values, or refuse its calls.

    The name of a class of the staff's notebook stands for no value, and the test calls it:
    `Scale(x)`, `Scale.apply(x)` of a `torch.autograd.Function`.
    """
    if name in _WITH_OPERANDS:
        observations_of(method).is_withheld = True  # `hasattr` must still find it
    elif name in VALUE_METHODS and not observations_of(handle).is_constructor:
        raise NotDataError(
            f"{label_of(handle)} is an object: only values have a method {name!r}, and "
            "objects of classes in which the staff's notebook defines it"
        )


for _name, _method in operators():
    setattr(Handle, _name, or_union(_method) if _name in UNIONS else _method)
