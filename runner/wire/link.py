"""The link: messages of a JSON header and raw buffers, over a blocking Unix socket.

A message is the length of the header and the number of buffers, the length of each
buffer, the header, the buffers. The side that reads sets the limits.
"""

import json
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from select import POLLIN, poll
from typing import Any, Final

import numpy as np

from runner.wire.frames import load_json

MAX_HEADER: Final = 4 * 1024**2
MAX_BUFFERS: Final = 4096
MAX_BYTES: Final = 1024**3
# The most that a grader accepts from a snapshot in one message.
MAX_ANSWER_HEADER: Final = 1024**2
MAX_ANSWER_BYTES: Final = 512 * 1024**2
# The most characters of a call's printed text that are sent with its answer.
MAX_PRINTED: Final = 100_000
MAX_WARNINGS: Final = 100
_START: Final = struct.Struct("!II")
_LENGTH: Final = struct.Struct("!Q")
# The longest time before a test's `_thread.interrupt_main` takes effect.
_INTERRUPT_MS: Final = 100

Header = dict[str, Any]
Buffer = memoryview


class LinkError(ValueError):
    """The data that arrived is not a message, or goes past a limit."""


class LinkClosedError(EOFError):
    """The other side is gone."""


class Link:
    """One end of the socket, which sends and receives whole messages, and blocks."""

    def __init__(
        self,
        sock: socket.socket,
        *,
        max_header: int = MAX_HEADER,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.sock = sock
        self._max_header = max_header
        self._max_bytes = max_bytes

    def send(self, header: Mapping[str, object], buffers: Sequence[Buffer]) -> None:
        """Send a message. Raises LinkError if the header is not plain data."""
        try:
            text = json.dumps(header, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise LinkError("the message is not plain data") from error
        if len(text) > MAX_HEADER or len(buffers) > MAX_BUFFERS:
            raise LinkError("too many values in one message")
        lengths = b"".join(_LENGTH.pack(buffer.nbytes) for buffer in buffers)
        try:
            self.sock.sendall(_START.pack(len(text), len(buffers)) + lengths + text)
            for buffer in buffers:
                self.sock.sendall(buffer)
        except OSError as error:
            raise _of_link(error) from error

    def receive(self) -> tuple[Header, list[Buffer]]:
        """Wait for a message and return its header and its buffers, which are writable.

        Raises LinkError for invalid data, and LinkClosedError at the end.
        """
        self._wait()
        length, count = _START.unpack(self._exactly(_START.size))
        if length > self._max_header or count > MAX_BUFFERS:
            raise LinkError("the message is too large")
        raw = self._exactly(_LENGTH.size * count)
        sizes = [size for (size,) in _LENGTH.iter_unpack(raw)]
        if sum(sizes) > self._max_bytes:
            raise LinkError("the message is too large")
        try:
            header = load_json(bytes(self._exactly(length)))
        except (ValueError, RecursionError) as error:
            raise LinkError("the message is not JSON") from error
        if not isinstance(header, dict):
            raise LinkError("the message is not a JSON object")
        return header, [self._exactly(size) for size in sizes]

    def _wait(self) -> None:
        """Wait until data has arrived, or the end. Raises LinkClosedError at a timeout.

        Return to the interpreter now and then. An interrupt that Python code has raised
        ends no system call: the interpreter raises it between two instructions.
        """
        ready = poll()
        try:
            ready.register(self.sock, POLLIN)
        except ValueError as error:
            raise LinkClosedError from error
        seconds = self.sock.gettimeout()
        until = None if seconds is None else time.monotonic() + seconds
        while not ready.poll(_INTERRUPT_MS):
            if until is not None and time.monotonic() > until:
                raise LinkClosedError

    def _exactly(self, size: int) -> Buffer:
        try:
            # Not filled with zeros first, as a bytearray would be.
            view = np.empty(size, dtype=np.uint8).data
        except MemoryError as error:
            raise LinkError("the message is too large") from error
        done = 0
        while done < size:
            try:
                got = self.sock.recv_into(view[done:])
            except OSError as error:
                raise _of_link(error) from error
            if not got:
                raise LinkClosedError
            done += got
        return view

    def close(self) -> None:
        """Tell the other side that nothing more comes."""
        self.sock.close()


def _of_link(error: OSError) -> Exception:
    """Return the exception to raise for an error in a call of the socket.

    In a test, a signal handler may raise TimeoutError during the call, which is an
    OSError too. Such an error has a frame of Python code below the call, and is kept.
    """
    trace = error.__traceback__
    is_handlers = trace is not None and trace.tb_next is not None
    return error if is_handlers else LinkClosedError()
