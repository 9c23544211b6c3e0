"""The slots by which Python asks an object, and what a handle does for each.

Python has an answer of its own for many slots that a class lacks: `format` takes the
text, `bytes` the items, `sys.getsizeof` the stand-in itself. So each slot of Python's
data model is asked of the object, told by its type, or refused in words. `SLOTS` says
which, and a test goes over all of them.
"""

import sys
from collections.abc import Callable, Mapping
from types import MethodType
from typing import Any, Final, NoReturn

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.entitlement import staff_defines
from runner.inside.grader.handle_operators import BINARY, UNARY, only_some_have
from runner.inside.grader.handle_parts import (
    label_of,
    observations_of,
    student_of,
)
from runner.inside.values.nodes import CodecError

ASKED: Final = "the object is asked"
TOLD: Final = "only the types of objects have it whose class has it"
REFUSED: Final = "refused in words"
OF_PYTHON: Final = "Python's own machinery, which asks the object nothing"

# What a test should write instead of what the slot does.
_INSTEAD: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("__get__", "__set__", "__delete__", "__set_name__"),
        "an object of the notebook's cannot be a descriptor in a class of the test's: let "
        "the notebook define that class, too",
    ),
    **dict.fromkeys(
        ("__aiter__", "__anext__"),
        "a test cannot go through it by `async for`: let a coroutine of the notebook "
        "collect the items",
    ),
    **dict.fromkeys(
        ("__aenter__", "__aexit__"),
        "a test cannot enter it by `async with`: let a coroutine of the notebook do it",
    ),
    "__fspath__": "a test cannot use it as a path: read the path that it holds",
    "__buffer__": "a test cannot take its memory: let a function of the notebook do it",
    "__class_getitem__": "a test cannot index the class: write it without the brackets",
}


def refusing(name: str) -> Callable[..., NoReturn]:
    """Return the slot that refuses what it is called for."""

    def refuse(self: Any, *_: object, **__: object) -> NoReturn:
        raise NotDataError(f"{label_of(self)} has {name!r}, and {_INSTEAD[name]}")

    return refuse


def formatted(self: Any, spec: str) -> str:
    """Return the text that the object's class gives by this format.

    A format may hold what the test expects, so only an object may learn it that the test
    has made, or whose class has a format of its own in the staff's notebook.
    """
    seen = observations_of(self)
    if spec and not (seen.is_made or staff_defines(self, "__format__")):
        raise NotDataError(
            f"{label_of(self)} is an object: only objects that the test has made take a "
            "format. Format what one of its attributes or methods gives"
        )
    text = student_of(self).ask("slot", "format", self, spec)
    if type(text) is not str:
        raise CodecError("the student's process sent an invalid text")
    return text if seen.is_instance else f"{label_of(self)} {text}"


def _as_bytes(self: Any) -> bytes:
    found = student_of(self).ask("slot", "bytes", self)
    if type(found) is not bytes:
        raise CodecError("the student's process sent invalid bytes")
    return found


def _length_hint(self: Any) -> int:
    found = student_of(self).ask("slot", "length_hint", self)
    if type(found) is not int or found < 0:
        raise CodecError("the student's process sent an invalid length")
    return found


def size_of(self: Any) -> int:
    """Return the size of the object, without what `sys.getsizeof` adds for a handle."""
    found = student_of(self).ask("slot", "sizeof", self)
    if type(found) is not int or found < 0:
        raise CodecError("the student's process sent an invalid size")
    return max(found - _ADDED, 0)


class _Empty:
    """An object that Python stores as it stores handles."""

    __slots__ = ("__weakref__", "part")


_ADDED: Final = sys.getsizeof(_Empty()) - _Empty().__sizeof__()


def not_pickled(self: Any, *_: object) -> NoReturn:
    """Refuse to pickle the object: nothing of the notebook's is unpickled here."""
    raise NotDataError(
        f"{label_of(self)} cannot be pickled by a test: let a function of the notebook "
        "pickle it and load it again"
    )


def refuse_as_base(self: Any, *_: object) -> NoReturn:
    """Refuse to be a base, by a class statement or by `type(…)`."""
    raise NotDataError(
        f"{label_of(self)} cannot be the base of a test's class: let a function of "
        "the notebook derive from it"
    )


def _bound(self: Any, instance: object, _owner: object = None) -> object:
    """Bind a function of the notebook's that is a method in a class of the test's."""
    return self if instance is None else MethodType(self, instance)


def _itself(self: Any, _instance: object, _owner: object = None) -> object:
    return self


# Kinds of objects that Python binds in a class, and whose binding shows nothing else.
BOUND: Final[Mapping[str, Callable[..., object]]] = {
    "builtins.function": _bound,
    "builtins.method": _itself,
}
# Slots that only the types of objects have whose class has them.
SOME_HAVE: Final[Mapping[str, Callable[..., Any]]] = {
    **{
        f"__{name}__": only_some_have(name)
        for name in ("abs", "round", "floor", "ceil", "trunc")
    },
    "__bytes__": _as_bytes,
    "__length_hint__": _length_hint,
    **{name: refusing(name) for name in _INSTEAD if name != "__class_getitem__"},
}
_DESCRIPTORS: Final = frozenset(("__get__", "__set__", "__delete__", "__set_name__"))


def slots_for(lacks: frozenset[str], first_base: str) -> dict[str, Callable[..., Any]]:
    """Return the slots of a type of handles whose objects' class lacks these.

    `first_base` is the place of that class.
    """
    body = {name: one for name, one in SOME_HAVE.items() if name not in lacks}
    bound = BOUND.get(first_base)
    if bound is not None:
        body = {name: one for name, one in body.items() if name not in _DESCRIPTORS}
        body["__get__"] = bound
    elif _DESCRIPTORS & body.keys():
        body["__set_name__"] = refusing("__set_name__")
    if "__class_getitem__" not in lacks:
        body["__getitem__"] = refusing("__class_getitem__")
    return body


_COMPARISONS: Final = ("eq", "ne", "lt", "le", "gt", "ge")
SLOTS: Final[Mapping[str, str]] = {
    **{f"__{name}__": ASKED for name in UNARY},
    **{f"__{side}{name}__": ASKED for name in BINARY for side in ("", "r", "i")},
    # But `equal_by_identity` answers `==` and `!=` of two objects without equality.
    **{f"__{name}__": REFUSED for name in _COMPARISONS},
    **dict.fromkeys(
        (
            *("__format__", "__repr__", "__str__", "__sizeof__", "__dir__"),
            *("__hash__", "__getattr__", "__setattr__", "__delattr__", "__doc__"),
            *("__setitem__", "__delitem__", "__copy__", "__deepcopy__"),
            *("__instancecheck__", "__subclasscheck__", "__dict__", "__module__"),
            *("__name__", "__qualname__", "__annotations__", "__bases__"),
        ),
        ASKED,
    ),
    **dict.fromkeys(
        (
            *("__len__", "__iter__", "__reversed__", "__next__", "__contains__"),
            *("__getitem__", "__enter__", "__exit__", "__await__", "__call__"),
            *("__abs__", "__round__", "__floor__", "__ceil__", "__trunc__"),
            *("__bytes__", "__length_hint__"),
        ),
        TOLD,
    ),
    **dict.fromkeys(
        (
            *_INSTEAD,
            *("__bool__", "__int__", "__float__", "__complex__", "__index__"),
            *("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__"),
            *("__getnewargs__", "__getnewargs_ex__", "__array__", "__mro_entries__"),
            *("__mro__", "__slots__", "__missing__", "__release_buffer__"),
        ),
        REFUSED,
    ),
    **dict.fromkeys(
        (
            *("__new__", "__init__", "__del__", "__class__", "__getattribute__"),
            *("__init_subclass__", "__subclasshook__", "__prepare__", "__weakref__"),
        ),
        OF_PYTHON,
    ),
}


def of_handles(name: str) -> bool:
    """Return whether every handle has this special name in its own way.

    A test that reads it by name would be told of the handle and not of the object.
    """
    is_special = name.startswith("__") and name.endswith("__")
    return is_special and name not in _PYTHON_READS


# Python itself reads these of an object in the frame of a test.
_PYTHON_READS: Final = frozenset(
    ("__class__", "__bases__", "__mro_entries__", "__getattr__", "__getattribute__")
)
