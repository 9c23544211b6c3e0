"""The classes of Python and of libraries that a snapshot tells of by their places.

A test that asks whether an object is of such a class is answered by all base classes that
the snapshot has told of. Python alone would answer by the stand-in's own class: "no".
"""

import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch

# The classes that an object never passes for: an object can change, a value is compared.
VALUES: Final = (
    *(torch.Tensor, np.ndarray, np.generic, bool, int, float, complex, str, bytes),
    *(list, tuple, dict, set, frozenset, deque, OrderedDict, defaultdict, bytearray),
)
# Modules of classes that nothing outside of a notebook or of the tests has.
_NOT_INSTALLED: Final = frozenset(("__main__", "checks", "runner"))
# Classes such as that of functions, to which no module gives a name.
_UNNAMED: Final = {
    f"{kind.__module__}.{kind.__qualname__}": kind
    for kind in object.__subclasses__()
    if kind.__module__ == "builtins"
}


def class_at(place: str) -> type | None:
    """Return the class of Python or of an imported library with this place, or None."""
    if place.partition(".")[0] in _NOT_INSTALLED:
        return None
    if place in _UNNAMED:
        return _UNNAMED[place]
    module, _, name = place.rpartition(".")
    names = [name]
    while module and module not in sys.modules:
        module, _, name = module.rpartition(".")
        names.insert(0, name)
    found: object = sys.modules.get(module)
    for name in names:
        found = getattr(found, "__dict__", {}).get(name)
    is_it = isinstance(found, type) and place_of(found) == place
    return found if is_it else None  # type: ignore[return-value]  # a class


def place_of(kind: type) -> str:
    """Return the place of a class, as a snapshot tells it."""
    return f"{kind.__module__}.{kind.__qualname__}"


def classes_at(places: Sequence[str]) -> tuple[type, ...]:
    """Return those of the classes that are Python's own or an imported library's."""
    found = (class_at(place) for place in places)
    return tuple(kind for kind in found if kind not in {None, object})


def is_value(kind: type) -> bool:
    """Return whether objects of this class are compared as values where they are sent."""
    modules = {one.__module__.partition(".")[0] for one in kind.__mro__}
    return issubclass(kind, VALUES) or "pandas" in modules


class _Shown(type):
    """The metaclass of classes that stand for a notebook's class with library bases."""

    def mro(cls) -> list[type]:
        """Return the class, and after it the classes of libraries that were told of."""
        told = cls.__dict__["_told"]
        return [cls, *told, object]

    def __instancecheck__(cls, instance: object) -> bool:
        """Compare the stand-ins' types, which know of base classes of the notebook's."""
        return isinstance(instance, cls.__dict__["_kinds"][0])


def shown_to_tests(
    name: str, told: Sequence[type], *, is_exact: bool, kinds: Sequence[type]
) -> type | None:
    """Return the class that an object with these library classes shows to a test.

    Of a class of the notebook's it is a new one. `kinds` gets the type of the handles.
    Return None if there is no such class.
    """
    if not told or is_exact:
        return told[0] if told else None
    body = {"_told": tuple(told), "_kinds": kinds, "__module__": "__main__"}
    for base in (object, *told):
        # Python wants the memory layout of one of them.
        try:
            make: Any = type.__new__
            made: type = make(_Shown, name, (base,), dict(body))
        except TypeError:
            continue
        return made
    return None
