"""Give a test's own values, for a moment, what the notebook's copies hold.

The values stay the same objects, so everything that shares them sees the change: names,
containers, attributes, and arrays that are views of one memory.
"""

import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import torch

from runner.inside.values.prints import ATOMS, parts_of

Undo = Callable[[], object]
# Errors of a content that does not fit its value: the value then stays as it is.
_UNFIT: Final = (
    AttributeError,
    IndexError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
)


@contextmanager
def exchanged(
    pairs: Sequence[tuple[Any, Sequence[Any] | None]],
) -> Iterator[list[Any]]:
    """Give each value its content inside the block. Yield those that stay as they are.

    A content is what `GivenArguments.contents` returns, with values in the place of
    places. One that is None or does not fit its value leaves it as it is.
    """
    with ExitStack() as undoing:
        left = []
        for value, content in pairs:
            try:
                undoing.callback(_exchange(value, content or ()))
            except _UNFIT:
                left.append(value)
        yield left


def _exchange(value: Any, content: Sequence[Any]) -> Undo:
    """Change the value in place and return the function that changes it back."""
    match content:
        case ["module", modes, state] if isinstance(value, torch.nn.Module):
            return _exchange_module(value, modes, state)
        case ["whole", torch.Tensor() as new] if isinstance(value, torch.Tensor):
            return _exchange_tensor(value, new)
        case ["whole", np.ndarray() as new] if isinstance(value, np.ndarray):
            return _exchange_array(value, new)
        case ["whole", new] if type(new) is type(value):
            return _exchange_whole(value, new)
        case ["parts", parts]:
            return _exchange_parts(value, parts)
    raise TypeError("the content does not fit the value")


def _exchange_parts(value: Any, parts: Sequence[Any]) -> Undo:
    own = {_key_of(one): one for one in parts_of(value) if _is_constant(one)}
    # The test's own object, if there is one: a NaN is equal to nothing but itself.
    parts = [own.get(_key_of(one), one) if _is_constant(one) else one for one in parts]
    if isinstance(value, list | deque):
        return _put(value, list(value), parts, _fill_list)
    fields = vars(value) if isinstance(value, SimpleNamespace) else value
    if not isinstance(fields, dict):
        raise TypeError("the value has no parts")
    new = dict(zip(parts[::2], parts[1::2], strict=True))
    return _put(fields, dict(fields), new, _fill_dict)


def _is_constant(part: object) -> bool:
    """Return whether the part is a number, a text, or a tuple of such."""
    if isinstance(part, tuple):
        return all(map(_is_constant, part))
    return type(part) in ATOMS


def _key_of(part: Any) -> object:
    """Return a key that equals those of constants of the same type and content."""
    if isinstance(part, tuple):
        return type(part).__name__, tuple(map(_key_of, part))
    # By `repr`: NaN, and zeros of both signs.
    return type(part), repr(part) if isinstance(part, float | complex) else part


def _put(value: Any, old: Any, new: Any, fill: Callable[[Any, Any], object]) -> Undo:
    try:
        fill(value, new)
    except BaseException:
        fill(value, old)
        raise
    return lambda: fill(value, old)


def _fill_list(value: Any, items: list[Any]) -> None:
    value.clear()
    value.extend(items)


def _fill_dict(value: Any, items: dict[Any, Any]) -> None:
    value.clear()
    for key, item in items.items():
        value[key] = item


def _exchange_whole(value: Any, new: Any) -> Undo:
    if isinstance(value, set):
        return _put(value, set(value), new, _fill_set)
    if isinstance(value, bytearray | memoryview):
        return _put(value, bytes(value), bytes(new), _fill)
    if isinstance(value, array.array):
        return _put(value, value[:], new, _fill)
    if type(value).__module__.partition(".")[0] == "pandas":
        return _put(vars(value), dict(vars(value)), dict(vars(new)), _fill_dict)
    raise TypeError("the value cannot be changed in place")


def _fill_set(value: Any, items: set[Any]) -> None:
    value.clear()
    value.update(items)


def _fill(value: Any, items: Any) -> None:
    value[:] = items


def _exchange_array(value: Any, new: Any) -> Undo:
    if value.shape != new.shape or value.dtype != new.dtype:
        raise ValueError("the arrays differ in shape or dtype")
    return _put(value, value.copy(), new, np.copyto)


def _exchange_tensor(value: torch.Tensor, new: torch.Tensor) -> Undo:
    # By `data`, so that autograd does not take it for a change of the test's.
    if value.shape == new.shape and value.dtype == new.dtype:
        old = value.detach().clone()
        return _put(value, old, new, lambda one, items: one.data.copy_(items))
    old = value.data

    def fill(one: torch.Tensor, items: torch.Tensor) -> None:
        one.data = items

    return _put(value, old, new, fill)


def _exchange_module(
    value: torch.nn.Module, modes: Sequence[Any] | None, state: dict[str, Any]
) -> Undo:
    """Exchange a network's weights and the modes of its layers; None leaves these."""
    mine = value.state_dict(keep_vars=True)
    layers = dict(value.named_modules())
    names = layers.keys() if modes is None else {name for name, _ in modes}
    if mine.keys() != state.keys() or layers.keys() != names:
        raise ValueError("the networks differ in their layers")
    with ExitStack() as undoing:
        for name, new in state.items():
            undoing.callback(_exchange_tensor(mine[name], new))
        for name, is_training in modes or ():
            layer = layers[name]
            undoing.callback(setattr, layer, "training", layer.training)
            layer.training = bool(is_training)
        return undoing.pop_all().close
