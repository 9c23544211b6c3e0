"""What the names of an expression lead to: objects, and the memory of arrays."""

import types
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from runner.inside.grader.handle_parts import is_handle
from runner.inside.values.prints import ATOMS, CONTAINERS, parts_of

# The number of an object, or the address of memory.
Key = tuple[str, int]

_MOST: Final = 1_000_000


class Reached:
    """The objects that can be read from some values, and the memory of their arrays."""

    def __init__(self, values: Iterable[object]) -> None:
        self.keys: set[Key] = set()
        waiting = list(values)
        while waiting and len(self.keys) < _MOST:
            value = waiting.pop()
            if type(value) in ATOMS or is_handle(value):
                continue
            known = len(self.keys)
            self.keys.add(_number_of(value))
            if len(self.keys) > known:
                self.keys.update(_memory_of(value))
                waiting += _inside(value)

    def has(self, value: object) -> bool:
        """Return whether the value, or a part of its memory, can be read from them."""
        return not self.keys.isdisjoint(keys_of(value))


def keys_of(value: object) -> list[Key]:
    """Return by which keys the value is found among what is reached."""
    return [_number_of(value), *_memory_of(value)]


def _number_of(value: object) -> Key:
    return "object", id(value)


def _memory_of(value: Any) -> Iterator[Key]:
    """Yield the address of the memory that all views of one array share."""
    if isinstance(value, torch.Tensor):
        if value.layout is torch.strided and value.nbytes:
            yield "memory", value.untyped_storage().data_ptr()
    elif isinstance(value, np.ndarray) and value.nbytes:
        while isinstance(value.base, np.ndarray):
            value = value.base
        yield "memory", value.__array_interface__["data"][0]


def _inside(value: Any) -> Iterable[object]:
    """Return what can be read from the value at the next step."""
    match value:
        case tuple() | set() | frozenset():
            return value
        case np.ndarray():
            return value.ravel().tolist() if value.dtype.hasobject else ()
        case types.MethodType():
            return value.__self__, value.__func__
        case partial():
            return value.func, value.args, value.keywords
        case types.FunctionType():
            return _read_by(value) if _is_tests(value.__code__) else ()
    return parts_of(value) if isinstance(value, CONTAINERS) else _fields_of(value)


def _fields_of(value: Any) -> Iterable[object]:
    """Return the attributes of an object, or of a class of the tests."""
    is_class = isinstance(value, type)
    is_foreign = is_class and value.__module__ != "__main__"
    if is_foreign or isinstance(value, types.ModuleType):
        return ()
    try:
        fields = object.__getattribute__(value, "__dict__")
        return [*fields.values(), *(() if is_class else (type(value),))]
    except Exception:  # noqa: BLE001 - it has none
        return ()


def _is_tests(code: types.CodeType) -> bool:
    return code.co_filename.startswith("<")


def _read_by(function: types.FunctionType) -> Iterator[object]:
    """Yield the values of the names that a function of the tests reads from outside."""
    yield from (function.__defaults__ or (), function.__kwdefaults__ or {})
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # the name is not bound yet
            continue
    waiting = [function.__code__]
    while waiting:
        code = waiting.pop()
        waiting += [one for one in code.co_consts if isinstance(one, types.CodeType)]
        for name in code.co_names:
            # By `dict`: a lookup of another name would ask the notebook.
            yield dict.get(function.__globals__, name)
