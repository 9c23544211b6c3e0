"""Values cross as what they are, and what is no value does not cross."""

import collections
import contextlib
import enum
import json
import math
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from runner.values.codec import MAX_DEPTH, CodecError, Decoder, Encoder
from runner.values.link import MAX_HEADER

pytestmark = pytest.mark.torch


def refuse(value: object, *_: object) -> Any:
    raise CodecError(f"{type(value).__name__} has no place here")


def cross(value: object) -> Any:
    """Return the value as it arrives on the other side."""
    encoder = Encoder(refuse)
    node = json.loads(json.dumps(encoder.encode(value), allow_nan=False))
    buffers = [memoryview(bytearray(one)) for one in encoder.buffers]
    return Decoder(buffers, refuse).decode(node)


def decode(node: object, *buffers: bytes) -> Any:
    return Decoder([memoryview(bytearray(one)) for one in buffers], refuse).decode(node)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_data_comes_out_the_same(value: object) -> None:
    found = cross(value)
    assert found == value
    assert type(found) is type(value)


DTYPES = (
    arrays.boolean_dtypes()
    | arrays.integer_dtypes(endianness="?")
    | arrays.unsigned_integer_dtypes(endianness="?")
    | arrays.floating_dtypes(endianness="?", sizes=(16, 32, 64))
    | arrays.complex_number_dtypes(endianness="?", sizes=(64, 128))
    | arrays.unicode_string_dtypes(endianness="<", max_len=9)
)
SHAPES = arrays.array_shapes(min_dims=0, min_side=0, max_side=4)


@given(arrays.arrays(DTYPES, SHAPES))
def test_arrays_come_out_the_same_and_may_be_written_to(value: Any) -> None:
    for one in (value, value.T, value[::2] if value.ndim else value):
        found = cross(one)
        np.testing.assert_array_equal(found, one)
        assert (found.shape, found.dtype.kind) == (one.shape, one.dtype.kind)
        assert found.flags.writeable


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool]
)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_tensors_come_out_the_same(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    value = torch.ones(shape, dtype=dtype)
    for one in (value, value.t() if value.ndim == 2 else value):
        found = cross(one)
        assert found.dtype == dtype
        assert torch.equal(found, one)


def test_a_gradient_is_wanted_and_not_carried() -> None:
    leaf = torch.nn.Parameter(torch.ones(2))
    assert isinstance(cross(leaf), torch.nn.Parameter)
    grown = cross(leaf * 2)
    assert grown.requires_grad
    assert grown.is_leaf


def test_a_gradient_that_is_there_crosses_with_its_leaf() -> None:
    leaf = torch.nn.Parameter(torch.ones(2))
    (3 * leaf).sum().backward()
    assert cross(leaf).grad.tolist() == [3.0, 3.0]
    assert cross(torch.ones(2)).grad is None
    wrong = {"k": "tensor", "d": "uint8", "s": [8], "b": 0, "g": False, "grad": 3}
    with pytest.raises(CodecError):
        decode(wrong, bytes(8))


class Liar(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class Pair(NamedTuple):
    a: int
    b: int


class Colour(enum.IntEnum):
    RED = 3


class Tensor(torch.Tensor):
    """Says yes to all."""

    @classmethod
    def __torch_function__(cls, *_: object, **__: object) -> Any:
        return True


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Liar(3), 3),
        (Colour.RED, 3),
        (collections.OrderedDict(a=1), {"a": 1}),
        (Pair(1, 2), (1, 2)),
        (np.float64(2.5), np.float64(2.5)),
        (np.ma.masked_array([1, 2]), np.array([1, 2])),
        (torch.Size([1, 2]), torch.Size([1, 2])),
        (torch.float32, torch.float32),
        (np.dtype("f4"), np.dtype("f4")),
        (slice(1, None, 2), slice(1, None, 2)),
        (range(3), range(3)),
    ],
)
def test_what_is_made_of_a_value_crosses_as_the_value(
    value: object, plain: object
) -> None:
    found = cross(value)
    assert type(found) is type(plain)
    np.testing.assert_equal(found, plain)


def test_a_tensor_that_answers_for_itself_crosses_as_its_numbers() -> None:
    with torch._C.DisableTorchFunctionSubclass():
        lying = torch.zeros(2).as_subclass(Tensor)
    with torch._C.DisableTorchFunctionSubclass():
        found = cross(lying)
    assert type(found) is torch.Tensor
    assert found.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_cross(value: float) -> None:
    np.testing.assert_equal(cross(value), value)


@pytest.mark.parametrize(
    "value", [object(), np.array([object()]), torch.eye(2).to_sparse(), len]
)
def test_what_is_no_value_is_left_to_the_caller(value: object) -> None:
    with pytest.raises(CodecError, match="no place"):
        cross(value)


def test_a_list_in_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(CodecError, match="nested"):
        cross(endless)


BAD_NODES: list[object] = [
    [],
    {},
    {"k": 1},
    {"k": "nothing"},
    {"k": "list"},
    {"k": "list", "v": "abc"},
    {"k": "dict", "v": [[1]]},
    {"k": "dict", "v": [[{"k": "list", "v": []}, 1]]},
    {"k": "int", "v": "x"},
    {"k": "int", "v": "9" * 5000},
    {"k": "float", "v": "1"},
    {"k": "set", "v": [{"k": "list", "v": []}]},
    {"k": "complex", "v": [1]},
    {"k": "slice", "v": []},
    {"k": "range", "v": ["a"]},
    {"k": "bytes", "b": 1},
    {"k": "bytes", "b": -1},
    {"k": "bytes", "b": True},
    {"k": "array", "d": "|O", "s": [1], "b": 0},
    {"k": "array", "d": "O8", "s": [1], "b": 0},
    {"k": "array", "d": "<f8", "s": [2], "b": 0},
    {"k": "array", "d": "<f8", "s": [-1], "b": 0},
    {"k": "array", "d": "<f8", "s": [True], "b": 0},
    {"k": "array", "d": "<f8", "s": [1] * 40, "b": 0},
    {"k": "array", "d": "<f8", "s": [0, 2**62, 2**62], "b": 0},
    {"k": "array", "d": ["<f8"], "s": [1], "b": 0},
    {"k": "array", "d": "i4,i4", "s": [1], "b": 0},
    {"k": "scalar", "d": "|i1", "s": [8], "b": 0},
    {"k": "tensor", "d": "quint8", "s": [8], "b": 0, "g": False},
    {"k": "tensor", "d": "float32", "s": [3], "b": 0, "g": False},
    {"k": "tensor", "d": "int64", "s": [1], "b": 0, "g": True},
    {"k": "torch.dtype", "v": "torch.load"},
    {"k": "dtype", "v": "O"},
    {"k": "torch.device", "v": "nowhere"},
    {"k": "size", "v": ["a"]},
]


@pytest.mark.parametrize("node", BAD_NODES, ids=str)
def test_a_node_that_makes_no_sense_is_refused(node: object) -> None:
    with pytest.raises(CodecError):
        decode(node, bytes(8))


def test_deep_nesting_is_refused() -> None:
    node: object = None
    for _ in range(MAX_DEPTH + 1):
        node = {"k": "list", "v": [node]}
    with pytest.raises(CodecError, match="nested"):
        decode(node)


def test_truth_values_are_true_or_false() -> None:
    array = decode({"k": "array", "d": "|b1", "s": [3], "b": 0}, b"\0\1\7")
    assert array.view(np.uint8).tolist() == [0, 1, 1]
    tensor = decode(
        {"k": "tensor", "d": "bool", "s": [3], "b": 0, "g": False}, b"\0\1\7"
    )
    assert tensor.view(torch.uint8).tolist() == [0, 1, 1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
KINDS = st.sampled_from(
    [str(node["k"]) for node in BAD_NODES if isinstance(node, dict) and "k" in node]
)
NODES = st.recursive(
    JSON,
    lambda inner: st.fixed_dictionaries(
        {"k": KINDS},
        optional={
            "v": inner | st.lists(inner) | st.lists(st.lists(inner, max_size=2)),
            "d": st.sampled_from(["<f8", "|b1", "<U2", "float32", "bool", "|O"]) | JSON,
            "s": st.lists(st.integers(-1, 9)) | JSON,
            "b": st.integers(-1, 2) | JSON,
            "g": st.booleans() | JSON,
        },
    ),
    max_leaves=8,
)


@given(NODES, st.lists(st.binary(max_size=32), max_size=2))
def test_no_node_does_more_than_be_refused(node: object, buffers: list[bytes]) -> None:
    with contextlib.suppress(CodecError):  # whatever else it raises is a failure
        decode(node, *buffers)


def test_a_header_holds_no_more_than_is_read() -> None:
    assert MAX_HEADER < 16 * 1024**2
