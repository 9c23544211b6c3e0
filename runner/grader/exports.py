"""What a test may pass to the student's code beside data: never its own text.

Functions and classes of libraries go by their names, objects of library classes as
their state, iterators as the items that are left in them, and a test's own functions
as something to call back while the call runs that they were passed to.
"""

import contextlib
import io
import itertools
import pickle
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import torch
from numpy.lib.recfunctions import repack_fields
from torch.utils.data import DataLoader, RandomSampler, SequentialSampler, Subset

from runner.grader.handles import Handle, is_handle, number_of
from runner.values.codec import CodecError, Encoder, Node

_LIBRARIES: Final = frozenset(
    (
        *("builtins", "collections", "functools", "itertools", "math", "operator"),
        *("numpy", "pandas", "scipy", "sklearn", "torch"),
    )
)
# Where a function that does not know its own module is looked for.
_HOMES: Final = (
    "torch",
    "torch.nn.functional",
    "numpy",
    "math",
    "operator",
    "builtins",
)
_MAX_ITEMS: Final = 100_000
_WHOLE_SAMPLERS: Final = (SequentialSampler, RandomSampler)


class ExpiredCallbackError(RuntimeError):
    """The student's code called a test's function after the call it was passed to."""


class Exports:
    """The callbacks of one question, and the handles of one message.

    A callback lives as long as the call that it was passed to: `lifetime` encloses
    that call. Numbers are never used twice, so an old number never means a new function.
    """

    def __init__(self) -> None:
        self._callbacks: dict[int, Callable[..., object]] = {}
        self._count = 0
        self.handles: list[Handle] = []

    @contextlib.contextmanager
    def lifetime(self) -> Iterator[None]:
        """End the callbacks that are passed inside when the block ends."""
        first = self._count
        try:
            yield
        finally:
            for number in range(first, self._count):
                self._callbacks.pop(number, None)

    def refer(self, value: object, encoder: Encoder) -> Node:
        """Return the node of a value that is no plain data. Raises CodecError."""
        if is_handle(value):
            self.handles.append(value)
            return {"k": "handle", "v": number_of(value)}
        name = _library_name(value)
        if name:
            return {"k": "library", "v": name}
        if _is_iterator(value):
            return {"k": "iterator", "v": encoder.encode(_remaining(value))}
        data = _pickled(value)
        if data is not None:
            return {"k": "pickle", "b": encoder.add(data)}
        if callable(value):
            number, self._count = self._count, self._count + 1
            self._callbacks[number] = value
            return {"k": "callback", "v": number}
        raise CodecError(
            f"a {type(value).__name__} cannot be given to the student's code: give "
            "data, functions, or objects of a library"
        )

    def callback(self, number: object) -> Callable[..., object]:
        """Return the live function with this number. Raises ExpiredCallbackError."""
        found = self._callbacks.get(number) if type(number) is int else None
        if found is None:
            raise ExpiredCallbackError("no such function")
        return found


def _is_iterator(value: object) -> bool:
    return hasattr(type(value), "__next__") and _is_library(type(value).__module__)


def _remaining(iterator: Any) -> list[object]:
    """Return the items that are left in it, and use them up, as a call would.

    Its pickle would also hold the items that it has already given. Raises CodecError.
    """
    items = list(itertools.islice(iterator, _MAX_ITEMS + 1))
    if len(items) > _MAX_ITEMS:
        raise CodecError("an endless iterator cannot be given: give a list")
    return items


def _library_name(value: object) -> str:
    """Return where the function or class is found in a library, or ""."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(name, str):
        return ""
    module = getattr(value, "__module__", None)
    homes = [module] if _is_library(module) else []
    for home in (*homes, *_HOMES):
        for path in (name, name.rpartition(".")[2]):
            found: object = sys.modules.get(str(home))
            for part in path.split("."):
                found = getattr(found, part, None)
            if found is value:
                return f"{home}:{path}"
    return ""


def _is_library(module: object) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in _LIBRARIES


class _LibraryPickler(pickle.Pickler):
    """Takes objects of library classes, with no more than what they show.

    Nothing of a test's own goes along, and no object brings the rest of what it is a
    part of: a tensor its whole storage, or a subset its whole dataset.
    """

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, type) or _is_function(value):
            is_known = bool(_library_name(value))
        else:
            is_known = _is_library(type(value).__module__)
        if not is_known:
            raise pickle.PicklingError("not a library's")
        if isinstance(value, torch.Tensor):
            return _compact(value)
        if isinstance(value, np.ndarray | np.void):
            return _shown_alone(value)
        if type(value) is Subset:
            items = [value.dataset[index] for index in value.indices]
            return Subset, (items, list(range(len(items))))
        if isinstance(value, DataLoader) and not isinstance(
            value.sampler, _WHOLE_SAMPLERS
        ):
            raise pickle.PicklingError("the loader holds items that it does not load")
        if _is_iterator(value):
            return iter, (_remaining(value),)
        return NotImplemented


def _compact(tensor: torch.Tensor) -> Any:
    """Return how a tensor is rebuilt that shares a larger storage, by its own numbers."""
    if tensor.layout is not torch.strided:
        return NotImplemented
    if tensor.untyped_storage().nbytes() <= tensor.numel() * tensor.element_size():
        return NotImplemented
    own: Any = tensor.detach().clone(memory_format=torch.contiguous_format)
    own.requires_grad_(tensor.requires_grad)
    if type(tensor) is torch.nn.Parameter:
        own = torch.nn.Parameter(own, requires_grad=tensor.requires_grad)
    return own.__reduce_ex__(pickle.HIGHEST_PROTOCOL)


def _shown_alone(value: Any) -> Any:
    """Return how an array is rebuilt without what lies in its memory and is not shown.

    A few fields of a record are a view of all of them, and a masked array holds what it
    masks.
    """
    own = value
    if isinstance(value, np.ma.MaskedArray):
        own = np.ma.array(value.filled(value.fill_value), mask=value.mask)
    if own.dtype.names is not None:
        own = repack_fields(own, recurse=True)
    if own is value:
        return NotImplemented
    return own.__reduce_ex__(pickle.HIGHEST_PROTOCOL)


def _is_function(value: object) -> bool:
    return isinstance(
        value, types.FunctionType | types.BuiltinFunctionType | types.MethodType
    )


def _pickled(value: object) -> bytes | None:
    if isinstance(value, type) or _is_function(value):
        return None
    sink = io.BytesIO()
    try:
        _LibraryPickler(sink, protocol=5).dump(value)
    except Exception:  # noqa: BLE001 - whatever an object's own __reduce__ raises
        return None
    return sink.getvalue()
