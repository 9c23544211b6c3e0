"""Python's abstract classes asked about objects of the student's: `isinstance(x, Iterable)`.

A handle has methods that its object's class lacks: Python goes through an object that
has `__getitem__` alone. So these classes are told what the snapshot has told.
"""

import _collections_abc
import os
from typing import Any, Final

from runner.inside.grader.handle_classes import told_lacks

_check: Final = _collections_abc._check_methods  # type: ignore[attr-defined]  # noqa: SLF001 - no public one


def install() -> None:
    """Let `isinstance` with an abstract class answer by the object's own class."""
    for module in (_collections_abc, os):
        vars(module)["_check_methods"] = check_methods


def check_methods(kind: type, *methods: str) -> Any:
    """Return whether the class has these methods, as the function that this replaces."""
    lacks = told_lacks(kind)
    if lacks is not None and not lacks.isdisjoint(methods):
        return NotImplemented
    return _check(kind, *methods)
