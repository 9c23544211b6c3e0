"""Frames from a job are read carefully from an untrusted stream."""

import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.wire.frames import (
    Channel,
    ChannelClosedError,
    FrameError,
    FrameReader,
    Peer,
    pack,
    parse,
)

plain = st.dictionaries(
    st.text(max_size=5),
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    max_size=4,
)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def pair() -> Iterator[tuple[Peer, socket.socket]]:
    ours, theirs = socket.socketpair()
    peer = Peer(ours)
    yield peer, theirs
    peer.close()
    theirs.close()


of_a_kind = plain.filter(lambda frame: isinstance(frame.get("t", ""), str))


@given(st.lists(of_a_kind, max_size=4), st.integers(1, 50))
def test_frames_are_read_however_the_stream_is_cut(
    messages: list[dict[str, object]], size: int
) -> None:
    data = b"".join(pack(message) for message in messages)
    reader, found = FrameReader(), []
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
        found += list(reader.frames())
    assert found == messages


@pytest.mark.parametrize(
    "text", ["é", "\x7f", "\u2028", "😀", "\ud83d", "\ud83d\ude00"]
)
def test_text_in_a_frame_takes_no_more_bytes_than_in_utf_8(text: str) -> None:
    data = pack({"a": text * 100})
    assert parse(data[4:]) == {"a": text * 100}
    assert len(data) < 100 * len(text.encode("utf-8", "surrogatepass")) + 20


@given(st.binary())
def test_junk_is_refused_or_is_an_incomplete_frame(junk: bytes) -> None:
    reader = FrameReader(limit=100)
    reader.feed(junk)
    try:
        assert all(isinstance(frame, dict) for frame in reader.frames())
    except FrameError:
        return


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"1",
        b"{",
        b'{"t": []}',
        b'{"t": null}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b"\xff",
        b"[" * 99_999,
    ],
)
def test_a_payload_that_is_not_an_object_is_refused(payload: bytes) -> None:
    with pytest.raises(FrameError):
        parse(payload)


def test_a_length_past_the_limit_is_refused_before_it_arrives() -> None:
    reader = FrameReader(limit=100)
    reader.feed(struct.pack("!I", 101))
    with pytest.raises(FrameError):
        list(reader.frames())


def test_the_sender_is_known_from_the_kernel(pair: tuple[Peer, socket.socket]) -> None:
    peer, theirs = pair
    theirs.sendall(pack({"pid": 1}))
    assert peer.receive() == [{"pid": 1}]
    assert peer.sender == os.getpid()


def test_descriptors_from_a_job_are_not_accepted(
    pair: tuple[Peer, socket.socket],
) -> None:
    peer, theirs = pair
    before = open_descriptors()
    for _ in range(5):
        socket.send_fds(theirs, [pack({})], [0, 1, 2])
    assert peer.receive() == [{}] * 5
    assert open_descriptors() == before


def test_a_receiver_that_never_reads_does_not_block_the_host(
    pair: tuple[Peer, socket.socket],
) -> None:
    peer, theirs = pair
    message = {"source": "x" * 5_000_000}
    peer.send(message)
    assert peer.wants_to_send
    channel = Channel(theirs)
    theirs.settimeout(0.01)
    received = None
    while received is None:
        try:
            received, _ = channel.receive()
        except TimeoutError:
            peer.flush()
    assert received == message


def test_descriptors_reach_the_job(pair: tuple[Peer, socket.socket]) -> None:
    peer, theirs = pair
    read, write = os.pipe()
    peer.send({"t": "file"}, [write])
    os.close(write)
    frame, (fd,) = Channel(theirs).receive()
    os.write(fd, b"through")
    os.close(fd)
    assert frame["t"] == "file"
    assert os.read(read, 10) == b"through"
    os.close(read)


def test_a_closed_channel_raises_an_error(pair: tuple[Peer, socket.socket]) -> None:
    peer, theirs = pair
    peer.close()
    with pytest.raises(ChannelClosedError):
        Channel(theirs).receive()


def test_the_end_of_a_job_s_side_is_noticed(pair: tuple[Peer, socket.socket]) -> None:
    peer, theirs = pair
    theirs.sendall(pack({"last": True}))
    theirs.close()
    assert peer.receive() == [{"last": True}]
    assert not peer.open
