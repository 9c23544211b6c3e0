"""The Python types of handles: one for each class of the student's.

So `type(a) is type(b)`, `isinstance(a, type(b))` and `a.__class__ is b.__class__`
answer by the classes of the objects, as the snapshot first told them.
"""

import builtins
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

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
from runner.inside.grader.handle_parts import is_handle, number_of
from runner.inside.grader.handle_slots import BOUND, slots_for
from runner.inside.grader.handles import (
    CallableHandle,
    Handle,
    NotDataError,
    known_class,
    refuse,
    value_class,
)
from runner.inside.grader.special_names import of_type, refused_of_type
from runner.inside.grader.told_classes import (
    class_at,
    classes_at,
    is_value,
    shown_to_tests,
)
from runner.wire.special_methods import TOLD_METHODS, in_bits

# Special methods that are refused, and that only the types of objects with them have.
_NUMBERS: Final = ("__int__", "__float__", "__complex__", "__index__")
# What a test reads of a class's names, and the longest of these.
_NAMES: Final = frozenset(("__module__", "__qualname__", "__name__"))
_NAME: Final = 200
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
        if told is not None and told.own_class is not None and other is told.own_class:
            return True
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
            frame = sys._getframe(1)  # noqa: SLF001 - who asks decides
            if told is not None:
                of_type(name, told.lacks, frame)
            if told is not None and name in _NAMES and CALLERS.is_test(frame):
                if not told.has_place:
                    raise refused_of_type(name)
                return told.names_of_class[name]
        return super().__getattribute__(name)

    def __repr__(cls) -> str:
        """Return what Python says of the object's class."""
        told = _told(cls)
        if told is None or not told.has_place:
            if CALLERS.is_test(sys._getframe(1)):  # noqa: SLF001 - who asks decides
                raise refused_of_type("__repr__")
            return "<the class of an object of the student's>"
        module, name = told.place
        return f"<class '{name if module == 'builtins' else f'{module}.{name}'}'>"

    def __getattr__(cls, name: str) -> Any:
        """Refuse to say that the class of an object has no such name."""
        is_asked = CALLERS.is_test(sys._getframe(1))  # noqa: SLF001 - who asks decides
        told = _told(cls)
        is_known = told is None or name in told.lacks or name.startswith("__array")
        if is_asked and not is_known:
            raise refused_of_type(name)
        raise AttributeError(name)

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        """Refuse to make an object by `type(x)(…)`: Python would make a handle.

        Libraries make a class in this way, by the type of its first base.
        """
        caller = sys._getframe(1).f_globals.get("__name__")  # noqa: SLF001 - who asks decides
        if not str(caller).startswith("runner."):
            raise _refused_call()
        return super().__call__(*arguments, **named)

    def __getitem__(cls, _key: object) -> NoReturn:
        raise _refused_call()

    def __iter__(cls) -> NoReturn:
        raise _refused_call()

    def __len__(cls) -> NoReturn:
        raise _refused_call()

    def __contains__(cls, _item: object) -> NoReturn:
        raise _refused_call()

    def __bool__(cls) -> bool:
        return True

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
    `value_class` is the class of collections that it inherits from. `first_base` is the
    place of the class if handles to its objects are bound in a class of the test's.
    `place` are the module and the name of the object's class.
    """

    names: frozenset[str]
    places: tuple[str, ...]
    lacks: frozenset[str]
    is_callable: bool
    classes: tuple[int, ...]
    known: type | None
    is_exact: bool
    label: str
    value_class: type | None
    first_base: str
    place: tuple[str, str]

    @property
    def has_place(self) -> bool:
        """Whether the class's names are shown: none is that of a value's class."""
        module, name = self.place
        own = class_at(f"{module}.{name}")
        if own is not None:
            return not is_value(own)
        return module != "builtins" and _is_a_name(name.rpartition(".")[2])

    @property
    def names_of_class(self) -> Mapping[str, str]:
        """What a test reads of the class's names."""
        module, name = self.place
        last = name.rpartition(".")[2]
        return {"__module__": module, "__qualname__": name, "__name__": last}

    @property
    def own_class(self) -> type | None:
        """The object's own class, if that is one of Python or of a library."""
        return class_at(self.places[0]) if self.places else None


def _told(kind: Any) -> _Told | None:
    found = vars(kind).get("_HandleType__told")
    return found if isinstance(found, _Told) else None


def _refused_call() -> NotDataError:
    return NotDataError(
        "the type of an object cannot be called, indexed or gone through: write the name "
        "of its class, as in `Tree(3)` for `type(x)(3)`"
    )


def told_lacks(kind: type) -> frozenset[str] | None:
    """Return the methods that the class of the type's objects lacks, or None.

    None if the type is that of no handle, or if nothing was told.
    """
    told = _told(kind) if isinstance(kind, HandleType) else None
    return None if told is None else told.lacks


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
        place: object = None,
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
            places=tuple(bases),
            lacks=TOLD_METHODS - frozenset(one for one in given if type(one) is str),
            is_callable=is_callable,
            classes=tuple(one for one in numbers if type(one) is int),
            known=known,
            is_exact=known is not None and known_class(bases[:1]) is known,
            label=label if _is_shown(label, bases) else "",
            value_class=value_class(bases) if is_collection else None,
            first_base=bases[0] if bases and bases[0] in BOUND else "",
            place=_place_in(place),
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
        "_Handle__own_class": told.own_class,
    }
    made_kinds: list[type] = []
    shown = _for_tests(told, made_kinds)
    if shown is not None:
        body["_Handle__told"] = staticmethod(shown)
    body |= {name: refuse for name in _NUMBERS if name not in told.lacks}
    body |= slots_for(told.lacks, told.first_base)
    if "__hash__" in told.lacks:
        body["__hash__"] = None
    made: Any = HandleType(told.label or base.__name__, (*bases, base), body)
    kind: type[Handle] = made
    made_kinds.append(kind)
    return kind


def _for_tests(told: _Told, kinds: list[type]) -> Callable[[str], type] | None:
    """Return what gives a test the class by all that the snapshot has told, or None.

    An object that is no value has no class of values: a test that asks is refused.
    """
    found = classes_at(told.places)
    if not found:
        return None
    is_collection = told.value_class is not None
    is_refused = not is_collection and any(map(is_value, found))
    is_exact = told.own_class is not None
    name = told.label or Handle.__name__
    shown = shown_to_tests(name, found, is_exact=is_exact, kinds=kinds)

    def show(label: str) -> type:
        if is_refused or shown is None:
            raise NotDataError(
                f"{label} is an object of a class of values that cannot be sent, so a "
                "test cannot ask for its class: let a function of the notebook ask, or "
                "convert the object there"
            )
        return shown

    return show


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


def _place_in(told: object) -> tuple[str, str]:
    """Return the module and the name of a class, as told. An unknown one is not shown."""
    match told:
        case [str() as module, str() as name]:
            return module[:_NAME], name[:_NAME]
    return "builtins", ""


def _is_shown(label: str, places: Sequence[str]) -> bool:
    """Return whether a type shows this name: of no value unless it is its own class's."""
    own = class_at(places[0]) if places else None
    is_own = own is not None and own.__name__ == label and not is_value(own)
    return is_own or _is_a_name(label)


def _is_a_name(label: str) -> bool:
    is_taken = label in _VALUES or any(hasattr(one, label) for one in _LIBRARIES)
    return label.isidentifier() and not is_taken
