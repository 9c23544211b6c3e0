"""A client's connection with a limit on the time that a thread waits for it."""

import contextlib
import datetime as dt
import errno
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

if TYPE_CHECKING:
    from portal.long_bodies import LongBody

# The longest wait for one piece. A request may also wait this long in total, in
# addition to the time that its bytes take at the least rate (in bytes a second).
STALL_SECONDS: Final = 30.0
LEAST_RATE: Final = 16 * 1024
_PIECE: Final = 256 * 1024

ResultT = TypeVar("ResultT")


class ClientTooSlowError(ConnectionResetError):
    """The connection to the client was given up, as if the client had closed it."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "the client is too slow")


class ClientSocket(socket.socket):
    """A connection whose reads and writes may wait only for a limited time in total.

    A request may wait STALL_SECONDS, and a second more for each LEAST_RATE bytes that
    were read or written; then reads and writes raise ClientTooSlowError. Only waiting
    counts, not the time that the portal itself takes. `restart_clock` begins the next
    request. `body` is the long body of the present one, if it had one. `began_at` and
    `arrived_at` say when its first and its last byte arrived, where that is known.
    """

    body: "LongBody | None" = None
    began_at: dt.datetime | None = None
    arrived_at: dt.datetime | None = None

    _limit: float | None = STALL_SECONDS
    _waited = 0.0
    _moved = 0

    @classmethod
    def of(cls, accepted: socket.socket) -> Self:
        """Return a client socket that takes over a connection just accepted."""
        family, kind, proto = accepted.family, accepted.type, accepted.proto
        return cls(family, kind, proto, fileno=accepted.detach())

    def restart_clock(self) -> None:
        """Set the waiting time to zero, for the next request of the connection."""
        self._waited, self._moved = 0.0, 0

    def settimeout(self, value: float | None, /) -> None:
        """Set the longest wait for one piece, at most STALL_SECONDS."""
        self._limit = STALL_SECONDS if value is None else min(value, STALL_SECONDS)
        super().settimeout(self._limit)

    def setblocking(self, flag: bool, /) -> None:  # noqa: FBT001  the socket's own
        """Wait as long as a client may take, or not at all."""
        self.settimeout(STALL_SECONDS if flag else 0.0)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Return what has come, at most `size` bytes. Raises ClientTooSlowError."""
        data = self._wait(lambda: super(ClientSocket, self).recv(size, flags))
        self._moved += len(data)
        return data

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send a part of the data and return its length. Raises ClientTooSlowError."""
        sent = self._wait(lambda: super(ClientSocket, self).send(data, flags))
        self._moved += sent
        return sent

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all the data. Raises ClientTooSlowError."""
        rest = memoryview(data).cast("B")
        while rest:
            rest = rest[self.send(rest[:_PIECE], flags) :]

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send `count` bytes of a file, or all, and return how many were sent.

        Raises ClientTooSlowError.
        """
        total = 0
        while count is None or total < count:
            size = _PIECE if count is None else min(_PIECE, count - total)
            sent = self._send_piece(file.fileno(), offset + total, size)
            if not sent:
                break
            total += sent
        return total

    def _send_piece(self, file: int, offset: int, size: int) -> int:
        def send() -> int:
            poll = select.poll()
            poll.register(self, select.POLLOUT)
            if not poll.poll(int(1000 * (self.gettimeout() or 0))):
                raise TimeoutError
            return os.sendfile(self.fileno(), file, offset, size)

        sent = self._wait(send)
        self._moved += sent
        return sent

    def _wait(self, work: Callable[[], ResultT]) -> ResultT:
        if self._limit == 0.0:
            return work()
        with self._clock():
            return work()

    @contextlib.contextmanager
    def _clock(self) -> Iterator[None]:
        left = STALL_SECONDS + self._moved / LEAST_RATE - self._waited
        if left <= 0:
            raise ClientTooSlowError
        super().settimeout(min(left, self._limit or STALL_SECONDS))
        start = time.monotonic()
        try:
            yield
        except TimeoutError:
            raise ClientTooSlowError from None
        finally:
            self._waited += time.monotonic() - start
            super().settimeout(self._limit)
