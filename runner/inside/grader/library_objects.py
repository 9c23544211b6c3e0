"""Objects of library classes as they go to a snapshot, without their hidden data."""

import functools
import io
import itertools
import pickle
import sys
import types
from collections import ChainMap
from collections.abc import Callable, Collection
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

from runner.inside.grader import given_generators
from runner.inside.values.codec import CodecError
from runner.inside.values.gradients import check_operand, gradient_of
from runner.inside.values.layouts import is_dense
from runner.inside.values.numbered_parts import numbered_part

_LIBRARIES: Final = frozenset(
    (
        *("builtins", "collections", "functools", "itertools", "math", "operator"),
        *("numpy", "pandas", "scipy", "sklearn", "torch"),
    )
)
# The modules searched for a function that does not know its own module.
_HOMES: Final = (
    "torch",
    "torch.nn.functional",
    "numpy",
    "math",
    "operator",
    "builtins",
)
_DATA: Final = (torch.Tensor, np.ndarray)
MAX_ITEMS: Final = 100_000
_FUNCTIONS: Final = (
    *(types.FunctionType, types.BuiltinFunctionType, types.MethodType),
    functools._lru_cache_wrapper,  # noqa: SLF001 - it has no other name
)
_WHOLE_SAMPLERS: Final = (SequentialSampler, RandomSampler)


def is_iterator(value: object) -> bool:
    """Return whether the value is an iterator of Python's or of a library's."""
    return hasattr(type(value), "__next__") and _is_library(type(value).__module__)


def remaining(iterator: Any) -> list[object]:
    """Return the items that are left in the iterator, and use them up as a call would.

    Its pickle would also hold the items that it has already given. Raises CodecError
    for more than 100,000 items.
    """
    items = list(itertools.islice(iterator, MAX_ITEMS + 1))
    if len(items) > MAX_ITEMS:
        raise CodecError(
            f"an iterator with more than {MAX_ITEMS:,} items cannot be given to the "
            "student's code: give a list"
        )
    return items


def library_name(value: object) -> str:
    """Return the place of the function or class in a library, or ""."""
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
    """A pickler for objects of library classes that leaves out their hidden data.

    It takes no object of a test's own classes. No object brings the rest of what it is
    a part of: a tensor its whole storage, a subset its whole dataset, or a generator
    what it has drawn.
    """

    def __init__(
        self,
        sink: io.BytesIO,
        written: Collection[int],
        known: Callable[[object], object],
        number: Callable[[object], int | None],
    ) -> None:
        super().__init__(sink, protocol=5)
        self._written = written
        self._known = known
        self._number = number
        # Whether tensors and arrays get numbers.
        self.numbers = False
        # The ids of the tensors and arrays that are in the pickles so far.
        self.values: set[int] = set()

    def persistent_id(self, value: Any) -> Any:
        """Return the number of a part of the message that was sent as data."""
        return self._known(value) if isinstance(value, _DATA) else None

    def reducer_override(self, value: Any) -> Any:
        if value is numbered_part:
            return NotImplemented
        if isinstance(value, type) or _is_function(value):
            is_known = bool(library_name(value))
        else:
            is_known = _is_library(type(value).__module__)
        if not is_known:
            raise pickle.PicklingError("not an object of a library")
        if isinstance(value, _DATA):
            self.values.add(id(value))
        generator = given_generators.reduced(value, self._written)
        reduced = _reduced(value) if generator is None else generator
        is_numbered = self.numbers and isinstance(value, _DATA)
        return self._numbered(value, reduced) if is_numbered else reduced

    def _numbered(self, value: Any, reduced: Any) -> Any:
        """Return how the tensor or array is rebuilt, and found by a number."""
        number = self._number(value)
        if number is None:
            return reduced
        if reduced is NotImplemented:
            reduced = value.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        make, arguments, *more = reduced
        return numbered_part, (number, make, arguments), *more


def _reduced(value: Any) -> Any:
    """Return how the object is rebuilt, or NotImplemented to use its own way."""
    if isinstance(value, torch.Tensor):
        return _with_gradient(value, _compact(value))
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
    """Return how to rebuild a tensor, without the larger storage that it may share."""
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


def _with_gradient(tensor: Any, reduced: Any) -> Any:
    """Return how to rebuild a tensor with its gradient, which pickles leave out."""
    gradient = gradient_of(tensor)
    if gradient is None:
        return reduced
    check_operand(gradient)
    if reduced is NotImplemented:
        reduced = tensor.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    make, arguments = reduced
    assign: Any = torch._utils._set_obj_state  # noqa: SLF001 - it has no other name
    return make, arguments, {"grad": gradient}, None, None, assign


def _loads_everything(loader: DataLoader[Any]) -> bool:
    """Return whether the loader gives all items of its dataset, and holds no others."""
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
        and not (loader.drop_last and items % (loader.batch_size or 1))
    )


def _shown_alone(value: Any) -> Any:
    """Return how to rebuild an array, without memory that it does not show.

    A few fields of a record array are a view of all fields, and a masked array also
    holds the values that it masks.
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
    return isinstance(value, _FUNCTIONS)


class LibraryPickles:
    """The pickles of one message, which share their objects.

    So an optimiser steps on the parameters of the network sent with it. `known` returns
    the number of a part of the message that was sent as data, or None, and `number` a
    number for a tensor or an array inside of a pickle. `written` are the seeds that
    stand in the test's text.
    """

    def __init__(
        self,
        written: Collection[int],
        known: Callable[[object], object],
        number: Callable[[object], int | None] = lambda _: None,
    ) -> None:
        self._sink = io.BytesIO()
        self._pickler = _LibraryPickler(self._sink, written, known, number)

    def hold(self, value: object) -> bool:
        """Return whether the tensor or array is in a pickle already."""
        return id(value) in self._pickler.values

    def pickled(self, value: object) -> bytes | None:
        """Return the pickle of an object of a library class, or None if it has none."""
        if isinstance(value, type) or _is_function(value):
            return None
        memo, values = self._pickler.memo.copy(), set(self._pickler.values)
        self._sink.seek(0)
        self._sink.truncate()
        # A network is compared as a whole.
        self._pickler.numbers = not isinstance(value, torch.nn.Module)
        try:
            self._pickler.dump(value)
        except Exception as error:  # an object's own __reduce__ may raise anything
            # This pickle is not sent, so later ones must not refer to its objects.
            self._pickler.memo, self._pickler.values = memo, values
            if isinstance(error, CodecError):
                raise
            return None
        return self._sink.getvalue()
