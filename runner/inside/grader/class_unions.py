"""Unions with classes of the notebook's, such as `A | None`, for `isinstance`."""

import types
from collections.abc import Callable
from typing import Any, Final

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.handle_parts import is_class, is_handle, label_of

UNIONS: Final = frozenset(("__or__", "__ror__"))
_PARTS: Final = (type, types.UnionType, types.GenericAlias, type(None))


class ClassUnion:
    """Several classes, of which at least one is the notebook's."""

    def __init__(self, *parts: Any) -> None:
        self._parts = parts

    def __or__(self, other: object) -> "ClassUnion":
        return ClassUnion(*self._parts, _part(other))

    def __ror__(self, other: object) -> "ClassUnion":
        return ClassUnion(_part(other), *self._parts)

    def __instancecheck__(self, instance: object) -> bool:
        return any(isinstance(instance, one) for one in self._parts)

    def __subclasscheck__(self, subclass: type) -> bool:
        return any(issubclass(subclass, one) for one in self._parts)

    def __repr__(self) -> str:
        words = (
            label_of(one) if is_handle(one) else getattr(one, "__name__", repr(one))
            for one in self._parts
        )
        return " | ".join(words)


def or_union(operate: Callable[..., Any]) -> Callable[..., Any]:
    """Return the operator, which for a class makes a union."""

    def unite(self: Any, other: Any) -> Any:
        if not is_class(self):
            return operate(self, other)
        # Python asks for `__ror__` only where the left side makes no union.
        return ClassUnion(self, _part(other))

    return unite


def _part(value: Any) -> Any:
    is_part = is_class(value) if is_handle(value) else isinstance(value, _PARTS)
    if not (is_part or isinstance(value, ClassUnion)):
        raise NotDataError("a class of the notebook's makes a union with classes only")
    return type(None) if value is None else value
