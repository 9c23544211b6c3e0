"""Special names, such as `__defaults__`, that a test asks of an object or of its type.

A stand-in has special methods and attributes of its own, and its type has others than
the object's class. So it says of no name that there is none unless the snapshot has said
so: it asks, or refuses in words.
"""

from types import FrameType
from typing import Any, Final

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.callers import CALLERS
from runner.inside.grader.handle_parts import (
    HandleBase,
    label_of,
    observations_of,
    student_of,
)

# Names that describe a function or a class: a test gets their values.
_DESCRIBING: Final = frozenset(
    (
        *("__defaults__", "__kwdefaults__", "__closure__", "__code__", "__wrapped__"),
        *("__dataclass_fields__", "__match_args__", "__abstractmethods__"),
        *("__self__", "__func__", "__origin__", "__args__"),
    )
)
# By these a library finds the code that it describes, as `dis` does.
_CODE: Final = "__code__"
# These ask for code only to tell the kind or the line of an object.
_ASKING_FOR_KINDS: Final = frozenset(
    (
        *("runner", "inspect", "functools", "unittest", "doctest", "_pytest"),
        *("typing", "torch", "scipy", "joblib"),
    )
)
# By these sklearn asks an estimator about itself, and it makes nothing of other objects.
_OF_SKLEARN: Final = "__sklearn_"
# Libraries ask for these in a test's frame. By them an object would pass for a value.
_OF_ARRAYS: Final = ("__array", "__torch", "__cuda", "__dlpack")
# What a type has whatever the object's class has.
_OF_EVERY_TYPE: Final = frozenset(
    (
        *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__bool__"),
        *("__repr__", "__str__", "__format__", "__slots__", "__mro__", "__bases__"),
        *("__base__", "__dict__", "__subclasses__", "__init__", "__new__", "mro"),
        *("__setattr__", "__delattr__", "__setitem__", "__delitem__", "__array__"),
        *("__getattr__", "__getattribute__", "__call__", "__contains__"),
        *("__doc__", "__annotations__", "__weakrefoffset__", "__dictoffset__"),
        *("__basicsize__", "__itemsize__", "__flags__", "__text_signature__"),
        *("__abstractmethods__", "__type_params__"),
    )
)


def of_object(handle: HandleBase, name: str, frame: FrameType) -> Any:
    """Return the value of a special name for the test that asks in that frame.

    Raises AttributeError if the object has none, and for a library. NotDataError for a
    library that asks for code, which it would find in no other way: it would then say
    that there is none.
    """
    if name.startswith(_OF_SKLEARN) and _library_of(frame) == "sklearn":
        return observations_of(handle).read(handle, name, student_of(handle))
    if not CALLERS.is_test(frame) or name.startswith(_OF_ARRAYS):
        if name == _CODE and _describes(frame):
            raise NotDataError(
                f"{label_of(handle)} has no code here that a library could describe: let "
                "a function of the notebook do it, such as `dis.dis`"
            )
        raise AttributeError(name)
    found = observations_of(handle).read(handle, name, student_of(handle))
    if name in _DESCRIBING:
        return found
    raise NotDataError(
        f"{label_of(handle)} has {name!r}, which a test cannot read: let a function of the "
        "notebook read it"
    )


def _describes(frame: FrameType) -> bool:
    """Return whether a library in this frame may describe the code that it asks for."""
    return _library_of(frame) not in _ASKING_FOR_KINDS


def _library_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def of_type(name: str, lacks: frozenset[str], frame: FrameType) -> None:
    """Check a name that a test asks of an object's type before the type answers.

    `lacks` are the special methods that the object's class does not have. Raises
    AttributeError for these.
    """
    if name in lacks and CALLERS.is_test(frame):
        raise AttributeError(name)
    if name in _OF_EVERY_TYPE and CALLERS.is_test(frame):
        raise refused_of_type(name)


def refused_of_type(name: str) -> NotDataError:
    """Return the error for a name that only the notebook's own class could tell of."""
    return NotDataError(
        f"`type(x).{name}` is not available for objects: use the operator or function for "
        "it, ask the object, or ask the class by its name"
    )
