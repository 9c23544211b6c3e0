"""Numbers, texts and collections whose classes in the notebook have operators of their own.

They arrive as values of a class made here. The value's own operator would answer another
question than the notebook's, so those that the class has in its own way are refused. Values
are still compared by `==`, which is the tests' own.
"""

import sys
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from runner.inside.values.nodes import CodecError

_OF_VALUES: Final = (
    *(int, float, complex, str, bytes, tuple, list, dict, set, frozenset),
)
# What makes, shows and describes a value, and what its content is read by.
_NOT_OPERATORS: Final = frozenset(
    (
        *("__new__", "__init__", "__doc__", "__repr__", "__str__", "__format__"),
        *("__hash__", "__getattribute__", "__getnewargs__", "__sizeof__", "__reduce__"),
        *("__reduce_ex__", "__eq__", "__ne__", "__iter__", "__len__", "__getstate__"),
        *("__class_getitem__", "__init_subclass__", "__subclasshook__", "__dir__"),
        *("__setattr__", "__delattr__", "__class__", "__getnewargs_ex__"),
    )
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
REDEFINABLE: Final[Mapping[type, frozenset[str]]] = {
    kind: (frozenset(vars(kind)) | OPERATORS) - _NOT_OPERATORS for kind in _OF_VALUES
}
# By these the object behind a value is asked, if the test has made it.
_ASKED: Final = frozenset(
    f"__{side}{name}__" for side in ("", "r") for name in _BINARY
) | {"__neg__", "__pos__", "__abs__", "__invert__"}
_OBJECT: Final = "_OwnOperators__object"
_MOST: Final = 256
_kinds: Final[dict[tuple[type, tuple[str, ...]], Any]] = {}
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
    base = next((one for one in kind.__mro__ if one in REDEFINABLE), None)
    if base is None or issubclass(kind, Enum):
        return []
    own = {name for one in kind.__mro__ if _is_notebook_s(one) for name in vars(one)}
    return sorted(own & REDEFINABLE[base])


def _is_notebook_s(kind: type) -> bool:
    """Return whether no module but the notebook has the class."""
    module = sys.modules.get(kind.__module__)
    is_installed = (
        kind.__module__ not in {"__main__", "builtins"} and module is not None
    )
    return (
        kind not in REDEFINABLE
        and kind is not object
        and not (is_installed and getattr(module, kind.__name__, None) is kind)
    )


def of_own_class(value: Any, node: Mapping[str, Any]) -> Any:
    """Return the same value, which refuses the node's operators. Raises CodecError."""
    names = node.get("anew", ())
    if names == ():
        return value
    base = next((one for one in type(value).__mro__ if one in REDEFINABLE), None)
    if base is None or type(names) is not list:
        raise CodecError("an invalid value of a class of the notebook's")
    if not all(type(name) is str and name in REDEFINABLE[base] for name in names):
        raise CodecError("an invalid operator of a class of the notebook's")
    kind = _kind_of(type(value), tuple(names))
    if base is dict:
        made = kind()
        dict.update(made, value)
        return made
    new: Any = base.__new__
    return kind(value) if base in {list, set} else new(kind, value)


def _kind_of(base: type, names: tuple[str, ...]) -> Any:
    if (base, names) not in _kinds:
        if len(_kinds) >= _MOST:
            _kinds.clear()
        body: dict[str, Any] = {name: _refusal(name) for name in names}
        body["__module__"] = base.__module__
        _kinds[base, names] = type(base.__name__, (base,), body)
    return _kinds[base, names]


def bind(value: Any, behind: object) -> Any:
    """Return the value, by whose operators the object behind it is asked."""
    if hasattr(value, "__dict__"):
        vars(value)[_OBJECT] = behind
    return value


def redefines(value: object, name: str) -> bool:
    """Return whether the class of this value has the operator in its own way."""
    kind = type(value)
    return kind in _kinds.values() and name in vars(kind)


def object_of(value: Any) -> Any:
    """Return the object behind the value, or None."""
    return vars(value).get(_OBJECT) if type(value) in _kinds.values() else None


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


def _behind(value: Any) -> Any:
    behind = object_of(value)
    return value if behind is None else behind
