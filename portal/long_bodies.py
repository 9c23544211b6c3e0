"""The body of a long request while it arrives: stored in a file, or thrown away.

A slow upload waits here and holds no thread. The file has no name, so that nothing of it
is left when the process ends.
"""

import enum
import re
import tempfile
import time
from pathlib import Path
from typing import IO, Any, Final

from gunicorn.http.unreader import SocketUnreader

from portal import client_socket
from storage.blob_cache import FULL

# Larger pieces leave more time to other threads: each takes Python's lock once.
LONG_PIECE: Final = 1024 * 1024
# The most bytes that are read and thrown away, so that the client reads the answer.
MOST_DISCARDED: Final = 32 * 1024 * 1024
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[^\r\n]*", re.IGNORECASE)
# The method with which an upload goes on: each byte that arrives is worth keeping.
_RESUMABLE: Final = b"PATCH "


class Refusal(enum.Enum):
    """Why a long body is not kept."""

    SIGNED_OUT = enum.auto()
    FULL = enum.auto()
    TOO_MANY = enum.auto()
    CROWDED = enum.auto()


class LongBody:
    """A body of `size` bytes while it arrives.

    `sender` is who sends it, None until that is known. `refusal` says why nothing of it
    is kept, or is None.
    """

    def __init__(self, head: bytes, size: int, folder: Path | None) -> None:
        self.size = size
        self.sender: str | None = None
        self.refusal: Refusal | None = None
        self._head = head
        self._received = 0
        self._begun = time.monotonic()
        self._is_cut = False
        self._file: IO[bytes] | None = None
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed later
        except OSError:
            self.refuse(Refusal.FULL)

    @property
    def head(self) -> bytes:
        """The head for gunicorn, with the length of what it will read.

        That is nothing if the body was refused, and less than announced if it was cut.
        """
        if self.refusal is None and not self._is_cut:
            return self._head
        length = self.size if self.refusal is None else 0
        line, _, fields = _LENGTH.sub(b"", self._head).partition(b"\r\n")
        return (
            b"%s\r\nConnection: close\r\nContent-Length: %d\r\n" % (line, length)
        ) + fields

    def add(self, data: bytes) -> None:
        """Take more bytes of the body."""
        self._received += len(data)
        if self._file is None:
            return
        try:
            self._file.write(data)
        except OSError as error:
            if error.errno not in FULL:
                raise
            self.refuse(Refusal.FULL)

    def refuse(self, reason: Refusal) -> None:
        """Throw away what has arrived, and all that will."""
        self.refusal = self.refusal or reason
        self.close()

    def cut(self) -> bool:
        """Take what has arrived for the whole body, and return whether that is done.

        It is done once, and only for the method with which an upload goes on from any
        byte: other requests are worth nothing without their end.
        """
        is_kept = self.refusal is None and self._head.startswith(_RESUMABLE)
        if self._is_cut or not is_kept or not 0 < self._received < self.size:
            return False
        self._is_cut = True
        self.size = self._received
        return True

    def close(self) -> None:
        """Free the file's space."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError:
                return  # what could not be written is not wanted any more

    @property
    def left(self) -> int:
        """How many bytes have yet to arrive."""
        return self.size - self._received

    @property
    def is_over(self) -> bool:
        """Whether no more bytes are read: all are there, or enough thrown away."""
        is_enough = self.refusal is not None and self._received > MOST_DISCARDED
        return self.left <= 0 or is_enough

    @property
    def deadline(self) -> float:
        """By when the next bytes must have arrived, on the monotonic clock."""
        return (
            self._begun
            + client_socket.STALL_SECONDS
            + self._received / client_socket.LEAST_RATE
        )

    def read(self, size: int) -> bytes:
        """Return the next stored bytes, from the beginning at first."""
        if self._file is None:
            return b""
        return self._file.read(size)

    def rewind(self) -> None:
        """Let `read` begin at the first byte."""
        if self._file is not None:
            self._file.seek(0)


class StoredUnreader(SocketUnreader):
    """Gives gunicorn a head, then a stored body, then what the connection sends."""

    def __init__(self, sock: Any, body: LongBody, rest: bytes) -> None:
        super().__init__(sock)
        self._body: LongBody | None = body
        # The beginning of the next request, which came together with this one.
        self._rest = rest
        body.rewind()
        self.unread(body.head)

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next piece."""
        if self._body is not None:
            wanted = min(max(size_hint or 0, self.mxchunk), self.max_body_chunk)
            piece = self._body.read(wanted)
            if piece:
                return piece
            self._body.close()
            self._body = None
        if self._rest:
            rest, self._rest = self._rest, b""
            return rest
        return bytes(super().chunk(size_hint))

    def take_buffered(self) -> bytes:
        """Return what has come of the next request, without waiting for more."""
        rest, self._rest = self._rest, b""
        return bytes(super().take_buffered()) + rest
