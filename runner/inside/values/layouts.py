"""The layout of an array or a tensor in memory: order of axes, gaps, repeated items.

For items in C order the node gives no layout. If each item stands once and there is no
gap, the node gives the order of the axes ("o"), and the items are sent in that order.
Otherwise it gives the stride of each axis ("st"), in items, and the items are sent in C
order. The decoder makes the gaps, and fills them with zeros. So memory beside the items
that are shown is never sent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from runner.inside.values.nodes import CodecError, DecoderBase, list_of

_SMALL: Final = 2**63


def layout_of(
    shape: Sequence[int], strides: Sequence[int], itemsize: int = 1
) -> dict[str, list[int]]:
    """Return the parts of a node that give the layout of items that are not in C order.

    `strides` are in units of which an item takes `itemsize`. The node says that there is a
    gap, and not how wide it is: the width belongs to the array from which this one was cut.
    """
    order = sorted(
        range(len(shape)), key=lambda axis: (shape[axis] > 1, -abs(strides[axis]))
    )
    told = [1] * len(shape)
    filled, told_filled = itemsize, 1
    is_dense, overlaps = True, False
    for axis in reversed(order):
        size, stride = shape[axis], abs(strides[axis])
        if size == 1:
            continue
        is_dense = is_dense and strides[axis] == filled
        if not stride:
            told[axis] = 0
            continue
        overlaps = overlaps or stride < filled
        step = told_filled if stride == filled else told_filled + 1
        told[axis] = step if strides[axis] > 0 else -step
        filled, told_filled = stride * size, step * size
    if is_dense:
        return {"o": order}
    exact = [stride // itemsize for stride in strides]
    if overlaps and _is_covered(shape, strides, itemsize, exact):
        return {"st": exact}
    return {"st": told}


def is_dense(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Return whether each item stands once, with no hidden item between."""
    return 0 in shape or "o" in layout_of(shape, strides)


def _is_covered(
    shape: Sequence[int], strides: Sequence[int], itemsize: int, exact: Sequence[int]
) -> bool:
    """Return whether the overlapping items take no more room than if they were apart."""
    is_whole = not any(stride % itemsize for stride in strides)
    return is_whole and span_of(shape, exact) <= np.prod(shape, dtype=object)


def span_of(shape: Sequence[int], strides: Sequence[int]) -> int:
    """Return how many items lie between the first and the last in memory, both included."""
    steps = zip(shape, strides, strict=True)
    return 1 + sum((size - 1) * abs(stride) for size, stride in steps)


def arranged(flat: Any, shape: tuple[int, ...], node: Mapping[str, Any]) -> Any:
    """Return the array or tensor of items that come in the node's order of axes."""
    order = _order_of(node, shape)
    if order is None:
        return flat.reshape(shape)
    items = flat.reshape([shape[axis] for axis in order])
    back = [order.index(axis) for axis in range(len(order))]
    return (
        items.transpose(back) if isinstance(items, np.ndarray) else items.permute(back)
    )


def sent_shape(node: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape with its axes in the order in which the items are sent."""
    order = _order_of(node, shape)
    return shape if order is None else tuple(shape[axis] for axis in order)


def _order_of(node: Mapping[str, Any], shape: tuple[int, ...]) -> list[int] | None:
    if "o" not in node:
        return None
    order = list_of(node, "o")
    are_numbers = all(type(axis) is int for axis in order)
    if not are_numbers or sorted(order) != list(range(len(shape))):
        raise CodecError("an invalid order of axes")
    return order


def spread(
    decoder: DecoderBase, items: Any, node: Mapping[str, Any]
) -> tuple[Any, list[int]]:
    """Return the items as an array with the node's strides, and the strides.

    The array's `base` is the memory, with zeros in the gaps.
    """
    strides = list_of(node, "st")
    if len(strides) != items.ndim or not items.size:
        raise CodecError("strides that do not fit the items")
    if any(type(one) is not int or abs(one) >= _SMALL for one in strides):
        raise CodecError("invalid strides")
    span = span_of(items.shape, strides)
    decoder.count_bytes(span * items.itemsize)
    base = np.zeros(span, items.dtype)
    steps = zip(items.shape, strides, strict=True)
    start = sum((size - 1) * -min(stride, 0) for size, stride in steps)
    in_bytes = [stride * items.itemsize for stride in strides]
    # numpy refuses strides that lead out of the buffer.
    found: Any = np.ndarray(
        items.shape, items.dtype, base, start * items.itemsize, in_bytes
    )
    found[...] = items
    return found, strides
