"""Torch's tensors, made from their description in a pickle and storages that were read.

A tensor is strided, on the CPU, and within its storage. Sparse, quantised and nested
tensors, tensors without data, and bare storages are not made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from runner.inside.readers.parts import Maker, Name
from runner.inside.readers.unreadable import NotReadError, UnreadableError
from runner.protocol.weights_only import TAKEN_BY_TORCH

_STORAGES: Final[Mapping[str, torch.dtype]] = {
    "torch.DoubleStorage": torch.float64,
    "torch.FloatStorage": torch.float32,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
    "torch.ComplexDoubleStorage": torch.complex128,
    "torch.ComplexFloatStorage": torch.complex64,
    "torch.storage.UntypedStorage": torch.uint8,
}
_UNTYPED: Final = "torch.storage.UntypedStorage"
_LARGEST: Final = 2**48
_DIMENSIONS: Final = 64
# The bytes that a tensor may seem to have if it repeats a smaller storage.
_SEEMING: Final = 2**30
_MARKS: Final = frozenset(("conj", "neg"))
_PLAIN: Final = (type(None), bool, int, float, str)
_MARKS_OF_BUFFERS: Final = frozenset(("persistent", "_is_buffer"))
_KINDS: Final[Mapping[str, type[torch.Tensor]]] = {
    "torch.Tensor": torch.Tensor,
    "torch.nn.parameter.Parameter": torch.nn.Parameter,
}


_untyped: Final[Any] = torch.UntypedStorage


@dataclass(eq=False, kw_only=True)
class Storage:
    """The bytes that tensors are views of."""

    dtype: torch.dtype
    is_untyped: bool
    count: int
    content: torch.UntypedStorage

    def fill(self, content: memoryview) -> None:
        """Copy the bytes into the storage, which has the same size."""
        if content.nbytes:
            bits = torch.empty(0, dtype=torch.uint8).set_(self.content)
            bits.numpy()[:] = np.frombuffer(content, dtype=np.uint8)


def storage_of(kind: object, count: object, room: int) -> Storage:
    """Return an empty storage of at most `room` bytes, of the kind that a pickle names."""
    if not isinstance(kind, Name) or type(count) is not int or count < 0:
        raise UnreadableError("a storage is invalid")
    path = kind.path.replace("torch.cuda.", "torch.")
    if path not in _STORAGES:
        raise NotReadError(f"a storage is of the unsupported class {kind.path}")
    dtype = _STORAGES[path]
    if count * dtype.itemsize > room:
        raise UnreadableError("a storage is larger than the file")
    return Storage(
        dtype=dtype,
        is_untyped=path == _UNTYPED,
        count=count,
        content=_untyped(count * dtype.itemsize),
    )


class Tensors:
    """The makers of one file's tensors. Call `check` once their storages are filled."""

    def __init__(self) -> None:
        self._truths: list[torch.Tensor] = []
        self.makers: Mapping[str, Maker] = {
            **dict.fromkeys(_NOT_MADE, _refused),
            "torch._utils._rebuild_tensor": self._tensor,
            "torch._utils._rebuild_tensor_v2": self._tensor_2,
            "torch._utils._rebuild_tensor_v3": self._tensor_3,
            "torch._utils._rebuild_parameter": _parameter,
            "torch._utils._rebuild_parameter_with_state": _parameter_with_state,
            "torch._utils._rebuild_device_tensor_from_numpy": _moved,
            "torch._utils._rebuild_device_tensor_from_cpu_tensor": _moved,
            "torch._tensor._rebuild_from_type_v2": self._of_type,
            "torch.Size": _size,
            "torch.device": _device,
            "torch.serialization._get_layout": _layout,
        }

    def check(self) -> None:
        """Raise UnreadableError if a tensor of booleans has bytes other than 0 and 1."""
        for tensor in self._truths:
            if tensor.numel() and tensor.view(torch.uint8).max() > 1:
                raise UnreadableError(
                    "a tensor of booleans holds a byte other than 0 and 1"
                )

    def _view(
        self, storage: Any, offset: Any, size: Any, stride: Any, dtype: Any
    ) -> Any:
        if not isinstance(storage, Storage):
            raise UnreadableError("a tensor has no storage")
        kind = storage.dtype if dtype is None else dtype
        _check_place(storage.content.nbytes(), offset, size, stride, kind.itemsize)
        tensor = torch.empty(0, dtype=kind).set_(storage.content, offset, size, stride)
        if kind is torch.bool:
            self._truths.append(tensor)
        return tensor

    def _tensor(self, storage: Any, offset: Any, size: Any, stride: Any) -> Any:
        return self._view(storage, offset, size, stride, None)

    def _tensor_2(  # noqa: PLR0917 - as torch pickles it
        self,
        storage: Any,
        offset: Any,
        size: Any,
        stride: Any,
        wants_gradient: Any,
        hooks: Any,
        marks: Any = None,
    ) -> Any:
        tensor = self._view(storage, offset, size, stride, None)
        return _marked(tensor, wants_gradient, hooks, marks)

    def _tensor_3(  # noqa: PLR0917 - as torch pickles it
        self,
        storage: Any,
        offset: Any,
        size: Any,
        stride: Any,
        wants_gradient: Any,
        hooks: Any,
        dtype: Any,
        marks: Any = None,
    ) -> Any:
        if not isinstance(dtype, torch.dtype):
            raise UnreadableError(
                "the file has another value where a dtype is expected"
            )
        if str(dtype).startswith(("torch.q", "torch.bits")):
            raise NotReadError("a tensor is quantised")
        tensor = self._view(storage, offset, size, stride, dtype)
        return _marked(tensor, wants_gradient, hooks, marks)

    def _of_type(self, make: Any, kind: Any, arguments: Any, state: Any) -> Any:
        if not isinstance(make, Name) or not isinstance(kind, Name):
            raise UnreadableError("the description of a tensor is invalid")
        if make.path not in _BASIC or kind.path not in _KINDS:
            raise NotReadError(
                f"a tensor of the class {kind.path} is stored in an unsupported way"
            )
        if type(arguments) is not tuple:
            raise UnreadableError("the arguments of a tensor are not a tuple")
        made = self.makers[make.path](*arguments)
        if type(made) is not _KINDS[kind.path]:
            raise NotReadError("a tensor is of another class than the file says")
        return _with_attributes(made, state)


def _check_place(room: int, offset: Any, size: Any, stride: Any, itemsize: int) -> None:
    """Raise UnreadableError unless the view lies within `room` bytes."""
    numbers = (offset, *_tuple(size), *_tuple(stride))
    if not all(type(each) is int and 0 <= each < _LARGEST for each in numbers):
        raise UnreadableError("a tensor has an invalid shape, stride or offset")
    if len(size) != len(stride) or len(size) > _DIMENSIONS:
        raise UnreadableError("a tensor has an invalid shape or stride")
    last, count = offset, 1
    for length, step in zip(size, stride, strict=True):
        last += (length - 1) * step
        count *= length
    if (last + 1 if count else offset) * itemsize > room:
        raise UnreadableError("a tensor reaches past the end of its storage")
    if count * itemsize > max(room, _SEEMING):
        raise NotReadError("a tensor is far larger than the storage that it repeats")


def _tuple(value: Any) -> Any:
    if type(value) not in (tuple, torch.Size):
        raise UnreadableError("a shape is invalid")
    return value


def _marked(tensor: Any, wants_gradient: Any, hooks: Any, marks: Any) -> Any:
    _check_gradient(tensor, wants_gradient, hooks)
    tensor.requires_grad = wants_gradient
    if marks:
        if type(marks) is not dict or not set(marks) <= _MARKS:
            raise NotReadError("a tensor has flags other than conj and neg")
        if not all(type(each) is bool for each in marks.values()):
            raise UnreadableError("a tensor's flag is not a boolean")
        torch._C._set_tensor_metadata(tensor, marks)  # type: ignore[attr-defined]  # noqa: SLF001 - as torch does
    return tensor


def _check_gradient(tensor: Any, wants_gradient: Any, hooks: Any) -> None:
    if type(wants_gradient) is not bool:
        raise UnreadableError("a tensor's requires_grad is not a boolean")
    if hooks:
        raise NotReadError("a tensor has hooks")
    if wants_gradient and not (tensor.is_floating_point() or tensor.is_complex()):
        raise UnreadableError("a tensor of integers or booleans requires a gradient")


def _parameter(data: Any, wants_gradient: Any, hooks: Any) -> torch.nn.Parameter:
    if type(data) is not torch.Tensor:
        raise UnreadableError("a parameter has no tensor")
    _check_gradient(data, wants_gradient, hooks)
    return torch.nn.Parameter(data, wants_gradient)


def _parameter_with_state(data: Any, gradient: Any, hooks: Any, state: Any) -> Any:
    return _with_attributes(_parameter(data, gradient, hooks), state)


def _with_attributes(tensor: Any, state: Any) -> Any:
    """Give the tensor plain attributes, and refuse those that mean something to torch."""
    if state is None:
        return tensor
    if type(state) is not dict:
        raise NotReadError("a tensor has a state that is not a dictionary")
    for name, value in state.items():
        is_new = type(name) is str and not name.startswith("__")
        is_new = is_new and not hasattr(torch.nn.Parameter, name)
        if not (is_new or name in _MARKS_OF_BUFFERS) or type(value) not in _PLAIN:
            raise NotReadError(f"a tensor has the unsupported attribute {name!r}")
    for name, value in state.items():
        setattr(tensor, name, value)
    return tensor


def _moved(data: Any, dtype: Any, device: Any, wants_gradient: Any) -> Any:
    """Return on the CPU a tensor that was on another device."""
    if type(data) is np.ndarray and not data.dtype.hasobject:
        data = torch.from_numpy(np.ascontiguousarray(data))
    if type(data) is not torch.Tensor or not isinstance(dtype, torch.dtype):
        raise UnreadableError("the description of a tensor is invalid")
    return _marked(data.to(dtype), wants_gradient, None, None)


def _size(sizes: Any = ()) -> torch.Size:
    if type(sizes) not in (tuple, list) or not all(type(e) is int for e in sizes):
        raise UnreadableError("a shape is invalid")
    return torch.Size(sizes)


def _device(name: Any, *index: Any) -> torch.device:
    if type(name) is not str or not all(type(each) is int for each in index):
        raise UnreadableError("a device is invalid")
    return torch.device(name, *index)


def _layout(name: Any) -> Any:
    if type(name) is not str or name not in _LAYOUTS:
        raise UnreadableError("a layout is invalid")
    return _LAYOUTS[name]


def _refused(*_: object) -> object:
    raise NotReadError(
        "a tensor is sparse, quantised, nested, without data, or of a class of its own"
    )


_LAYOUTS: Final = {
    str(each): each for each in vars(torch).values() if isinstance(each, torch.layout)
}
_BASIC: Final = frozenset(
    f"torch._utils._rebuild_{name}" for name in ("tensor", "tensor_v2", "tensor_v3")
) | {
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_device_tensor_from_numpy",
}
_NOT_MADE: Final = frozenset(
    name for name in TAKEN_BY_TORCH if "._rebuild_" in name or name.endswith("Tensor")
)
# Dtypes and schemes are named in a pickle.
CONSTANTS: Final[Mapping[str, object]] = {
    str(each): each
    for each in vars(torch).values()
    if isinstance(each, torch.dtype | torch.qscheme) and str(each) in TAKEN_BY_TORCH
}
ARGUMENTS: Final = frozenset(
    (*_KINDS, *(name for name in TAKEN_BY_TORCH if name.endswith("Storage")))
)
