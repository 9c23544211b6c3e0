"""Weak references of a test to objects of the student's.

A stand-in always takes one, and the object of a class with `__slots__` often does not. So
the functions and collections of `weakref` answer by what the snapshot has told.
"""

import _weakrefset
import sys
import weakref
from types import FrameType
from typing import Any, Final

from runner.inside.grader.callers import CALLERS
from runner.inside.grader.handle_classes import told_lacks
from runner.inside.grader.handle_parts import is_handle
from runner.wire.special_methods import WEAK

_ref: Final[Any] = weakref.ref
_proxy: Final[Any] = weakref.proxy
# The modules whose collections make weak references for a test.
_MAKING: Final = frozenset(("weakref", "_weakrefset", "_collections_abc", __name__))


class _Asking(type):
    """The metaclass of `AskedReference`, which makes references of Python's own class."""

    def __call__(cls, value: Any, *callback: Any, **named: Any) -> Any:
        if cls is not AskedReference:
            return super().__call__(value, *callback, **named)
        _check(value)
        return _ref(value, *callback)

    def __instancecheck__(cls, instance: object) -> bool:
        kind = _ref if cls is AskedReference else cls
        return type.__instancecheck__(kind, instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        kind = _ref if cls is AskedReference else cls
        return type.__subclasscheck__(kind, subclass)


class AskedReference(_ref, metaclass=_Asking):
    """What stands in the place of `weakref.ref`."""

    __slots__ = ()

    def __new__(cls, value: Any, *callback: Any) -> Any:
        _check(value)
        return _ref.__new__(cls, value, *callback)


def install() -> None:
    """Let weak references be made of those objects alone of which the notebook makes them."""
    asked: Any = AskedReference
    asked.__name__ = asked.__qualname__ = "ReferenceType"
    asked.__module__ = "weakref"
    modules: Any = weakref, _weakrefset
    for module in modules:
        module.ref = asked
    modules[0].proxy = proxy


def proxy(value: Any, *callback: Any) -> Any:
    """Return a weak proxy of the value. Raises TypeError like Python's own."""
    _check(value)
    return _proxy(value, *callback)


def _check(value: Any) -> None:
    """Raise TypeError if a test makes a weak reference that the notebook cannot make."""
    if not is_handle(value):
        return
    lacks = told_lacks(type(value))
    if lacks is not None and WEAK in lacks and _is_asked(sys._getframe(2)):  # noqa: SLF001 - who asks decides
        name = type(value).__name__
        raise TypeError(f"cannot create weak reference to '{name}' object")


def _is_asked(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_globals.get("__name__") in _MAKING:
        frame = frame.f_back
    return frame is not None and CALLERS.is_test(frame)
