"""A grader refuses a hostile snapshot's messages, which pass no check."""

import contextlib
import json
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.inside.grader.snapshot_client import StudentBaseError
from runner.inside.values.codec import CodecError
from runner.wire.endpoint import MAX_NESTING
from runner.wire.link import MAX_BUFFERS, Link, LinkClosedError, LinkError
from tests.runner.pairs import hostile_student

pytestmark = pytest.mark.torch

REFUSALS = (LinkError, LinkClosedError, CodecError, TypeError)


def message(header: object, *buffers: bytes) -> bytes:
    """Return the bytes of a message with any content: the answer to question one."""
    if isinstance(header, dict) and "op" not in header:
        header = {"n": 1, **header}
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    lengths = b"".join(struct.pack("!Q", len(one)) for one in buffers)
    start = struct.pack("!II", len(text), len(buffers))
    return b"".join((start, lengths, text, *buffers))


def test_an_honest_answer_is_accepted() -> None:
    with hostile_student(message({"ok": {"k": "bytes", "b": 0}}, b"abc")) as student:
        assert student.name("answer") == b"abc"
        assert not student.lost


HOSTILE = {
    "nothing": b"",
    "half a message": message({"ok": 1})[:-1],
    "junk": b"\xff" * 64,
    "a header without end": struct.pack("!II", 2**32 - 1, 0),
    "too many buffers": struct.pack("!II", 2, MAX_BUFFERS + 1),
    "a buffer too large": struct.pack("!IIQ", 2, 1, 2**62) + b"{}",
    "a buffer that does not come": struct.pack("!IIQ", 8, 1, 100) + b'{"ok":1}',
    "no JSON": message(b"{"),
    "JSON too deep": message(b"[" * 100_000),
    "no object": message([1]),
    "not a number": message(b'{"ok": NaN}'),
    "no answer": message({}),
    "an error that is none": message({"error": 1}),
    "no node": message({"ok": {"k": 5}}),
    "a handle that is none": message({"ok": {"k": "handle", "v": -1}}),
    "a handle without bases": message({"ok": {"k": "handle", "v": 1}}),
    "a pickle": message({"ok": {"k": "pickle", "b": 0}}, b"cos\nsystem\n(S'x'\ntR."),
    "a name to import": message({"ok": {"k": "library", "v": "os:system"}}),
    "a function that was not given": message({"ok": {"k": "callback", "v": 0}}),
    "a call of what was not given": message({"op": "callback", "v": 0, "a": None}),
    "a question of ours": message({"op": "name", "a": None}),
    "a type that is none": message({"ok": {"k": "type", "v": "print"}}),
}


@pytest.mark.parametrize("answers", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_answer_is_refused_and_ends_the_link(answers: bytes) -> None:
    with hostile_student(answers) as student:
        with pytest.raises(REFUSALS):
            student.ask("name", "answer")
        assert student.lost


def test_a_lost_snapshot_gives_no_further_answer() -> None:
    with hostile_student(message({"ok": {"k": 5}}) + message({"ok": 42})) as student:
        with pytest.raises(CodecError):
            student.ask("name", "answer")
        with pytest.raises(LinkClosedError):
            student.ask("name", "answer")


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(answers: bytes) -> None:
    with hostile_student(answers) as student, pytest.raises(REFUSALS):
        student.ask("name", "answer")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["k", "v", "b", "d", "s", "g", "ok", "error", "op", "a"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(
    st.lists(st.tuples(JSON, st.lists(st.binary(max_size=9), max_size=2)), max_size=3)
)
def test_messages_of_any_shape_are_harmless(
    messages: list[tuple[object, list[bytes]]],
) -> None:
    answers = b"".join(message(header, *buffers) for header, buffers in messages)
    # Some are valid by chance, and may report an error.
    allowed = contextlib.suppress(*REFUSALS, StudentBaseError)
    with hostile_student(answers) as student, allowed:
        student.ask("name", "answer")


def test_nested_calls_are_limited() -> None:
    call = {"op": "callback", "v": 0, "a": {"k": "list", "v": []}}
    answers = message(call) * (MAX_NESTING + 2)
    with hostile_student(answers) as student, pytest.raises(REFUSALS):
        student.ask("name", "answer")


def test_messages_cross_whole() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Link(ours).send({"ok": 1}, [memoryview(b"ab"), memoryview(b"")])
        header, buffers = Link(theirs).receive()
        assert header == {"ok": 1}
        assert [bytes(one) for one in buffers] == [b"ab", b""]
        ours.close()
        with pytest.raises(LinkClosedError):
            Link(theirs).receive()


def test_only_plain_data_is_sent() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(LinkError):
        Link(ours).send({"ok": float("nan")}, [])
