"""Values cross with type and content; objects that are not values do not cross."""

import collections
import contextlib
import datetime as dt
import enum
import json
import math
import os
import time
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pad_packed_sequence,
)

from runner.inside.values import containers
from runner.inside.values.codec import (
    MAX_DEPTH,
    CodecError,
    Decoder,
    Encoder,
    RefusedError,
)
from runner.wire.link import MAX_HEADER

pytestmark = pytest.mark.torch


def refuse(value: object, *_: object) -> Any:
    raise CodecError(f"{type(value).__name__} has no place here")


def cross(value: object) -> Any:
    """Return return the value as it arrives on the other side."""
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
def test_plain_data_arrives_unchanged(value: object) -> None:
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
def test_arrays_arrive_unchanged_and_writable(value: Any) -> None:
    for one in (value, value.T, value[::2] if value.ndim else value):
        found = cross(one)
        np.testing.assert_array_equal(found, one)
        assert (found.shape, found.dtype.kind) == (one.shape, one.dtype.kind)
        assert found.flags.writeable


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool]
)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_tensors_arrive_unchanged(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    value = torch.ones(shape, dtype=dtype)
    for one in (value, value.t() if value.ndim == 2 else value):
        found = cross(one)
        assert found.dtype == dtype
        assert torch.equal(found, one)


def test_requires_grad_crosses_without_the_graph() -> None:
    leaf = torch.nn.Parameter(torch.ones(2))
    assert isinstance(cross(leaf), torch.nn.Parameter)
    grown = cross(leaf * 2)
    assert grown.requires_grad
    assert not grown.is_leaf


def test_a_leaf_s_gradient_crosses_with_it() -> None:
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
    """A tensor class that answers True to every function."""

    @classmethod
    def __torch_function__(cls, *_: object, **__: object) -> Any:
        return True


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Liar(3), 3),
        (Colour.RED, 3),
        (np.float64(2.5), np.float64(2.5)),
        (torch.Size([1, 2]), torch.Size([1, 2])),
        (torch.float32, torch.float32),
        (np.dtype("f4"), np.dtype("f4")),
        (slice(1, None, 2), slice(1, None, 2)),
        (range(3), range(3)),
    ],
)
def test_a_subclass_of_a_value_s_type_crosses_as_the_plain_value(
    value: object, plain: object
) -> None:
    found = cross(value)
    assert type(found) is type(plain)
    np.testing.assert_equal(found, plain)


Point = collections.namedtuple("Point", "count index")
Gaps = collections.namedtuple("Gaps", "a def", rename=True)
RECORDS = np.array([(1, 2.0), (3, 4.0)], dtype=[("a", "i4"), ("b", "f8", (1,))])


@pytest.mark.parametrize("value", [Pair(1, 2), Point(3, 4), Gaps(5, 6)])
def test_a_named_tuple_keeps_its_fields(value: Any) -> None:
    found = cross(value)
    assert found == value
    assert (type(found).__name__, found._fields) == (
        type(value).__name__,
        value._fields,
    )
    assert found._asdict() == value._asdict()


Lying = collections.namedtuple("Lying", "allclose item")


def test_a_named_tuple_s_field_cannot_replace_a_comparison() -> None:
    """Otherwise `found.allclose(expected)` would call the student's function."""
    assert cross(Lying(1, 2)).item == 2
    node = {"k": "namedtuple", "n": "P", "f": ["allclose"], "v": [{"k": "type"}]}
    with pytest.raises(CodecError, match="items"):
        Decoder([], lambda _: list).decode(node)
    with pytest.raises(CodecError, match="no place"):
        cross(Lying(list, 2))


@pytest.mark.parametrize("make", [torch.max, torch.sort, torch.median])
def test_named_results_of_torch_keep_their_names(make: Any) -> None:
    value = make(torch.tensor([[1.0, 3.0], [4.0, 2.0]]), dim=1)
    found = cross(value)
    assert type(found) is type(value)
    assert torch.equal(found.values, value.values)
    assert torch.equal(found.indices, value.indices)


def test_a_packed_sequence_stays_a_packed_sequence() -> None:
    value = pack_padded_sequence(
        torch.arange(6.0).reshape(3, 2, 1), torch.tensor([2, 3]), enforce_sorted=False
    )
    found = cross(value)
    assert type(found) is PackedSequence
    padded, lengths = pad_packed_sequence(found)
    assert padded.squeeze(2).tolist() == [[0.0, 1.0], [2.0, 3.0], [0.0, 5.0]]
    assert lengths.tolist() == [2, 3]


def test_struct_time_keeps_its_field_names() -> None:
    assert cross(time.gmtime(0)).tm_year == 1970


@pytest.mark.parametrize(
    "value",
    [
        RECORDS,
        RECORDS.view(np.recarray),
        np.zeros((2, 0), dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True)),
        np.array([((1, "x"),)], dtype=[("inner", [("n", ">i2"), ("s", "U1")])]),
    ],
)
def test_records_keep_their_fields(value: Any) -> None:
    found = cross(value)
    assert type(found) is type(value)
    assert found.dtype == value.dtype
    assert found.tolist() == value.tolist()
    assert found.flags.writeable


def test_a_single_record_keeps_its_fields() -> None:
    assert cross(RECORDS[1])["a"] == 3
    assert cross(RECORDS.view(np.recarray)[1]).a == 3


def test_an_array_of_objects_crosses_item_by_item() -> None:
    value = np.array([[1, "a"], [None, 2.5]], dtype=object)
    found = cross(value)
    assert (found.dtype, found.tolist()) == (value.dtype, value.tolist())
    ragged = np.empty(2, dtype=object)
    ragged[:] = [[1], np.array(5)]
    assert [type(one) for one in cross(ragged)] == [list, np.ndarray]


@pytest.mark.parametrize("name", ["M8[D]", "M8[25s]", "m8[ns]", ">f4", ">M8[h]", ">U3"])
def test_times_and_byte_orders_are_kept(name: str) -> None:
    value = np.array(["2026-01-01", "NaT"] if "M" in name else [1, 2]).astype(name)
    found = cross(value)
    assert found.dtype == value.dtype
    assert found.astype(str).tolist() == value.astype(str).tolist()
    assert cross(value.dtype) == value.dtype
    assert cross(value[0]) == value[0]


def test_a_matrix_stays_a_matrix() -> None:
    found = cross(np.eye(2).view(np.matrix))
    assert type(found) is np.matrix
    assert found[0].shape == (1, 2)


ODD_DTYPES = ["float8_e4m3fn", "float8_e5m2", "uint16", "uint32", "uint64", "complex32"]


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
@pytest.mark.parametrize("name", ODD_DTYPES)
@pytest.mark.parametrize("count", [0, 3, 300])
def test_tensors_of_odd_dtypes_cross_with_all_their_bits(name: str, count: int) -> None:
    dtype = getattr(torch, name)
    value = torch.arange(count).to(torch.float32).to(dtype)
    found = cross(value)
    assert (found.dtype, found.shape) == (dtype, value.shape)
    assert torch.equal(found.view(torch.uint8), value.view(torch.uint8))


@pytest.mark.parametrize("kind", [torch.dtype, torch.layout, torch.memory_format])
def test_torch_s_own_names_cross(kind: type) -> None:
    for value in vars(torch).values():
        if isinstance(value, kind):
            assert cross(value) is value


@pytest.mark.parametrize(
    "value",
    [
        *(Fraction(-1, 3), Decimal("1.50"), Decimal("-Infinity"), Decimal("2E+9")),
        *(dt.date(2026, 1, 2), dt.time(3, 4), dt.timedelta(days=-1, seconds=2)),
        dt.datetime(2026, 1, 2, 3, 4, 5, 6, dt.UTC),
        dt.datetime(2026, 1, 2, 3),  # noqa: DTZ001 - as notebooks have them
    ],
)
def test_small_values_of_python_s_library_cross(value: object) -> None:
    found = cross(value)
    assert found == value
    assert (type(found), str(found)) == (type(value), str(value))


def test_a_path_crosses_as_text_and_opens_nothing() -> None:
    found = cross(Path("a") / "b")
    assert (found, str(found)) == (Path("a/b"), "a/b")
    assert isinstance(found, Path)
    assert not isinstance(cross(PurePath("a")), Path)
    for one in (found, found.parent, cross(found)):
        with pytest.raises(TypeError, match="another process"):
            os.fspath(one)


def test_special_dictionaries_and_deques_keep_their_behaviour() -> None:
    assert cross(collections.Counter("aab"))["z"] == 0
    ordered = cross(collections.OrderedDict([("b", 1), ("a", 2)]))
    assert ordered != collections.OrderedDict([("a", 2), ("b", 1)])
    assert cross(collections.defaultdict(list, a=[1]))["z"] == []
    recent = cross(collections.deque([1, 2], maxlen=2))
    recent.append(3)
    assert list(recent) == [2, 3]
    assert type(cross(bytearray(b"ab"))) is bytearray


def test_a_default_function_of_the_student_s_does_not_cross() -> None:
    found = cross(collections.defaultdict(lambda: 3, a=1))
    assert found == {"a": 1}
    with pytest.raises(TypeError, match="function of its own"):
        found["z"]


class Mine(list[int]):
    """A list whose methods contradict one another."""

    def __len__(self) -> int:
        return 7

    def __getitem__(self, place: Any) -> Any:
        return 42


def test_a_subclass_of_list_arrives_as_a_plain_list() -> None:
    found = cross(Mine([1, 2]))
    assert type(found) is list
    assert (found, len(found), found[0]) == ([1, 2], 2, 1)


class Key(str):
    """A text that is equal to nothing but itself."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def test_keys_that_become_equal_are_refused_by_name() -> None:
    for value in ({Key("a"): 1, Key("a"): 2}, {Key("a"), Key("a")}):
        with pytest.raises(RefusedError, match="keys"):
            cross(value)


def test_many_numbers_need_one_buffer() -> None:
    for value in ([0.5] * 100_000, tuple(range(100_000)), [math.nan] * 99):
        found = cross(value)
        np.testing.assert_equal(found, value)
        assert type(found) is type(value)
    mixed = [*[1] * 99, True]
    assert list(map(type, cross(mixed))) == list(map(type, mixed))


def test_small_scalars_and_tensors_need_no_buffer() -> None:
    encoder = Encoder(refuse)
    encoder.encode([np.float64(1)] * 5000 + [torch.tensor(1.0)] * 5000)
    assert encoder.buffers == []


@pytest.mark.parametrize(
    "value",
    [
        [["x" * 500] for _ in range(1000)],
        [[]] * 99_999,
        list(np.zeros((5000, 99))),
        [["é" * 200] for _ in range(1000)],
    ],
)
def test_too_large_a_value_is_refused_before_it_is_sent(value: object) -> None:
    with pytest.raises(RefusedError, match="to be sent"):
        Encoder(refuse, max_text=400_000).encode(value)


def test_keys_made_to_collide_are_refused() -> None:
    step = 2**61 - 1
    same = [{"k": "int", "v": str(number * step)} for number in range(99)]
    for node in (
        {"k": "set", "v": same},
        {"k": "dict", "v": [[key, 1] for key in same]},
    ):
        with pytest.raises(CodecError, match="hash"):
            decode(node)
    assert len(cross(set(range(-500, 500)))) == 1000


def test_the_number_of_named_tuple_classes_is_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(containers, "_named_tuples", {})
    for number in range(256):
        decode({"k": "namedtuple", "n": f"n{number}", "f": ["a"], "v": [1]})
    with pytest.raises(CodecError, match="classes of named tuples"):
        decode({"k": "namedtuple", "n": "more", "f": ["a"], "v": [1]})


def test_a_tensor_subclass_crosses_as_its_numbers() -> None:
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
    "value",
    [
        *(object(), np.array([object()]), len, torch.Generator(), np.longdouble(1)),
        *(torch.eye(2).to_sparse(), torch.empty(1, device="meta")),
        *(np.ma.masked_array([1, 2]), np.ma.masked, np.array([[len]], dtype=object)),
        *(np.zeros(1, "V2"), np.dtype("V2"), os.stat_result(range(10))),
        *(Decimal("1E+999999"), dt.time(1, tzinfo=zoneinfo.ZoneInfo("UTC"))),
    ],
)
def test_an_object_that_is_not_a_value_is_left_to_the_caller(value: object) -> None:
    with pytest.raises(CodecError, match="no place"):
        cross(value)


def test_a_list_that_contains_itself_is_refused() -> None:
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
    2**63,
    {"k": "list", "d": "<f8", "b": 9},
    {"k": "list", "d": "|O", "b": 0},
    {"k": "bytes", "x": "f"},
    {"k": "bytes", "x": "00" * 99},
    {"k": "array", "d": "<U0", "s": [2**40], "x": ""},
    {"k": "array", "d": "<U1", "s": [1], "x": "ffffffff"},
    {"k": "array", "d": "<M8[x]", "s": [1], "b": 0},
    {"k": "array", "d": "V8", "s": [1], "b": 0},
    {"k": "objects", "s": [2], "v": [1]},
    {"k": "records", "n": ["a"], "s": [1], "v": [1], "aligned": False},
    {"k": "records", "n": [], "s": [1], "v": [], "aligned": False},
    {"k": "objects", "s": [1], "v": [{"k": "handle"}]},
    {"k": "objects", "s": [1], "v": [{"k": "list", "v": [{"k": "handle"}]}]},
    {"k": "matrix", "v": {"k": "array", "d": "<f8", "s": [1], "b": 0}},
    {"k": "namedtuple", "n": "P", "f": ["a", "a"], "v": [1, 2]},
    {"k": "namedtuple", "n": "P", "f": ["__class__"], "v": [1]},
    {"k": "namedtuple", "n": "P", "f": ["a=1): 0#"], "v": [1]},
    {"k": "namedtuple", "n": "P", "f": ["a"], "v": [1, 2]},
    {"k": "namedtuple", "n": "class", "f": ["a"], "v": [1]},
    {"k": "namedtuple", "n": "P", "f": ["_1"], "v": [1]},
    {"k": "torch.return_type", "n": "max", "v": [1]},
    {"k": "torch.return_type", "n": "SequenceKey", "v": [1]},
    {"k": "torch.constant", "v": "torch.load"},
    {"k": "packed", "v": [1, 2, 3, 4]},
    {"k": "defaultdict", "f": "eval", "v": []},
    {"k": "deque", "m": -1, "v": []},
    {"k": "dict", "v": [[1, 1], [1, 2]]},
    {"k": "set", "v": [1, 1]},
    {"k": "fraction", "v": [1, 0]},
    {"k": "fraction", "v": [1.5, True]},
    {"k": "decimal", "v": "1E+999999"},
    {"k": "date", "v": "2026"},
    {"k": "datetime", "v": "2026-13-01"},
    {"k": "time", "v": 3},
    {"k": "timedelta", "v": [10**12, 0, 0]},
    {"k": "path", "v": "x" * 9999},
]


@pytest.mark.parametrize("node", BAD_NODES, ids=str)
def test_an_invalid_node_is_refused(node: object) -> None:
    with pytest.raises(CodecError):
        decode(node, bytes(8))


def test_deep_nesting_is_refused() -> None:
    node: object = None
    for _ in range(MAX_DEPTH + 1):
        node = {"k": "list", "v": [node]}
    with pytest.raises(CodecError, match="nested"):
        decode(node)


def test_booleans_arrive_as_0_or_1() -> None:
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
    [
        "same",
        *(
            str(node["k"])
            for node in BAD_NODES
            if isinstance(node, dict) and "k" in node
        ),
    ]
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
            "x": st.sampled_from(["", "00", "0001", "01" * 8]) | JSON,
            "n": st.sampled_from(["P", "max", "a"]) | st.lists(inner, max_size=2),
            "f": st.lists(st.sampled_from(["a", "b", "int"])) | JSON,
            "m": JSON,
            "r": JSON,
            "aligned": JSON,
            "grad": inner,
            "g": st.booleans() | JSON,
            "as": st.integers(0, 2) | JSON,
            "o": st.permutations(range(2)) | JSON,
            "st": st.lists(st.integers(-9, 9)) | JSON,
            "w": st.booleans() | JSON,
            "leaf": st.booleans() | JSON,
        },
    ),
    max_leaves=8,
)


@given(NODES, st.lists(st.binary(max_size=32), max_size=2))
def test_any_node_is_decoded_or_refused(node: object, buffers: list[bytes]) -> None:
    with contextlib.suppress(CodecError):  # any other exception is a failure
        decode(node, *buffers)


def test_a_header_has_a_limit() -> None:
    assert MAX_HEADER < 16 * 1024**2
