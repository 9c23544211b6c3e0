"""The classes of errors that a test may catch by their own names."""

import sys
import sysconfig
import types
from collections.abc import Sequence
from typing import Any, Final

# Exceptions of installed libraries are imitated, too, since a test that expects one has
# named it; but not of those that give exceptions a meaning for a test or a debugger.
_STEERED: Final = frozenset(
    (
        *(
            "runner",
            "unittest",
            "doctest",
            "pytest",
            "_pytest",
            "bdb",
            "pdb",
            "asyncio",
        ),
        *("hypothesis", "pluggy", "concurrent", "multiprocessing", "builtins"),
        *("__main__", "checks"),
    )
)
# Libraries whose errors are made by calling their classes.
_CALLED: Final = frozenset(
    (
        *("numpy", "torch", "scipy", "sklearn", "pandas", "PIL", "json", "decimal"),
        *("queue", "_queue", "zipfile", "tarfile", "_csv", "configparser"),
        *("binascii", "struct", "builtins", "runner"),
    )
)
_MAKING: Final = frozenset(("__init__", "__new__"))
_STANDARD: Final = f"{sysconfig.get_path('stdlib')}/"
_PACKAGES: Final = ("/site-packages/", "/dist-packages/")
# Exceptions that only say what went wrong. Python itself gives others a meaning:
# StopIteration and its like end the loops and generators of a test that they reach.
ORDINARY: Final = (
    *(ArithmeticError, AssertionError, AttributeError, BufferError, EOFError),
    *(ImportError, LookupError, MemoryError, NameError, OSError, RuntimeError),
    *(SyntaxError, TypeError, ValueError, Warning),
)


def library_class(place: str) -> type[Exception] | None:
    """Return a library's class of errors or warnings, or None if it is not imported here.

    The place is the module that defines the class, and the class's name in it. SECURITY:
    a library's module also shows classes of others, such as unittest's SkipTest.
    """
    module, _, name = place.partition(":")
    if not is_imitated(module):
        return None
    base = vars(sys.modules.get(module, types)).get(name)
    if not (isinstance(base, type) and issubclass(base, Exception)):
        return None
    is_its_own = (base.__module__, base.__qualname__) == (module, name)
    return base if is_its_own and _is_ordinary(base) else None


def made_of(kind: type[Any], arguments: Sequence[object]) -> Any:
    """Return an exception of the class. Raises TypeError if it takes other arguments.

    SECURITY: the snapshot chooses the class and the arguments, so code of a library that
    only few know does not run. A test asks the object for its attributes.
    """
    if all(
        one.__module__.partition(".")[0] in _CALLED or _MAKING.isdisjoint(vars(one))
        for one in kind.__mro__
    ):
        return type.__call__(kind, *arguments)
    built_in = next(one for one in kind.__mro__ if one.__module__ == "builtins")
    return built_in.__new__(kind, *arguments)


def library_warning(place: str) -> type[Warning] | None:
    """Return such a class of warnings if it is made from its words, or None."""
    kind = library_class(place)
    if kind is None or not issubclass(kind, Warning):
        return None
    own = [one for one in kind.__mro__ if one.__module__ != "builtins"]
    return None if any("__init__" in vars(one) for one in own) else kind


def _is_ordinary(base: type) -> bool:
    """Return whether all base classes are ordinary, or of a library that is imitated."""
    return all(
        kind in {Exception, BaseException, object}
        or (kind.__module__ == "builtins" and issubclass(kind, ORDINARY))
        or is_imitated(kind.__module__)
        for kind in base.__mro__
    )


def is_imitated(module: str) -> bool:
    """Return whether what the module defines is imitated: it is installed, and not ours."""
    if module.partition(".")[0] in _STEERED:
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None or file.startswith(_STANDARD):
        return True
    return any(folder in file for folder in _PACKAGES)
