"""Which objects of the student's may learn what a test calls, indexes or assigns.

Otherwise an object in a value's place would learn what the test expects: by the argument
of a method that values have, too, by an index that is a label, by an assigned value.
"""

import sys
from typing import Any, Final

import numpy as np
import torch

from runner.inside.grader.answers import slice_parts
from runner.inside.grader.handle_parts import (
    HandleBase,
    is_handle,
    known_of,
    observations_of,
    student_of,
)

# Classes whose objects are not values. Their objects may have all that the class has,
# even under the name of a value's method.
_OF_OBJECTS: Final = (
    torch.nn.Module,
    torch.nn.ParameterList,
    torch.optim.Optimizer,
    torch.optim.lr_scheduler.LRScheduler,
    torch.utils.data.Dataset,
    torch.utils.data.DataLoader,
    torch.utils.data.Sampler,
    torch.distributions.Distribution,
)
# Values that may be assigned to an item of such a class.
_PARTS: Final = (torch.nn.Module, torch.nn.Parameter)


def is_made(handle: HandleBase) -> bool:
    """Return whether the test has made the object and got it only from there."""
    return observations_of(handle).is_made


def staff_defines(handle: HandleBase, name: str) -> bool:
    """Return whether the staff's own notebook defines a method of that name."""
    return name in student_of(handle).methods


def library_defines(handle: HandleBase, name: str) -> bool:
    """Return whether the object passes for one of a library's class with the method.

    Only for a closed list of classes: torch has others that stand for lists and numbers.
    """
    known: Any = known_of(handle)
    return (
        known is not None and issubclass(known, _objects_of_libraries())
    ) and hasattr(known, name)


def _objects_of_libraries() -> tuple[type, ...]:
    estimator = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
    return (*_OF_OBJECTS, estimator) if isinstance(estimator, type) else _OF_OBJECTS


def may_have_method(handle: HandleBase, name: str) -> bool:
    """Return whether the object may have a method that values have, too."""
    return (
        staff_defines(handle, name) or is_made(handle) or library_defines(handle, name)
    )


def may_be_asked_for(handle: HandleBase) -> bool:
    """Return whether `item in x` may ask the object whether it contains the item.

    The object that stands in the place of a list would say yes to all. So the test must
    have made the object, or have it by a name for which the staff's own notebook makes
    an object of a class with the method.
    """
    is_known = is_made(handle) or observations_of(handle).is_named_container
    return is_known and staff_defines(handle, "__contains__")


def may_be_called_by_libraries(handle: HandleBase) -> bool:
    """Return whether a library may call the object where it would also take a value.

    An instance that the test has made is meant to be called if its class says so in the
    staff's own notebook, or in a library.
    """
    seen = observations_of(handle)
    if seen.is_named_function or seen.is_constructor:
        return True
    is_function = staff_defines(handle, "__call__") or library_defines(
        handle, "__call__"
    )
    return is_function and is_made(handle)


def may_get(handle: HandleBase, key: object) -> bool:
    """Return whether the object may be asked for the item under the key.

    An object that the test has made always may be, and a class of the staff's own
    notebook may be asked for a name, as it may be called: `Action["LEFT"]`.
    """
    is_name = type(key) is str and observations_of(handle).is_constructor
    return is_made(handle) or is_name or _may_learn(handle, "__getitem__", key)


def may_set(handle: HandleBase, key: object, value: object) -> bool:
    """Return whether the object may be given the value under the key."""
    if is_made(handle):
        return True
    is_free = staff_defines(handle, "__setitem__")
    is_part = is_handle(value) or isinstance(value, _PARTS)
    return _may_learn(handle, "__setitem__", key) and (is_free or is_part)


def may_delete(handle: HandleBase, key: object) -> bool:
    """Return whether the object may be told to delete the item under the key."""
    return is_made(handle) or _may_learn(handle, "__delitem__", key)


def _may_learn(handle: HandleBase, method: str, key: object) -> bool:
    """Return whether an object that the test has not made may learn the key.

    Arrays are indexed by tuples of indices, too; so only classes that the staff's
    notebook defines may learn a tuple.
    """
    if staff_defines(handle, method):
        parts = key if isinstance(key, tuple) else (key,)
        return all(map(_is_plain, parts))
    return library_defines(handle, method) and _is_plain(key)


def _is_plain(key: object) -> bool:
    if isinstance(key, slice):
        parts = slice_parts(key)
        return all(one is None or index_of(one) is not None for one in parts)
    is_sign = key is None or key is ... or isinstance(key, str) or is_handle(key)
    return is_sign or index_of(key) is not None


def index_of(key: object) -> int | None:
    """Return the integer that the key stands for, or None if it stands for none."""
    if isinstance(key, bool | np.bool_):
        return None
    if isinstance(key, int | np.integer):
        return int(key)
    if isinstance(key, np.ndarray | torch.Tensor) and key.ndim == 0:
        number = key.item()
        return number if type(number) is int else None
    return None
