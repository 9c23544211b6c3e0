"""The Python types of handles: one for each class of the student's.

So `type(a) is type(b)`, `isinstance(a, type(b))` and `a.__class__ is b.__class__`
answer by the classes of the objects, as the snapshot first told them.
"""

import builtins
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from runner.inside.grader.callers import CALLERS
from runner.inside.grader.handle_abilities import (
    ABILITIES,
    COLLECTION,
    CollectionHandle,
    ContainerHandle,
    IndexedHandle,
    IterableHandle,
    ReversibleHandle,
)
from runner.inside.grader.handle_hashes import own_hash_of
from runner.inside.grader.handle_operators import absolute
from runner.inside.grader.handle_parts import is_handle, number_of
from runner.inside.grader.handles import (
    CallableHandle,
    Handle,
    NotDataError,
    known_class,
    refuse,
    value_class,
)
from runner.inside.grader.special_names import of_type, refused_of_type
from runner.wire.special_methods import TOLD_METHODS, in_bits

# Special methods that only the types of objects with them have. The rest is refused.
_SOME_HAVE: Final = {
    "__abs__": absolute(),
    **dict.fromkeys(("__int__", "__float__", "__complex__", "__index__"), refuse),
}
# Beyond this number of types they are forgotten, and made again when needed.
_MOST: Final = 1000
# The class name of an object is not shown if it is the name of a value's type.
_LIBRARIES: Final = (builtins, types, np, torch)
_VALUES: Final = frozenset(("DataFrame", "Series", "Index", "Parameter", "NoneType"))


class HandleType(type):
    """The metaclass of handles to objects of one class; `told` describes that class.

    A type made by it equals the student's class itself: `type(x) == Tree`.
    """

    def __eq__(cls, other: object) -> bool:
        told = _told(cls)
        if told is None or not told.classes or not is_handle(other):
            return cls is other
        is_it = number_of(other) == told.classes[0]
        return is_it and other.__class__ is type

    __hash__ = type.__hash__

    def __getattribute__(cls, name: str) -> Any:
        """Refuse `type(x).__hash__`, which tells all different objects apart.

        Of the other special names, say what the snapshot has told of the class.
        """
        if name == "__hash__":
            raise NotDataError(
                "`type(x).__hash__` is not available for objects: write `hash(x)`"
            )
        if name.startswith("__") or name == "mro":
            told = type.__getattribute__(cls, "__dict__").get("_HandleType__told")
            if told is not None:
                of_type(name, told.lacks, sys._getframe(1))  # noqa: SLF001 - who asks decides
        return super().__getattribute__(name)

    def __getattr__(cls, name: str) -> Any:
        """Refuse to say that the class of an object has no such name."""
        is_asked = CALLERS.is_test(sys._getframe(1))  # noqa: SLF001 - who asks decides
        told = _told(cls)
        is_known = told is None or name in told.lacks or name.startswith("__array")
        if is_asked and not is_known:
            raise refused_of_type(name)
        raise AttributeError(name)

    def __instancecheck__(cls, instance: object) -> bool:
        told = _told(cls)
        if told is None or not told.classes or not is_handle(instance):
            return super().__instancecheck__(instance)
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass: type) -> bool:
        told, other = _told(cls), _told(subclass)
        if told is None or other is None or not told.classes:
            return super().__subclasscheck__(subclass)
        return told.classes[0] in other.classes


@dataclass(frozen=True)
class _Told:
    """What the snapshot has told of an object's class, as a key of the types.

    `classes` are the numbers of the class and of those that it inherits from. `known`
    is the library class that the object passes for, and `is_exact` whether that is its
    own class. `lacks` are the special methods that the class does not have.
    `value_class` is the class of collections that it inherits from.
    """

    names: frozenset[str]
    lacks: frozenset[str]
    is_callable: bool
    classes: tuple[int, ...]
    known: type | None
    is_exact: bool
    label: str
    value_class: type | None


def _told(kind: Any) -> _Told | None:
    found = vars(kind).get("_HandleType__told")
    return found if isinstance(found, _Told) else None


class HandleClasses:
    """The types of the handles of one check."""

    def __init__(self) -> None:
        self._kinds: dict[_Told, type[Handle]] = {}

    def forget(self) -> None:
        """Forget the types, before another check."""
        self._kinds.clear()

    def find(
        self,
        methods: object,
        more: object = None,
        *,
        is_callable: bool = False,
        is_collection: bool = False,
        classes: object = None,
        bases: Sequence[str] = (),
        label: str = "",
    ) -> type[Handle]:
        """Return the type of handles to objects with these special methods and classes.

        So `isinstance(x, Iterable)`, `len(x)` and the like answer by the object's own
        class.
        """
        given = [*(methods if isinstance(methods, list) else ()), *in_bits(more)]
        names = {name for name in ABILITIES if name in given}
        if is_collection:
            names.add(COLLECTION)
        numbers = classes if isinstance(classes, list) else []
        known = known_class(bases)
        told = _Told(
            names=frozenset(names),
            lacks=TOLD_METHODS - frozenset(one for one in given if type(one) is str),
            is_callable=is_callable,
            classes=tuple(one for one in numbers if type(one) is int),
            known=known,
            is_exact=known is not None and known_class(bases[:1]) is known,
            label=label if _is_a_name(label) else "",
            value_class=value_class(bases) if is_collection else None,
        )
        if told not in self._kinds:
            if len(self._kinds) >= _MOST:
                self._kinds.clear()  # a class met again gets a new type
            self._kinds[told] = _made(told)
        return self._kinds[told]


def _made(told: _Told) -> type[Handle]:
    kinds = {ABILITIES[name] for name in told.names}
    if IndexedHandle in kinds:
        kinds -= {IterableHandle, ReversibleHandle}  # IndexedHandle derives from both
    if CollectionHandle in kinds:
        kinds -= {ContainerHandle}
    base = CallableHandle if told.is_callable else Handle
    bases = sorted(kinds, key=lambda one: one.__name__)
    body = {
        "__slots__": (),
        "__module__": Handle.__module__,
        "_HandleType__told": told,
        "_Handle__shown": _shown(told),
    }
    body |= {name: one for name, one in _SOME_HAVE.items() if name not in told.lacks}
    if "__hash__" in told.lacks:
        body["__hash__"] = None
    made: Any = HandleType(told.label or base.__name__, (*bases, base), body)
    kind: type[Handle] = made
    return kind


def _shown(told: _Told) -> type | None:
    """Return the library class that `__class__` gives, a subclass of it, or None.

    Objects of two classes of the student's are of two classes here, too.
    """
    base = told.known or told.value_class
    if base is None or told.is_exact or not told.classes:
        return told.known
    try:
        body = {"__hash__": own_hash_of}
        return types.new_class(
            told.label or base.__name__,
            (base,),
            exec_body=lambda to: to.update(body),
        )
    except Exception:  # noqa: BLE001 - not every class of a library can be derived from
        return told.known


def _is_a_name(label: str) -> bool:
    is_taken = label in _VALUES or any(hasattr(one, label) for one in _LIBRARIES)
    return label.isidentifier() and not is_taken
