"""Attributes and items of the notebook's objects, as a test reads them.

An attribute that is data is asked for once. One that the notebook's code computes is
asked for each time, as in a notebook. A value arrives as a copy: so the grader is told a
number for it, which an earlier reading of the same object had, if it is unchanged.
"""

import itertools
import sys
import types
from typing import Any, Final

from runner.inside.values.codec import Node
from runner.inside.values.fingerprint import quick_digest
from runner.inside.values.latest import Latest
from runner.wire.link import Buffer

# Descriptors that run no code of the notebook's when they are read.
_PLAIN: Final = (
    *(types.FunctionType, types.BuiltinFunctionType),
    *(types.MethodDescriptorType, types.WrapperDescriptorType),
    *(types.ClassMethodDescriptorType, types.MemberDescriptorType),
    *(types.GetSetDescriptorType, staticmethod, classmethod),
)
_SENT_AS_OBJECTS: Final = frozenset(("handle", "type", "module"))
_MISSING: Final = object()


class Readings:
    """What the latest readings of attributes and items have given."""

    def __init__(self) -> None:
        # The object, its digest and its number, by the place of the reading.
        self._latest: Latest[object, tuple[object, bytes, int]] = Latest()
        self._numbers = itertools.count()

    def told(
        self, place: object, result: object, node: Node, buffers: list[Buffer]
    ) -> dict[str, object]:
        """Return the number of the result, if it has one.

        It is the one that the same object had at its last reading, by this place or by
        another, if it has not changed since.
        """
        if type(node) is not dict or node.get("k") in _SENT_AS_OBJECTS:
            self._latest.drop(place)
            return {}
        digest = quick_digest(node, buffers)
        earlier = [one for one in self._latest if one[0] is result]
        is_same = bool(earlier) and earlier[-1][1] == digest
        number = earlier[-1][2] if is_same else next(self._numbers)
        size = sum(buffer.nbytes for buffer in buffers)
        self._latest.put(place, (result, digest, number), size)
        return {"number": number}


def place_of(operation: str, arguments: Any) -> object:
    """Return what stands for the place that a question reads, or None for no reading."""
    match operation, arguments:
        case "attr", [value, str() as name]:
            return id(value), name
        case "operate", ["getitem", value, int() | str() as key]:
            return id(value), type(key), key
    return None


def runs_code(value: object, name: str) -> bool:
    """Return whether code of the notebook's computes this attribute."""
    kind: Any = type(value)
    if _is_notebook_s(_home(kind, "__getattribute__")):
        return True
    if issubclass(kind, type):
        return _runs_of_class(value, kind, name)
    home = _home(kind, name)
    found = _part(home, name)
    if home is not None and _is_data_descriptor(found):
        return not isinstance(found, _PLAIN) and _is_notebook_s(home)
    if name in _own_names(value):
        return False
    if home is None:
        return _is_notebook_s(_home(kind, "__getattr__"))
    return _runs(found) and _is_notebook_s(home)


def _runs_of_class(value: Any, kind: Any, name: str) -> bool:
    """Return the same for an attribute of a class."""
    for one in (value, kind):
        home = _home(one, name)
        if home is not None:
            found = _part(home, name)
            return (
                _runs(found)
                and _is_notebook_s(home)
                # A property of a class gives itself.
                and not (one is value and type(found) is property)
            )
    return _is_notebook_s(_home(kind, "__getattr__"))


def _runs(found: object) -> bool:
    return hasattr(type(found), "__get__") and not isinstance(found, _PLAIN)


def _is_data_descriptor(found: object) -> bool:
    kind = type(found)
    return hasattr(kind, "__set__") or hasattr(kind, "__delete__")


def _home(kind: Any, name: str) -> Any:
    """Return the class that has the name, as Python looks for it, or None."""
    mro = type.__getattribute__(kind, "__mro__")
    return next((one for one in mro if _part(one, name) is not _MISSING), None)


def _part(kind: Any, name: str) -> object:
    if kind is None:
        return _MISSING
    return type.__getattribute__(kind, "__dict__").get(name, _MISSING)


def _own_names(value: object) -> Any:
    try:
        found = object.__getattribute__(value, "__dict__")
    except Exception:  # noqa: BLE001 - it has none, or one of the notebook's
        return ()
    return found if isinstance(found, dict | types.MappingProxyType) else ()


def _is_notebook_s(kind: Any) -> bool:
    """Return whether no module but the notebook has the class."""
    if kind is None or kind is object:
        return False
    module = sys.modules.get(str(kind.__module__))
    if module is None or module.__name__ == "__main__":
        return True
    found: object = module
    for part in str(kind.__qualname__).split("."):
        found = getattr(found, part, None)
    return found is not kind
