"""The special methods of which a snapshot tells whether an object's class has them.

Those by which an object is iterated, entered and awaited are sent as names. All others
are the bits of one number, because a message may hold many objects.
"""

import inspect
from collections.abc import Iterator
from typing import Final

BINARY: Final = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "divmod"),
    *("and", "or", "xor", "lshift", "rshift"),
)

NAMED: Final = (
    *("__len__", "__iter__", "__reversed__", "__next__", "__contains__", "__getitem__"),
    *("__enter__", "__await__"),
)
_BITS: Final = (
    *("__hash__", "__exit__", "__int__", "__float__", "__complex__", "__index__"),
    *("__abs__", "__neg__", "__pos__", "__invert__"),
    *(f"__{side}{name}__" for side in ("", "r", "i") for name in BINARY),
    *("__round__", "__floor__", "__ceil__", "__trunc__", "__bytes__", "__fspath__"),
    *("__length_hint__", "__aiter__", "__anext__", "__aenter__", "__aexit__"),
    *("__get__", "__set__", "__delete__", "__set_name__", "__buffer__"),
    # No special methods, but Python's abstract classes ask for them.
    *(f"{side}{name}" for side in ("", "a") for name in ("send", "throw", "close")),
)
# Methods of a class itself, by which Python asks the class and no object of it.
OF_CLASS: Final = "__class_getitem__"
# No method either: whether Python makes weak references to objects of the class.
WEAK: Final = "__weakref__"
# The functions of `inspect` that say of which kind an object is.
INSPECTIONS: Final = frozenset(
    name
    for name, value in vars(inspect).items()
    if name.startswith("is") and getattr(value, "__module__", None) == "inspect"
)
_ALL_BITS: Final = (*_BITS, OF_CLASS, WEAK)
TOLD_METHODS: Final = frozenset((*NAMED, *_ALL_BITS))


def named_of(kind: type) -> list[str]:
    """Return the names of those that the class has."""
    return [name for name in NAMED if hasattr(kind, name)]


def bits_of(value: object) -> int:
    """Return the others that the value's class has. One that is None says that it has none."""
    kind = type(value)
    has = (getattr(kind, name, None) is not None for name in _BITS)
    is_generic = isinstance(value, type) and hasattr(value, OF_CLASS)
    is_weak = bool(kind.__weakrefoffset__)
    return sum(
        1 << place for place, one in enumerate((*has, is_generic, is_weak)) if one
    )


def in_bits(bits: object) -> Iterator[str]:
    """Yield the names that such a number stands for."""
    if type(bits) is int and bits >= 0:
        yield from (name for place, name in enumerate(_ALL_BITS) if bits >> place & 1)
