"""The special methods of which a snapshot tells whether an object's class has them."""

from typing import Final

_OPERATORS: Final = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow"),
)

# In the order in which they are sent.
METHODS: Final = (
    *("__len__", "__iter__", "__reversed__", "__next__", "__contains__", "__getitem__"),
    *("__enter__", "__exit__", "__await__", "__hash__"),
    *("__int__", "__float__", "__complex__", "__index__"),
    *("__abs__", "__neg__", "__pos__", "__invert__"),
    *(f"__{side}{name}__" for side in ("", "r", "i") for name in _OPERATORS),
)
TOLD_METHODS: Final = frozenset(METHODS)


def of(kind: type) -> list[str]:
    """Return those that the class has. One that is None says that there is none."""
    return [name for name in METHODS if getattr(kind, name, None) is not None]
