"""Frames: JSON objects with their length before them, over Unix sockets.

Everything that arrives from a job is hostile. A frame that parses is a JSON object within
the size limit, and its numbers are finite. Nothing more is known about it.
"""

import array
import json
import math
import os
import re
import select
import socket
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final, NoReturn

MAX_FRAME: Final = 32 * 1024**2
# The most that the host accepts from a job, apart from outputs. Parsed, a frame is many
# times larger.
SMALL_FRAME: Final = 256 * 1024
MAX_DESCRIPTORS: Final = 16
# Levels of lists and objects in a frame. Deeper ones could be parsed here, but overflow
# the stack of code that writes or reads them later.
MAX_DEPTH: Final = 64
_HEADER: Final = struct.Struct("!I")
_CREDENTIALS: Final = struct.Struct("3i")
_CHUNK: Final = 256 * 1024
_READS: Final = 8
# Parsing a list or an object costs as much work as parsing this many bytes of text.
_BRACKET_WORK: Final = 64
# How much the host reads from a job before it looks at its clock again.
_PORTION_FRAMES: Final = 256
_PORTION_SECONDS: Final = 0.05
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
# One level down, one level up, as signed bytes.
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")

Frame = dict[str, Any]


class FrameError(ValueError):
    """The data that arrived is not a frame."""


class ChannelClosedError(EOFError):
    """The other side is gone."""


def _refuse_constant(text: str) -> NoReturn:
    raise FrameError(f"{text} is not a finite number")


def _finite(text: str) -> float:
    """Return the number, or raise FrameError if it is infinite, as 1e999 is."""
    number = float(text)
    return number if math.isfinite(number) else _refuse_constant(text)


def pack(message: Mapping[str, object]) -> bytes:
    """Return the message as the bytes of one frame.

    Text is sent in UTF-8, so it takes up no more bytes than in its notebook. Half a
    surrogate pair, which UTF-8 does not have, is sent in the form that `parse` reads.
    Raises FrameError.
    """
    try:
        payload = json.dumps(
            message, allow_nan=False, ensure_ascii=False, separators=(",", ":")
        ).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError) as error:
        raise FrameError("the message is not plain data") from error
    if len(payload) > MAX_FRAME:
        raise FrameError("the frame is too large")
    _refuse_depth(payload)
    return _HEADER.pack(len(payload)) + payload


def _refuse_depth(payload: bytes) -> None:
    """Raise FrameError for valid JSON that is nested too deeply, in linear time."""
    if payload.count(b"[") + payload.count(b"{") <= MAX_DEPTH:
        return
    brackets = _STRING.sub(b"", payload).translate(_STEPS, _NO_BRACKETS)
    if max(accumulate(memoryview(brackets).cast("b"))) > MAX_DEPTH:
        raise FrameError("the frame is nested too deeply")


def dump_json(value: object) -> bytes:
    """Return the value as JSON text in UTF-8, as short as possible.

    A lone half of a surrogate pair becomes "?", because it cannot be stored as text.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def parse_cost(data: bytes) -> int:
    """Return the work to parse the data, as the number of bytes of plain text."""
    return len(data) + _BRACKET_WORK * (data.count(b"[") + data.count(b"{"))


def load_json(text: str | bytes) -> object:
    """Return the value of the JSON text. Raises ValueError, also for infinite numbers."""
    return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)


def parse(payload: bytes) -> Frame:
    """Return the object in the payload of a frame, or raise FrameError."""
    try:
        message = load_json(payload)
    except (ValueError, RecursionError) as error:
        raise FrameError("the frame is not JSON") from error
    if not isinstance(message, dict):
        raise FrameError("the frame is not a JSON object")
    if not isinstance(message.get("t", ""), str):
        raise FrameError("the kind of the frame is not text")
    _refuse_depth(payload)
    return message


class FrameReader:
    """Cuts a stream of bytes into frames of at most `limit` bytes."""

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def allow(self, limit: int) -> None:
        """Accept frames of up to so many bytes from now on."""
        self._limit = limit

    def feed(self, data: bytes) -> None:
        """Add bytes that have arrived."""
        self._buffer += data

    @property
    def has_frame(self) -> bool:
        """Whether `frames` has a frame to yield, or an error to raise."""
        if len(self._buffer) < _HEADER.size:
            return False
        (length,) = _HEADER.unpack_from(self._buffer)
        return bool(length > self._limit or len(self._buffer) >= _HEADER.size + length)

    def frames(self) -> Iterator[Frame]:
        """Yield each whole frame. Raises FrameError at the first invalid one."""
        while len(self._buffer) >= _HEADER.size:
            (length,) = _HEADER.unpack_from(self._buffer)
            if length > self._limit:
                raise FrameError("the frame is too large")
            end = _HEADER.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[_HEADER.size : end])
            frame = parse(payload)
            del self._buffer[:end]
            yield frame


class Channel:
    """The child's end of a socket, which waits, and accepts descriptors.

    A frame that carries descriptors has their number under "fds".
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._reader = FrameReader()
        self._descriptors: list[int] = []
        self._ready: list[Frame] = []

    def send(self, message: Mapping[str, object], fds: Sequence[int] = ()) -> None:
        """Send the whole frame, with the descriptors attached to it."""
        data = memoryview(pack(message))
        if fds:
            sent = socket.send_fds(self.sock, [data], list(fds))
            data = data[sent:]
        self.sock.sendall(data)

    def wait(self) -> None:
        """Wait until there is something for `receive` to return or to read."""
        if not self._ready:
            poll = select.poll()
            poll.register(self.sock, select.POLLIN)
            poll.poll()

    def receive(self) -> tuple[Frame, list[int]]:
        """Wait for the next frame, and return it with its descriptors.

        Descriptors past this process's limit of open files are missing. Raises
        ChannelClosedError or FrameError.
        """
        while not self._ready:
            data, fds, _, _ = socket.recv_fds(self.sock, _CHUNK, MAX_DESCRIPTORS)
            self._descriptors += fds
            if not data:
                raise ChannelClosedError
            self._reader.feed(data)
            self._ready += self._reader.frames()
        return self._next()

    def receive_all(self) -> Iterator[tuple[Frame, list[int]]]:
        """Wait for a frame, and yield it and those that arrived with it."""
        yield self.receive()
        while self._ready:
            yield self._next()

    def _next(self) -> tuple[Frame, list[int]]:
        frame = self._ready.pop(0)
        count = int(frame.get("fds", 0))
        taken, self._descriptors = self._descriptors[:count], self._descriptors[count:]
        return frame, taken


class Peer:
    """The host's end of a socket to a job, which never waits and trusts nothing.

    Descriptors that the other side attaches are not accepted. `sender` is the process
    that sent last, according to the kernel. `received` is the work to parse all that the
    other side has sent: see `parse_cost`.
    """

    def __init__(self, sock: socket.socket, limit: int = SMALL_FRAME) -> None:
        sock.settimeout(0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.sock = sock
        self.open = True
        self.sender = 0
        self.idle = True
        self.received = 0
        self._is_at_end = False
        self._reader = FrameReader(limit)
        self._out: list[tuple[memoryview, Sequence[int]]] = []

    def fileno(self) -> int:
        return self.sock.fileno()

    def allow(self, limit: int) -> None:
        """Accept frames of up to so many bytes from now on."""
        self._reader.allow(limit)

    @property
    def wants_to_send(self) -> bool:
        return bool(self._out) and self.open

    def send(self, message: Mapping[str, object], fds: Sequence[int] = ()) -> None:
        """Send as much of the frame as the socket takes; `flush` sends the rest.

        The descriptors are duplicated, so the caller may close its own.
        """
        copies = [os.dup(fd) for fd in fds]
        body = {**message, "fds": len(copies)} if copies else message
        self._out.append((memoryview(pack(body)), copies))
        self.flush()

    def flush(self) -> None:
        """Send what the socket takes now."""
        try:
            while self._out and self.open:
                self._send_some()
        except BlockingIOError:
            return
        except OSError:
            self.open = False

    def _send_some(self) -> None:
        data, fds = self._out[0]
        ancillary: list[tuple[int, int, Any]] = []
        if fds:
            ancillary = [
                (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds)),
            ]
        sent = self.sock.sendmsg([data], ancillary, socket.MSG_NOSIGNAL)
        for fd in fds:
            os.close(fd)
        self._out[0] = (data[sent:], ())
        if sent == len(data):
            self._out.pop(0)

    def receive(self) -> list[Frame]:
        """Return some of the frames that arrived. Raises FrameError for invalid data.

        Afterwards `idle` says whether that was all. A portion is limited in frames,
        bytes and time, whatever the other side sends, so that the caller can look at
        its clock.
        """
        self.idle = False
        is_drained = False
        if not self._reader.has_frame:
            is_drained = not all(self._read() for _ in range(_READS))
        frames: list[Frame] = []
        ends = time.monotonic() + _PORTION_SECONDS
        try:
            for frame in self._reader.frames():
                frames.append(frame)
                if len(frames) == _PORTION_FRAMES or time.monotonic() > ends:
                    break
        except FrameError:
            if not frames:
                raise
            # The frames before the invalid data are valid. The next call raises again.
        if is_drained and not self._reader.has_frame:
            self.idle = True
            self.open = self.open and not self._is_at_end
        return frames

    def _read(self) -> bool:
        try:
            data, ancillary, _, _ = self.sock.recvmsg(
                _CHUNK, socket.CMSG_SPACE(_CREDENTIALS.size)
            )
        except BlockingIOError:
            return False
        except OSError:
            data, ancillary = b"", []
        if not data:
            self._is_at_end = True
            return False
        for level, kind, value in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                self.sender = _CREDENTIALS.unpack(value[: _CREDENTIALS.size])[0]
        self.received += parse_cost(data)
        self._reader.feed(data)
        return True

    def close(self) -> None:
        """Close the socket, and the descriptors that wait to be sent."""
        self.open = False
        for _, fds in self._out:
            for fd in fds:
                os.close(fd)
        self._out.clear()
        self.sock.close()
