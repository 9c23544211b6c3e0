"""A long text and many plain values cross as bytes, within the bounds on bytes."""

import collections
import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from runner.inside.grader.exports import Outgoing
from runner.inside.grader.given_folders import Folders
from runner.inside.values.codec import CodecError, Decoder, Encoder, RefusedError
from tests.runner.inside.values.test_values import cross, decode, refuse
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch

TEXT = "First Citizen: é \ud800 \U0001f600\n" * 100_000
WORDS = TEXT.split()


class Word(str):
    """A text of a class of its own."""


VALUES: dict[str, Any] = {
    "text": TEXT,
    "twice": [TEXT, TEXT],
    "words": WORDS,
    "key": {TEXT: TEXT},
    "set": {f"word {number}" for number in range(60_000)},
    "vocabulary": {f"word {number}": number for number in range(90_000)},
    "pairs": collections.Counter((n, str(n)) for n in range(60_000)),
    "samples": [(float(number), number % 2 == 0) for number in range(90_000)],
    "flags": [True, False] * 200_000,
    "queue": collections.deque(WORDS, maxlen=10**6),
}


@pytest.mark.parametrize("name", VALUES)
def test_long_values_cross_in_both_directions(name: str) -> None:
    names = {"value": VALUES[name], "same": lambda value: value}
    with student_with(names) as student:
        value = student.name("value")
        assert value == VALUES[name]
        assert type(value) is type(VALUES[name])
        assert student.name("same")(value) == value


SCALARS: dict[str, list[Any]] = {
    "an int among floats": [0, *(n / 7 for n in range(60_000))],
    "numpy floats": [np.float64(n) / 7 for n in range(60_000)],
    "tokens": list(np.arange(60_000) % 900),
    "truth values": list(np.arange(60_000) % 2 == 0),
    "half precision": list(np.linspace(0, 1, 60_000).astype(np.float16)),
    "days": list(np.arange(60_000).astype("M8[D]")),
    "complex": [complex(n, -0.0) for n in range(60_000)],
    "no loss yet": [None, True, 2, -0.0, "word", np.int32(3), np.uint8(4)] * 9000,
    "pairs": [(n or 0.5, np.float32(n), n % 3 or None) for n in range(60_000)],
    "frequencies": [{f"w{n}": n / 9 if n else 0 for n in range(60_000)}],
    "numpy keys": [{np.int64(n): n / 9 if n else 0 for n in range(60_000)}],
}


@pytest.mark.parametrize("name", SCALARS)
def test_each_item_of_a_long_list_keeps_its_own_class(name: str) -> None:
    value = SCALARS[name]
    with student_with({"value": value, "same": lambda given: given}) as student:
        found = student.name("value")
        assert repr(found) == repr(value)
        assert repr(student.name("same")(value)) == repr(value)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int64", "bool", "complex64"])
def test_many_0d_tensors_arrive_as_tensors_of_their_own(dtype: str) -> None:
    losses = list((torch.arange(60_000) % 5).to(getattr(torch, dtype)))
    losses += losses[:1]
    with student_with({"value": [losses, losses[1], None]}) as student:
        found, second, _ = student.name("value")
    assert all(map(torch.equal, found, losses))
    assert {(one.dtype, one.shape) for one in found} == {(losses[0].dtype, ())}
    assert found[-1] is found[0]
    assert second is found[1]
    assert len({one.data_ptr() for one in found}) == 60_000


def test_tensors_with_gradients_are_not_packed() -> None:
    frozen = torch.tensor(2.0)
    frozen.grad = torch.tensor(3.0)
    for odd in (torch.tensor(1.0, requires_grad=True), frozen):
        with student_with({"value": [torch.tensor(0.0)] * 40 + [odd]}) as student:
            found = student.name("value")[-1]
        assert (found.requires_grad, found.grad) == (odd.requires_grad, odd.grad)


def test_long_lists_of_other_classes_stay_as_they_are() -> None:
    class Float(float):
        pass

    assert repr(cross([Word("a"), 1] * 40)) == repr(["a", 1] * 40)
    assert repr(cross([Float(2), 1] * 40)) == repr([2.0, 1] * 40)


NUMBERS = (
    st.integers(-(2**65), 2**65),
    *(st.floats(), st.booleans(), st.text(), st.text(st.characters(categories=["Cs"]))),
)
OTHERS = st.sampled_from(
    [None, 1j, np.float64(2), np.int64(3), np.bool_(1), np.float32("nan")]
)
ITEMS = st.one_of(
    *(*NUMBERS, OTHERS),
    st.one_of(*NUMBERS).flatmap(lambda one: st.tuples(st.just(one))),
)


@given(st.one_of(*(st.lists(one, min_size=30) for one in (*NUMBERS, ITEMS))))
def test_lists_arrive_item_by_item_as_they_were(value: list[Any]) -> None:
    found = cross(value)
    assert repr(found) == repr(value)
    assert repr(cross(dict(enumerate(value)))) == repr(dict(enumerate(value)))


def test_numbers_that_are_not_finite_stay_in_tuples() -> None:
    (found, *_) = cross([(math.nan, -math.inf)] * 99)
    assert math.isnan(found[0])
    assert found[1] == -math.inf


def test_equal_long_keys_of_another_class_are_refused_as_short_ones_are() -> None:
    class Key(str):
        __eq__ = object.__eq__
        __hash__ = object.__hash__

    with pytest.raises(RefusedError, match="equal as plain values"):
        Encoder(refuse).encode({Key("a" * 2000), Key("a" * 2000)})
    assert type(cross(Word("a" * 2000))) is str


def test_long_texts_count_as_bytes_each_time_that_they_stand_there() -> None:
    encoder = Encoder(refuse, max_bytes=1_000_000)
    with pytest.raises(RefusedError, match="too large"):
        encoder.encode([["x" * 2000] for _ in range(600)])
    node = [{"k": "text", "b": 0}] * 600
    bounded = Decoder([memoryview(b"x" * 2000)], refuse, max_bytes=1_000_000)
    with pytest.raises(CodecError, match="too large"):
        bounded.decode({"k": "list", "v": node})


@pytest.mark.parametrize(
    "node",
    [
        {"k": "list", "d": "text", "n": 10**6, "b": 0},
        {"k": "list", "d": "text", "n": 10**9, "x": ""},
        {"k": "list", "d": "tuple", "n": 10**9, "v": [{"d": "<i8", "x": ""}]},
        {"k": "list", "d": "tuple", "n": 0, "v": []},
        {"k": "list", "d": "tuple", "n": 0, "v": [{"d": "tuple", "n": 0, "v": []}]},
        {"k": "list", "d": "text", "n": True, "b": 0},
        {"k": "list", "d": "text", "n": 1, "b": 0},
        {"k": "dict", "c": [{"d": "<i8", "b": 0}]},
        {"k": "dict", "c": [{"d": "<i8", "b": 0}, {"d": "<i8", "x": ""}]},
        {"k": "dict", "c": [{"d": "<i8", "b": 1}, {"d": "<i8", "b": 1}]},
        {"k": "set", "d": "<i8", "b": 1},
        {"k": "list", "d": "mixed", "b": 2, "v": []},
        {"k": "list", "d": "mixed", "b": 0, "v": [{"d": "<i8", "x": ""}]},
        {"k": "list", "d": "mixed", "b": 2, "v": [{"d": "mixed", "b": 0, "v": []}]},
        {"k": "list", "d": "scalars", "t": "|O", "b": 1},
        {"k": "list", "d": "scalars", "t": "<U2", "b": 1},
        {"k": "list", "d": "scalars", "t": ["<f8"], "b": 1},
        {"k": "list", "d": "tensors", "t": "int64", "first": 0, "b": 1, "p": 1},
        {"k": "list", "d": "tensors", "t": "int64", "first": 0, "b": 0, "p": 1},
        {"k": "list", "d": "tensors", "t": "qint8", "first": 0, "x": "", "p": 1},
        {"k": "list", "d": "tensors", "t": "int8", "first": 0, "x": "00", "p": "0"},
        {"k": "list", "d": "tensors", "t": "int8", "first": 0.0, "x": "00", "p": 1},
        {"k": "text", "b": 2},
        {"k": "text", "b": 9},
    ],
)
def test_bytes_that_do_not_fit_their_node_are_refused(node: Any) -> None:
    zeros, most = bytes(8), b"".join(n.to_bytes(8) for n in range(2**17 + 1))
    with pytest.raises(CodecError):
        decode(node, zeros + b"\xff", most, b"\xff")
    assert decode({"k": "text", "b": 0}, b"ab") == "ab"


def test_many_short_texts_are_no_short_message() -> None:
    """An empty text takes a few bytes of the message, and many more of memory."""
    encoder = Encoder(refuse)
    node = encoder.encode([""] * 10_000)
    assert encoder.bytes > 500_000
    bounded = Decoder(
        [memoryview(bytes(one)) for one in encoder.buffers], refuse, max_bytes=500_000
    )
    with pytest.raises(CodecError, match="too large"):
        bounded.decode(json.loads(json.dumps(node)))


def test_packed_scalars_and_tensors_count_the_memory_that_they_take() -> None:
    for value in ([np.int8(0)] * 10_000, [torch.tensor(0)] * 10_000):
        encoder = Encoder(refuse)
        encoder.packs_tensors = True
        node = encoder.encode(value)
        assert encoder.bytes > 500_000
        bounded = Decoder(
            [memoryview(bytearray(one)) for one in encoder.buffers],
            refuse,
            max_bytes=500_000,
        )
        with pytest.raises(CodecError, match="too large"):
            bounded.decode(json.loads(json.dumps(node)))


def test_no_long_text_tells_of_private(tmp_path: Any) -> None:
    private = tmp_path / "secret"
    for value in ("x" * 2000 + f"{private}/a", ["a"] * 40 + [f"{private}/a"]):
        outgoing = Outgoing(refuse, Folders(tmp_path / "files", private))
        with pytest.raises(CodecError, match="private"):
            outgoing.encode(value)


@pytest.mark.long
def test_the_refusal_of_many_parts_says_what_crosses() -> None:
    with pytest.raises(RefusedError, match=r"too many parts .* of texts"):
        Encoder(refuse).encode([{"a": [n]} for n in range(300_000)])
