"""Parts of a message that are one object arrive as one object; equal parts do not."""

import json
import sys
from collections import OrderedDict, deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from runner.inside.student.sent_items import indexed
from runner.inside.values.codec import (
    MAX_DEPTH,
    CodecError,
    Decoder,
    Encoder,
    RefusedError,
)
from runner.inside.values.nodes import Node
from runner.wire.link import MAX_ANSWER_BYTES, MAX_ANSWER_HEADER
from tests.runner.inside.values.test_values import decode, refuse

pytestmark = pytest.mark.torch


def sent(value: object) -> tuple[Node, list[memoryview]]:
    encoder = Encoder(lambda *_: {"k": "handle"})
    node = json.loads(json.dumps(encoder.encode(value), allow_nan=False))
    return node, [memoryview(bytearray(one)) for one in encoder.buffers]


def cross(value: object) -> Any:
    node, buffers = sent(value)
    return Decoder(buffers, lambda _: "object").decode(node)


MUTABLE: dict[str, Callable[[], Any]] = {
    "list": lambda: [1, "a"],
    "packed list": lambda: [0.5] * 99,
    "dict": lambda: {"a": 1},
    "set": lambda: {1},
    "bytearray": lambda: bytearray(b"ab"),
    "deque": lambda: deque([1]),
    "OrderedDict": lambda: OrderedDict(a=1),
    "namespace": lambda: SimpleNamespace(a=1),
    "array": lambda: np.arange(3.0),
    "large array": lambda: np.arange(99.0).reshape(9, 11).T,
    "objects": lambda: np.array([[1], None], dtype=object),
    "records": lambda: np.zeros(2, dtype=[("a", "i4")]),
    "matrix": lambda: np.eye(2).view(np.matrix),
    "tensor": lambda: torch.ones(2),
    "parameter": lambda: torch.nn.Parameter(torch.ones(2)),
}


@pytest.mark.parametrize("name", MUTABLE)
def test_one_object_arrives_as_one_object(name: str) -> None:
    one, other = MUTABLE[name](), MUTABLE[name]()
    found = cross([one, (one, {"a": one}), other])
    assert found[0] is found[1][0]
    assert found[0] is found[1][1]["a"]
    assert found[0] is not found[2]
    assert type(found[2]) is type(found[0])


def test_rows_of_a_grid_stay_shared_or_separate() -> None:
    same, own = cross([[0] * 3] * 3), cross([[0] * 3 for _ in range(3)])
    assert same == own
    same[0][0] = own[0][0] = 1
    assert (same[1][0], own[1][0]) == (1, 0)


def test_a_gradient_beside_its_leaf_stays_the_leaf_s_gradient() -> None:
    leaf = torch.ones(2, requires_grad=True)
    (3 * leaf).sum().backward()
    gradient, found = cross([leaf.grad, leaf])
    assert found.grad is gradient


@given(
    st.recursive(
        st.integers(0, 3) | st.text(max_size=2),
        lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner),
        max_leaves=6,
    ),
    st.data(),
)
def test_shared_parts_stay_shared(value: Any, data: st.DataObject) -> None:
    parts = [value, [value], {"a": value}]
    chosen = [data.draw(st.sampled_from(parts)) for _ in range(4)]
    found = cross(chosen)
    assert found == chosen
    for one, other in ((0, 1), (1, 2), (2, 3)):
        if isinstance(chosen[one], list | dict):
            assert (found[one] is found[other]) is (chosen[one] is chosen[other])


def test_a_temporary_object_is_not_mistaken_for_another() -> None:
    class Fresh(list[Any]):
        def __iter__(self) -> Any:
            return iter([[{number}] for number in range(self[0], self[0] + 50)])

    value = [Fresh([start]) for start in range(20)]
    assert cross(value) == [[[{n}] for n in range(m, m + 50)] for m in range(20)]


def test_a_part_of_an_abandoned_value_is_written_in_full() -> None:
    """An array that holds an object is sent as an object, so its list was not sent."""
    inner = [1]
    mixed = np.empty(2, dtype=object)
    mixed[:] = [inner, object()]
    assert cross([mixed, inner]) == ["object", [1]]


BAD_REFERENCES: list[Node] = [
    {"k": "same", "v": 0},
    {"k": "same"},
    {"k": "same", "v": None},
    {"k": "list", "v": [], "as": True},
    {"k": "list", "v": [], "as": "0"},
    {"k": "tuple", "v": [], "as": 0},
    {"k": "handle", "as": 0},
    {"k": "list", "v": [{"k": "same", "v": 0}], "as": 0},
    {"k": "list", "v": [{"k": "same", "v": 0}, {"k": "list", "v": [], "as": 0}]},
    {"k": "list", "v": [{"k": "list", "v": [], "as": 0}, {"k": "same", "v": False}]},
    {"k": "list", "v": [{"k": "list", "v": [], "as": 0}, {"k": "same", "v": 1}]},
    {"k": "list", "v": [{"k": "list", "v": [], "as": 0}] * 2},
    {"k": "list", "v": [{"k": "list", "v": [], "as": 0}], "as": 0},
    {"k": "set", "v": [{"k": "list", "v": [], "as": 0}]},
    {"k": "dict", "v": [[{"k": "list", "v": [], "as": 0}, {"k": "same", "v": 0}]]},
]


@pytest.mark.parametrize("node", BAD_REFERENCES, ids=str)
def test_only_a_complete_mutable_part_can_be_referred_to(node: Node) -> None:
    with pytest.raises(CodecError):
        Decoder([], lambda _: "object").decode(node)


def test_no_object_gets_into_data_by_reference() -> None:
    first = {"k": "list", "v": [{"k": "handle"}], "as": 0}
    array = {"k": "objects", "s": [1], "v": [{"k": "same", "v": 0}]}
    around = {"k": "list", "v": [{"k": "same", "v": 0}], "as": 1}
    other = {**array, "v": [{"k": "same", "v": 1}]}
    for parts in ([first, array], [first, around, other]):
        with pytest.raises(CodecError, match="only data"):
            Decoder([], lambda _: "object").decode({"k": "list", "v": parts})
    holder = [object()]
    inner = np.empty(1, dtype=object)
    inner[0] = holder
    assert cross([holder, inner]) == [["object"], "object"]


def laughs(levels: int, width: int = 10) -> Node:
    """Return a short node whose value is long, since its references repeat."""
    parts: list[Node] = [{"k": "list", "v": ["x" * 9], "as": 0}]
    for level in range(levels):
        again = [{"k": "same", "v": level}] * width
        parts.append({"k": "list", "v": again, "as": level + 1})
    return {"k": "list", "v": parts}


def test_a_short_message_does_not_become_a_long_value() -> None:
    assert len(repr(decode(laughs(4)))) < MAX_ANSWER_HEADER
    with pytest.raises(CodecError, match="large"):
        decode(laughs(6))
    value: list[Any] = ["x" * 9]
    for _ in range(30):
        value = [value] * 10
    with pytest.raises(RefusedError, match="parts"):
        Encoder(refuse).encode(value)


def test_a_decoder_accepts_all_that_an_encoder_sends() -> None:
    """Otherwise a valid answer would cost the grader its snapshot."""
    for width in range(1, 40):
        value = [[np.eye(2).view(np.matrix)] * 9, [torch.ones(1), "é" * 9, 2**99] * 9]
        for _ in range(4):
            value = [value] * width
        encoder = Encoder(refuse, max_text=MAX_ANSWER_HEADER)
        try:
            node = encoder.encode(value)
        except RefusedError:
            break
        Decoder(encoder.buffers, refuse).decode(node)
    assert width > 3


def test_bytes_count_once_for_each_reference() -> None:
    big = np.zeros(MAX_ANSWER_BYTES // 40)
    Encoder(refuse, max_bytes=MAX_ANSWER_BYTES).encode([big] * 5)
    with pytest.raises(RefusedError, match="less data"):
        Encoder(refuse, max_bytes=MAX_ANSWER_BYTES).encode([big] * 6)
    node = {"k": "bytearray", "b": 0}
    same = {"k": "same", "v": 0}
    for parts in ([node] * 3, [{**node, "as": 0}, same, same]):
        decoder = Decoder([memoryview(bytes(40))], refuse, max_bytes=100)
        with pytest.raises(CodecError, match="large"):
            decoder.decode({"k": "list", "v": parts})


def test_references_nest_no_deeper_than_written_values() -> None:
    parts: list[Node] = [{"k": "list", "v": [], "as": 0}]
    parts.extend(
        {"k": "list", "v": [{"k": "same", "v": level}], "as": level + 1}
        for level in range(MAX_DEPTH + 5)
    )
    with pytest.raises(CodecError, match="nested"):
        decode({"k": "list", "v": parts})
    deep: Node = {"k": "list", "v": []}
    again: Node = {"k": "same", "v": 0}
    for _ in range(MAX_DEPTH // 2):
        deep, again = {"k": "list", "v": [deep]}, {"k": "list", "v": [again]}
    with pytest.raises(CodecError, match="nested"):
        decode({"k": "list", "v": [{**deep, "as": 0}, again]})
    value: list[Any] = []
    chain = [value := [value] for _ in range(MAX_DEPTH + 5)]
    with pytest.raises(RefusedError, match="nested"):
        cross(chain)
    assert len(cross(chain[: MAX_DEPTH - 5])) == MAX_DEPTH - 5


def test_an_object_that_yields_one_array_repeatedly_is_soon_too_large() -> None:
    class Same:
        big = np.zeros(2**19)

        def __len__(self) -> int:
            return 300

        def __getitem__(self, place: int) -> Any:
            return self.big

    value: Any = Same()
    assert indexed(value, True, lambda: Encoder(refuse)) is None  # noqa: FBT003
    assert sys.getrefcount(value) < 9
