"""Objects of libraries as they go to a snapshot, with no more than what they show."""

import io
import itertools
import pickle
import sys
import types
from collections import ChainMap
from collections.abc import Collection
from typing import Any, Final

import numpy as np
import torch
from numpy.lib.recfunctions import repack_fields
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    Subset,
)

from runner.grader import given_generators
from runner.values.codec import CodecError
from runner.values.layouts import is_dense

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


def is_iterator(value: object) -> bool:
    """Say whether the value is an iterator of Python's or of a library's."""
    return hasattr(type(value), "__next__") and _is_library(type(value).__module__)


def remaining(iterator: Any) -> list[object]:
    """Return the items that are left in it, and use them up, as a call would.

    Its pickle would also hold the items that it has already given. Raises CodecError.
    """
    items = list(itertools.islice(iterator, _MAX_ITEMS + 1))
    if len(items) > _MAX_ITEMS:
        raise CodecError("an endless iterator cannot be given: give a list")
    return items


def library_name(value: object) -> str:
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
    part of: a tensor its whole storage, a subset its whole dataset, or a generator what
    it has drawn.
    """

    def __init__(self, sink: io.BytesIO, written: Collection[int]) -> None:
        super().__init__(sink, protocol=5)
        self._written = written

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, type) or _is_function(value):
            is_known = bool(library_name(value))
        else:
            is_known = _is_library(type(value).__module__)
        if not is_known:
            raise pickle.PicklingError("not a library's")
        generator = given_generators.reduced(value, self._written)
        return _reduced(value) if generator is None else generator


def _reduced(value: Any) -> Any:
    """Return how the object is rebuilt, or NotImplemented if its own way will do."""
    if isinstance(value, torch.Tensor):
        return _compact(value)
    if isinstance(value, np.ndarray | np.void):
        return _shown_alone(value)
    if type(value) is Subset:
        items = [value.dataset[index] for index in value.indices]
        return Subset, (items, list(range(len(items))))
    if isinstance(value, ChainMap):
        return dict, (dict(value),)
    if isinstance(value, DataLoader) and not _loads_everything(value):
        raise pickle.PicklingError("the loader holds more than it loads")
    if is_iterator(value):
        return iter, (remaining(value),)
    return NotImplemented


def _compact(tensor: torch.Tensor) -> Any:
    """Return how a tensor is rebuilt that shares a larger storage, by its own numbers."""
    if tensor.layout is not torch.strided:
        return NotImplemented
    size = tensor.numel() * tensor.element_size()
    if is_dense(tensor.shape, tensor.stride()):
        if tensor.untyped_storage().nbytes() <= size:
            return NotImplemented
        own: Any = tensor.detach().clone(memory_format=torch.preserve_format)
    else:
        own = tensor.detach().clone(memory_format=torch.contiguous_format)
    own.requires_grad_(tensor.requires_grad)
    if type(tensor) is torch.nn.Parameter:
        own = torch.nn.Parameter(own, requires_grad=tensor.requires_grad)
    return own.__reduce_ex__(pickle.HIGHEST_PROTOCOL)


def _loads_everything(loader: DataLoader[Any]) -> bool:
    """Say whether the loader gives all items of its dataset, and holds nothing else."""
    sampler: Any = loader.sampler
    dataset: Any = loader.dataset
    samplers = [sampler, getattr(loader.batch_sampler, "sampler", sampler)]
    items = len(dataset)
    generators = [
        loader.generator,
        *(getattr(one, "generator", None) for one in samplers),
    ]
    return (
        all(type(one) in _WHOLE_SAMPLERS for one in samplers)
        and type(loader.batch_sampler) in {BatchSampler, type(None)}
        and all(len(one) == items for one in samplers)
        and not any(generators)
    )


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


def pickled(value: object, written: Collection[int] = ()) -> bytes | None:
    """Return the pickle of an object of a library class, or None if it has none.

    `written` are the seeds that stand in the test's text.
    """
    if isinstance(value, type) or _is_function(value):
        return None
    sink = io.BytesIO()
    try:
        _LibraryPickler(sink, written).dump(value)
    except CodecError:
        raise
    except Exception:  # noqa: BLE001 - whatever an object's own __reduce__ raises
        return None
    return sink.getvalue()
