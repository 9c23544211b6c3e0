"""Torch's tensors, and the constants that go with them: dtypes, layouts, devices.

A tensor is sent as its bits, whatever its dtype, with its layout in memory. A tensor
that is more than its bits (sparse, quantised, nested, named) or has none (on the device
"meta") is not sent. Of a tensor's graph only its existence is sent.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
from torch.nn.parameter import is_lazy
from torch.nn.utils.rnn import PackedSequence

from runner.inside.values.arrays import fitting_shape
from runner.inside.values.gradients import gradient_of, take_for_operand
from runner.inside.values.graphs import check_plain, with_lost_graph
from runner.inside.values.layouts import arranged, layout_of, span_of, spread
from runner.inside.values.nodes import (
    CodecError,
    Decode,
    DecoderBase,
    Encode,
    EncoderBase,
    Node,
    RefusedError,
    exactly,
    text_of,
)

_DTYPES: Final = {
    str(dtype): dtype
    for dtype in vars(torch).values()
    if isinstance(dtype, torch.dtype)
}
# The dtypes whose tensors are sent. A tensor of another one is more than its bits.
_TENSORS: Final = {
    name.removeprefix("torch."): dtype
    for name, dtype in _DTYPES.items()
    if not name.startswith(("torch.q", "torch.bits"))
}
_TENSOR_NAMES: Final = {dtype: name for name, dtype in _TENSORS.items()}
_CONSTANT_KINDS: Final = (torch.layout, torch.memory_format, torch.qscheme)
_CONSTANTS: Final = {
    str(value): value
    for value in vars(torch).values()
    if isinstance(value, _CONSTANT_KINDS)
}
# The classes of results such as that of torch.max(x, dim=1).
_RETURN_TYPES: Final = {
    name: kind
    for name, kind in vars(torch.return_types).items()
    if isinstance(kind, type)
    and issubclass(kind, tuple)
    and hasattr(kind, "n_sequence_fields")
}
_RETURN_NAMES: Final = {kind: name for name, kind in _RETURN_TYPES.items()}


# --- Encoding --------------------------------------------------------------------


def encode_tensor(encoder: EncoderBase, value: Any, depth: int) -> Node:
    """Return the node of a tensor, or None if its bits alone are not its value."""
    # A subclass of the notebook's own must not answer for the tensor.
    with torch._C.DisableTorchFunctionSubclass():  # noqa: SLF001 - torch names it so
        check_plain(value)
        if not _is_plain(value):
            return None
        name = _TENSOR_NAMES.get(value.dtype)
        if value.layout is not torch.strided or name is None:
            return None
        return _strided(encoder, value, name, depth)


def _is_plain(value: torch.Tensor) -> bool:
    """Return whether the tensor is only its shape, its dtype and its data.

    The parameter of a lazy layer has no shape before the layer's first call.
    """
    is_special = value.is_nested or value.is_quantized or value.is_meta
    return not (is_lazy(value) or is_special or _has_names(value))


def _has_names(tensor: torch.Tensor) -> bool:
    """Return whether dimensions have names, which later versions of torch do not have."""
    return any(getattr(tensor, "names", ()))


def _strided(encoder: EncoderBase, value: Any, name: str, depth: int) -> Node:
    plain = value.detach().as_subclass(torch.Tensor)
    items = plain.cpu().resolve_conj().resolve_neg()
    layout: dict[str, Any] = {"s": list(plain.shape)}
    if not plain.is_contiguous():
        told = layout_of(plain.shape, plain.stride())
        layout.update(told)
        if "o" in told:
            items = items.permute(told["o"])
        else:
            encoder.bytes += span_of(plain.shape, told["st"]) * plain.itemsize
    if encoder.is_answer:
        layout["own"] = not value._is_view()  # noqa: SLF001 - torch has no other name
        if getattr(value, "_is_buffer", False) is True:  # of `torch.nn.Buffer`
            layout["buffer"] = getattr(value, "persistent", True) is True
    if value.requires_grad and not value.is_leaf:
        layout.update(leaf=False, retains=bool(value.retains_grad))
        layout["by"] = type(value.grad_fn).__name__
    if encoder.ends is not None:
        layout.update(encoder.ends.told(value))
    # A single item may have any stride, and `reshape` would keep it.
    flat = items.contiguous().as_strided((items.numel(),), (1,))
    return {
        "k": "parameter" if isinstance(value, torch.nn.Parameter) else "tensor",
        "d": name,
        **layout,
        **encoder.put(flat.view(torch.uint8).numpy()),
        "g": bool(value.requires_grad),
        "grad": _gradient(encoder, value, depth),
    }


def _gradient(encoder: EncoderBase, value: Any, depth: int) -> Node:
    gradient = gradient_of(value)
    if gradient is None:
        return None
    encoder.check_gradient(gradient)
    node = encoder.encode(gradient, depth + 1)
    if node["k"] not in ("tensor", "parameter", "same"):
        kind = kind_of(gradient)
        raise RefusedError(f"a tensor whose gradient is a {kind} cannot be sent")
    return node


def _return_type(encoder: EncoderBase, value: Any, depth: int) -> Node:
    if not all(isinstance(item, torch.Tensor) for item in value):
        return None
    node = encoder.many("torch.return_type", tuple(value), depth)
    return {**node, "n": _RETURN_NAMES[type(value)]}


def _packed(encoder: EncoderBase, value: Any, depth: int) -> Node:
    return encoder.many("packed", tuple.__iter__(value), depth)


def _named(kind: str) -> Encode:
    return lambda _encoder, value, _depth: {"k": kind, "v": str(value)}


def kind_of(tensor: torch.Tensor) -> str:
    """Return words for a kind of tensor that cannot be sent as a value."""
    with torch._C.DisableTorchFunctionSubclass():  # noqa: SLF001 - same
        if is_lazy(tensor):
            return "parameter of a lazy layer that has no shape yet"
        if tensor.is_nested:
            return "nested tensor"
        if tensor.is_quantized:
            return "quantised tensor"
        if tensor.is_meta:
            return "tensor without data, on the device “meta”"
        if tensor.layout is not torch.strided:
            return f"tensor of layout {tensor.layout}"
        names = "with named dimensions" if _has_names(tensor) else tensor.dtype
        return f"tensor {names}"


# --- Decoding --------------------------------------------------------------------


def _decode_tensor(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    dtype, raw = _TENSORS[text_of(node, "d")], decoder.bytes_of(node)
    shape = fitting_shape(node, raw.nbytes, dtype.itemsize)
    # torch cannot read an empty buffer.
    bits = torch.frombuffer(raw, dtype=torch.uint8) if raw.nbytes else torch.empty(0)
    flat = bits.to(torch.uint8).view(dtype)
    if dtype is torch.bool:
        flat = flat.view(torch.uint8) != 0
    tensor = arranged(flat, shape, node)
    if "st" in node:
        tensor = _spread(decoder, tensor, node)
    tensor = _owned(tensor, node.get("own"))
    if "buffer" in node:
        made: Any = tensor
        made.persistent, made._is_buffer = node["buffer"] is True, True  # noqa: SLF001 - as torch marks it
    tensor = _in_graph(decoder, tensor, node)
    if node.get("grad") is not None:
        # torch checks that it fits.
        tensor.grad = decoder.decode(node["grad"], depth + 1)
        # It came from the other side, so it may be sent back there.
        take_for_operand(tensor.grad)
    return tensor


def _in_graph(
    decoder: DecoderBase, tensor: torch.Tensor, node: Mapping[str, Any]
) -> torch.Tensor:
    """Return the tensor as one that wants a gradient, as the result of others, or plain."""
    is_wanted = node["g"] is True
    if is_wanted and not (tensor.is_floating_point() or tensor.is_complex()):
        raise CodecError("a tensor of integers or booleans that requires a gradient")
    if node["k"] == "parameter":
        tensor = torch.nn.Parameter(tensor, requires_grad=is_wanted)
    else:
        tensor.requires_grad_(is_wanted)
    if is_wanted and "end" in node:
        tensor = _end(decoder, tensor, node)
    elif is_wanted and node.get("leaf") is False:
        tensor = _result(decoder, tensor, node)
    if node.get("retains") is True:
        tensor.retain_grad()
    return tensor


def _end(
    decoder: DecoderBase, tensor: torch.Tensor, node: Mapping[str, Any]
) -> torch.Tensor:
    """Return the tensor as an end of a graph that goes on in the other process."""
    number = node["end"]
    if type(number) is not int or number < 0:
        raise CodecError("an invalid end of a graph")
    if decoder.join is not None:
        return decoder.join(tensor.detach(), number)  # type: ignore[no-any-return]  # a tensor
    if node.get("leaf") is False:
        tensor = _result(decoder, tensor, node)
    decoder.ends[number] = tensor
    return tensor


def _result(
    decoder: DecoderBase, tensor: torch.Tensor, node: Mapping[str, Any]
) -> torch.Tensor:
    """Return the tensor as a result of the operation that the node names."""
    refuses = decoder.refuses_backward
    found: torch.Tensor = with_lost_graph(tensor.detach(), refuses, text_of(node, "by"))
    return found


def _owned(tensor: torch.Tensor, owns: object) -> torch.Tensor:
    """Return the tensor as a view or as none, as the node tells."""
    is_view = tensor._is_view()  # noqa: SLF001 - torch has no other name
    if owns is False and not is_view:
        return tensor.view_as(tensor)
    if owns is not True or not is_view:
        return tensor
    place = tensor.storage_offset(), tensor.shape, tensor.stride()
    return torch.empty(0, dtype=tensor.dtype).set_(tensor.untyped_storage(), *place)


def _spread(
    decoder: DecoderBase, tensor: torch.Tensor, node: Mapping[str, Any]
) -> torch.Tensor:
    """Return the tensor with gaps, or with axes that repeat its items."""
    # numpy has no bfloat16, but it copies items of any size.
    bits = tensor.reshape(-1).view(torch.uint8).numpy()
    items = bits.view(f"V{tensor.itemsize}").reshape(tuple(tensor.shape))
    found, strides = spread(decoder, items, node)
    memory = torch.from_numpy(found.base.view(np.uint8)).view(tensor.dtype)
    return memory.as_strided(tensor.shape, strides)


def _decode_return_type(
    decoder: DecoderBase, node: Mapping[str, Any], depth: int
) -> Any:
    items = decoder.many(node, depth)
    if not all(type(item) in {torch.Tensor, torch.nn.Parameter} for item in items):
        raise CodecError("something other than tensors")
    return _RETURN_TYPES[text_of(node, "n")](items)


def _decode_packed(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    data, sizes, order, inverse = decoder.many(node, depth)
    if not exactly(data, torch.Tensor).ndim or not _are_sizes(sizes, len(data)):
        raise CodecError("invalid parts of a packed sequence")
    for places in (order, inverse):
        if places is not None and not _is_order(places, int(sizes[0])):
            raise CodecError("an invalid order of sequences")
    make: Any = PackedSequence
    return make(data, sizes, order, inverse)


def _are_sizes(sizes: Any, total: int) -> bool:
    """Return whether these may be the sizes of a packed sequence's steps."""
    if exactly(sizes, torch.Tensor).dtype is not torch.int64 or sizes.ndim != 1:
        return False
    falls = bool((sizes[1:] <= sizes[:-1]).all())
    # Each is bounded before the sum, so that the sum cannot overflow.
    within = bool(len(sizes)) and bool(((sizes > 0) & (sizes <= total)).all())
    return falls and within and int(sizes.sum()) == total


def _is_order(places: Any, count: int) -> bool:
    if exactly(places, torch.Tensor).dtype is not torch.int64:
        return False
    return places.shape == (count,) and bool(
        torch.equal(places.sort().values, torch.arange(count))
    )


BASES: Final[tuple[tuple[type, Encode], ...]] = (
    (torch.Tensor, encode_tensor),
    (PackedSequence, _packed),
)
ENCODERS: Final[Mapping[type, Encode]] = {
    torch.Size: lambda encoder, value, depth: encoder.many("size", value, depth),
    torch.dtype: _named("torch.dtype"),
    torch.device: _named("torch.device"),
    **{kind: _named("torch.constant") for kind in _CONSTANT_KINDS},
    **dict.fromkeys(_RETURN_NAMES, _return_type),
}
DECODERS: Final[Mapping[str, Decode]] = {
    "tensor": _decode_tensor,
    "parameter": _decode_tensor,
    "packed": _decode_packed,
    "size": lambda decoder, node, depth: torch.Size(decoder.many(node, depth)),
    "torch.dtype": lambda _decoder, node, _depth: _DTYPES[text_of(node, "v")],
    "torch.constant": lambda _decoder, node, _depth: _CONSTANTS[text_of(node, "v")],
    "torch.device": lambda _decoder, node, _depth: torch.device(text_of(node, "v")),
    "torch.return_type": _decode_return_type,
}
