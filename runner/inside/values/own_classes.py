"""Values of the notebook's own classes: what tells their class, and how they are made.

Such a value arrives as a value of a class made here, which knows the numbers of the
notebook's classes. It goes back as the object that it is there, or in a value of that class.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import torch

from runner.inside.values.nodes import CodecError

_NAME: Final = 100
_MOST: Final = 50
_CLASSES: Final = "_OwnClass__numbers"
_OBJECT: Final = "_OwnClass__object"
# Says whether an object of a test's is the class with this number.
_is_class: list[Callable[[int, object], bool]] = [lambda _, __: False]


def compare_classes_by(is_class: Callable[[int, object], bool]) -> None:
    """Set what says whether an object is the notebook's class with a number."""
    _is_class[0] = is_class


class OwnClass(type):
    """The metaclass of these classes, which equal the notebook's own."""

    def __eq__(cls, other: object) -> bool:
        return cls is other or is_own_class(cls, other)

    __hash__ = type.__hash__


class Behind:
    """The object behind a value. A copy of the value stands for no object."""

    def __init__(self, asked: object) -> None:
        self.asked = asked

    def __reduce_ex__(self, _protocol: object) -> Any:
        return type(None), ()


def told(numbers: list[int], kind: type) -> dict[str, Any]:
    """Return the part of a node that tells the class of a value, or nothing."""
    name = kind.__name__[:_NAME]
    return {"of": [name, *numbers[:_MOST]]} if numbers and name.isidentifier() else {}


def read(node: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """Return the name and numbers of the value's classes. Raises CodecError."""
    found = node.get("of", ["", -1])
    if type(found) is not list or not 1 < len(found) <= _MOST + 1:
        raise CodecError("an invalid class of the notebook's")
    name, *numbers = found
    if not (type(name) is str and all(type(one) is int for one in numbers)):
        raise CodecError("an invalid class of the notebook's")
    if len(name) > _NAME or (name and not name.isidentifier()):
        raise CodecError("an invalid name of a class of the notebook's")
    return name, tuple(numbers) if name else ()


def made(kind: Any, value: Any) -> Any:
    """Return the same value, of a class that derives from the value's."""
    if isinstance(value, np.ndarray):
        return value.view(kind)
    if isinstance(value, torch.Tensor) or _is_of_pandas(value):
        # The same tensor: a view would have no gradient, and be no leaf.
        object.__setattr__(value, "__class__", kind)
        return value
    # The `__new__` of a named tuple takes its fields.
    new: Any = tuple.__new__ if isinstance(value, tuple) else type(value).__new__
    if isinstance(value, dict):
        one = new(kind)
        if isinstance(value, defaultdict):
            one.default_factory = value.default_factory
        put = OrderedDict if isinstance(value, OrderedDict) else dict
        for key, item in value.items():
            put.__setitem__(one, key, item)
        return one
    if isinstance(value, list | set | bytearray):
        one = new(kind)
        base = next(base for base in (list, set, bytearray) if isinstance(value, base))
        base.__init__(one, value)
        return one
    if isinstance(value, deque):
        one = new(kind)
        deque.__init__(one, value, value.maxlen)
        return one
    return new(kind, value)


def _is_of_pandas(value: object) -> bool:
    kinds = type(value).__mro__
    return any(one.__module__.partition(".")[0] == "pandas" for one in kinds)


def own_type(base: type, name: str, numbers: tuple[int, ...], body: Any) -> Any:
    """Return a class that derives from the base and tells those of the notebook's."""
    body = {**body, "__module__": base.__module__, _CLASSES: numbers}
    metaclass: Any = OwnClass
    if type(base) is not type:
        metaclass = type(OwnClass.__name__, (OwnClass, type(base)), {})
    return metaclass(name or base.__name__, (base,), body)


def is_own(kind: type) -> bool:
    """Return whether this class was made here."""
    return issubclass(type(kind), OwnClass)


def numbers_of(kind: type) -> tuple[int, ...]:
    """Return the numbers of the notebook's classes that this class stands for."""
    found: tuple[int, ...] = getattr(kind, _CLASSES, ()) if is_own(kind) else ()
    return found


def is_own_class(kind: type, other: object) -> bool:
    """Return whether the object is the notebook's class for which this class stands."""
    numbers = numbers_of(kind)
    return bool(numbers) and _is_class[0](numbers[0], other)


def bind(value: Any, behind: Behind) -> Any:
    """Return the value, behind which there is this object."""
    if is_own(type(value)) and hasattr(value, "__dict__"):
        vars(value)[_OBJECT] = behind
    return value


def behind(value: Any) -> Behind | None:
    """Return what is behind the value, or None."""
    found = vars(value).get(_OBJECT) if is_own(type(value)) else None
    return found if isinstance(found, Behind) else None


def given_back(value: Any, node: Mapping[str, Any], find: Callable[[int], Any]) -> Any:
    """Return the notebook's own object or value for which a test's value stands."""
    if "mine" in node:
        return find(node["mine"])
    if "class" not in node:
        return value
    kind = find(node["class"])
    fits = isinstance(kind, type) and issubclass(kind, _plain_class(type(value)))
    return made(kind, value) if fits else value


def _plain_class(kind: type) -> type:
    """Return the class of values, since named tuples have a class of their own."""
    return tuple if issubclass(kind, tuple) else kind
