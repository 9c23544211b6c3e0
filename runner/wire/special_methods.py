"""The special methods of which a snapshot tells whether an object's class has them.

Those by which an object is iterated, entered and awaited are sent as names. All others
are the bits of one number, because a message may hold many objects.
"""

from collections.abc import Iterator
from typing import Final

_OPERATORS: Final = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow"),
)

NAMED: Final = (
    *("__len__", "__iter__", "__reversed__", "__next__", "__contains__", "__getitem__"),
    *("__enter__", "__await__"),
)
_BITS: Final = (
    *("__hash__", "__exit__", "__int__", "__float__", "__complex__", "__index__"),
    *("__abs__", "__neg__", "__pos__", "__invert__"),
    *(f"__{side}{name}__" for side in ("", "r", "i") for name in _OPERATORS),
)
TOLD_METHODS: Final = frozenset((*NAMED, *_BITS))


def named_of(kind: type) -> list[str]:
    """Return the names of those that the class has."""
    return [name for name in NAMED if hasattr(kind, name)]


def bits_of(kind: type) -> int:
    """Return the others that it has. One that is None says that there is none."""
    has = (getattr(kind, name, None) is not None for name in _BITS)
    return sum(1 << place for place, one in enumerate(has) if one)


def in_bits(bits: object) -> Iterator[str]:
    """Yield the names that such a number stands for."""
    if type(bits) is int and bits >= 0:
        yield from (name for place, name in enumerate(_BITS) if bits >> place & 1)
