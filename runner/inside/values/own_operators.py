"""Numbers, texts and collections whose classes in the notebook have operators of their own.

They arrive as values of a class made here. The value's own operator would answer another
question than the notebook's, so those that the class has in its own way are refused. Values
are still compared by `==`, which is the tests' own.
"""

import sys
from collections import deque, namedtuple
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import torch

from runner.inside.values import own_classes, own_names
from runner.inside.values.nodes import CodecError

# Values whose plain classes answer no names but their own.
_PLAIN: Final = (
    *(int, float, complex, str, bytes, tuple, list, dict, set, frozenset),
    *(bytearray, deque),
)
_OF_VALUES: Final = (*_PLAIN, np.ndarray, np.generic, torch.Tensor)
# What makes, shows and describes a value, and what its content is read by.
_NOT_OPERATORS: Final = frozenset(
    (
        *("__new__", "__init__", "__doc__"),
        *("__hash__", "__getattribute__", "__getnewargs__", "__sizeof__", "__reduce__"),
        *("__reduce_ex__", "__eq__", "__ne__", "__iter__", "__len__", "__getstate__"),
        *("__class_getitem__", "__init_subclass__", "__subclasshook__", "__dir__"),
        *("__setattr__", "__delattr__", "__class__", "__getnewargs_ex__"),
        # What a class of arrays, tensors or tables has to say how results are made.
        *("__array_finalize__", "__array_wrap__", "__array_prepare__", "__array__"),
        *("__array_priority__", "__finalize__", "__getattr__", "__setstate__"),
        *("__copy__", "__deepcopy__", "__module__", "__dict__", "__weakref__"),
        *("__slots__", "__annotations__", "__orig_bases__", "__parameters__"),
        *("__qualname__", "__match_args__", "__abstractmethods__", "__buffer__"),
    )
)
# By these a class decides what all operators of its arrays or tensors do.
_DECIDING: Final = frozenset(
    ("__array_ufunc__", "__array_function__", "__torch_function__")
)
_BINARY: Final = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "divmod"),
    *("and", "or", "xor", "lshift", "rshift"),
)
OPERATORS: Final = frozenset(
    (
        *(f"__{side}{name}__" for side in ("", "r", "i") for name in _BINARY),
        *("__lt__", "__le__", "__gt__", "__ge__", "__neg__", "__pos__", "__abs__"),
        *("__invert__", "__bool__", "__call__", "__contains__", "__reversed__"),
        *("__getitem__", "__setitem__", "__delitem__", "__missing__", "__round__"),
        *("__int__", "__float__", "__complex__", "__index__", "__enter__", "__exit__"),
        *("__floor__", "__ceil__", "__trunc__"),
    )
)


# By these a value is shown. Text is no answer that a test compares unasked: so it is
# marked, and not refused, unless the test has made the value.
_SHOWING: Final = frozenset(("__repr__", "__str__", "__format__"))


def _names_of(kind: type) -> frozenset[str]:
    """Return what a class may have in its own way: no private names of a library."""
    names = {name for one in kind.__mro__[:-1] for name in vars(one)} | OPERATORS
    found = {name for name in names if name[0] != "_" or name.startswith("__")}
    found |= _SHOWING
    answers = {own_names.ANSWERS} if kind in _PLAIN else set()
    return frozenset(found - (_NOT_OPERATORS | _DECIDING) | answers)


REDEFINABLE: Final[dict[type, frozenset[str]]] = {
    kind: _names_of(kind) for kind in _OF_VALUES
}
_TABLES: Final = ("DataFrame", "Series", "Index")
# By these the object behind a value is asked, if the test has made it.
_ASKED: Final = frozenset(
    f"__{side}{name}__" for side in ("", "r") for name in _BINARY
) | {"__neg__", "__pos__", "__abs__", "__invert__"}
_MOST: Final = 256
_kinds: Final[dict[tuple[object, ...], Any]] = {}
# What makes the error for a refusal. A grader notes it.
_refused: list[Callable[[str], Exception]] = [TypeError]


def refuse_by(make: Callable[[str], Exception]) -> None:
    """Set what makes the error for a refusal."""
    _refused[0] = make


def refused(words: str) -> Exception:
    """Return the error for something that a test cannot do with a value."""
    return _refused[0](words)


def redefined(kind: type) -> list[str]:
    """Return the names that the class, which derives from a value's, has in its own way."""
    base = base_of(kind)
    if base is None:
        return []
    classes = [one for one in kind.__mro__ if is_notebook_s(one)]
    own = {
        name
        for one in classes
        for name, member in vars(one).items()
        if not (name in _SHOWING and _is_of_named_tuples(member))
    }
    if own & _DECIDING:
        own |= _ASKED
    if base in _PLAIN and own_names.answers_names(classes, base):
        own.add(own_names.ANSWERS)
    return sorted(own & REDEFINABLE[base])


def _is_of_named_tuples(member: object) -> bool:
    """Return whether Python has made this method, for a class of named tuples."""
    return getattr(member, "__module__", None) == namedtuple.__module__


def base_of(kind: type) -> type | None:
    """Return the class of values from which the class derives, or None."""
    pandas: Any = sys.modules.get("pandas")
    for name in _TABLES:
        table = getattr(pandas, name, None)
        if isinstance(table, type) and table not in REDEFINABLE:
            REDEFINABLE[table] = _names_of(table)
    return next((one for one in kind.__mro__ if one in REDEFINABLE), None)


def own_bases(kind: type) -> list[type]:
    """Return the notebook's own classes among those that a class of values has."""
    if base_of(kind) is None:
        return []
    return [one for one in kind.__mro__ if is_notebook_s(one)]


def is_notebook_s(kind: type) -> bool:
    """Return whether no module but the notebook has the class."""
    module = sys.modules.get(kind.__module__)
    is_installed = (
        kind.__module__ not in {"__main__", "builtins"} and module is not None
    )
    return (
        kind is not object
        and kind not in REDEFINABLE
        and not (is_installed and getattr(module, kind.__name__, None) is kind)
    )


def of_own_class(value: Any, node: Mapping[str, Any]) -> Any:
    """Return the same value, which refuses the node's operators. Raises CodecError."""
    if "anew" not in node and "of" not in node:
        return value
    names, base = node.get("anew", []), base_of(type(value))
    if base is None or type(names) is not list:
        raise CodecError("an invalid value of a class of the notebook's")
    if not all(type(name) is str and name in REDEFINABLE[base] for name in names):
        raise CodecError("an invalid operator of a class of the notebook's")
    kind = _kind_of(type(value), tuple(names), *own_classes.read(node))
    return own_classes.made(kind, value)


def _kind_of(
    base: type, names: tuple[str, ...], name: str, numbers: tuple[int, ...]
) -> Any:
    key = base, names, name, numbers
    if key not in _kinds:
        if len(_kinds) >= _MOST:
            _kinds.clear()
        plain = base_of(base) in _PLAIN
        body: dict[str, Any] = own_names.setting(refused, object_of) if plain else {}
        body |= {
            name: _text(name, base) if name in _SHOWING else _refusal(name)
            for name in names
        }
        if own_names.ANSWERS in names:
            body[own_names.ANSWERS] = own_names.answering(refused, object_of)
        _kinds[key] = own_classes.own_type(base, name, numbers, body)
    return _kinds[key]


def redefines(value: object, name: str) -> bool:
    """Return whether the class of this value has the operator in its own way."""
    kind = type(value)
    return own_classes.is_own(kind) and name in vars(kind)


def object_of(value: Any) -> Any:
    """Return the object behind the value, or None."""
    held = own_classes.behind(value)
    return None if held is None else held.asked


def _refusal(name: str) -> object:
    words = (
        f"the class of this value defines {name!r} in its own way in the notebook, and "
        "tests do not use that: let a function of the notebook do it, and compare what "
        "it returns"
    )

    def refuse(value: Any, *others: Any, **__: object) -> Any:
        behind = object_of(value)
        operate = getattr(type(behind), name, None) if name in _ASKED else None
        if operate is None:
            raise refused(words)
        return operate(behind, *map(_behind, others))

    return refuse if name.startswith("__") else property(refuse)


def _text(name: str, base: Any) -> Callable[..., str]:
    """Return the method that shows a value: as the object behind it, or marked."""

    def show(value: Any, *given: Any) -> str:
        behind = object_of(value)
        if behind is not None:
            found: str = getattr(type(behind), name)(behind, *given)
        else:
            found = f"<the student's {type(value).__name__}> {base.__repr__(value)}"
        return found

    return show


def _behind(value: Any) -> Any:
    behind = object_of(value)
    return value if behind is None else behind
