"""A gunicorn worker with threads, none of which waits for a client's request.

The worker's own loop watches a connection until its request has arrived: the whole
head, and a body as long as most forms are. Then the request gets a thread. A longer
body is read by a thread of a separate pool, so that slow uploads delay no page, and
every read and write has a time limit: portal.client_socket.
"""

import contextlib
import json
import re
import selectors
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker

from portal.client_socket import ClientSocket

# How long a head, and then a short body, may take to arrive.
HEAD_SECONDS: Final = 20.0
BODY_SECONDS: Final = 20.0
# How long a stopping worker waits for requests that have begun to arrive.
STOP_SECONDS: Final = 2.0
# How long a connection that ends waits for the client to close it too, and how many
# bytes it throws away meanwhile.
END_SECONDS: Final = 2.0
MAX_DRAINED: Final = 64 * 1024
MAX_HEAD: Final = 64 * 1024
MAX_SHORT_BODY: Final = 64 * 1024
_PIECE: Final = 64 * 1024
_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(
    rb"\r\ncontent-length:[ \t]*([0-9]{1,15})[ \t]*\r\n", re.IGNORECASE
)
# The body has no length, or the client waits to be asked for it.
_OPEN_ENDED: Final = re.compile(rb"\r\n(?:transfer-encoding|expect):", re.IGNORECASE)
_OURS: Final = 500
_TOO_LONG: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"Connection: close\r\nContent-Length: 0\r\n\r\n"
)
_TOO_SLOW: Final = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
)


def write_error(client: Any, status: int, reason: str, words: str) -> None:
    """Answer a request that gunicorn cannot read, in the API's one error shape.

    gunicorn answers with HTML. No browser sends such a request, but a program may.
    """
    error = {"code": "bad_request", "detail": words or reason, "attr": None}
    kind = "client_error" if status < _OURS else "server_error"
    body = json.dumps({"type": kind, "errors": [error]}).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(client, head.encode("latin-1") + body)


# gunicorn's base worker calls it by this name.
util.write_error = write_error


class ArrivingRequest:
    """The bytes of a request that have arrived, and the deadline for the rest."""

    def __init__(self, conn: TConn, held: bytes = b"") -> None:
        self.conn = conn
        self.data = bytearray()
        self.begun = time.monotonic()
        self.deadline = self.begun + HEAD_SECONDS
        self.needed: int | None = None
        self.is_long = False
        self.add(held)

    def add(self, data: bytes) -> None:
        """Add more bytes of the request."""
        searched = max(len(self.data) - len(_END), 0)
        self.data += data
        while self.needed is None and self.data.startswith(b"\r\n"):
            del self.data[:2]
            searched = 0
        if self.needed is None:
            end = self.data.find(_END, searched)
            if end >= 0:
                self._read_head(end + len(_END))

    def _read_head(self, length: int) -> None:
        head = bytes(self.data[:length])
        found = _LENGTH.search(head)
        body = int(found[1]) if found else 0
        self.is_long = body > MAX_SHORT_BODY or bool(_OPEN_ENDED.search(head))
        self.needed = length if self.is_long else length + body
        self.deadline = time.monotonic() + BODY_SECONDS

    @property
    def is_whole(self) -> bool:
        """Whether a thread may begin with the request."""
        return self.needed is not None and len(self.data) >= self.needed

    @property
    def is_too_long(self) -> bool:
        """Whether the head is longer than any browser's."""
        return self.needed is None and len(self.data) > MAX_HEAD


class DeadlineWorker(ThreadWorker):
    """Gives threads to requests, not to connections."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arrivals: dict[TConn, ArrivingRequest] = {}
        # Connections that were answered and are ending, each with its deadline.
        self.endings: dict[TConn, float] = {}
        self.uploads = ThreadPoolExecutor(
            max_workers=self.cfg.threads, thread_name_prefix="upload"
        )

    def accept(self, listener: Any) -> None:
        """Accept a connection and watch it."""
        self._make_room(at_most=self.worker_connections * 3 // 4)
        try:
            accepted, address = listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            # For example, no more files may be opened.
            self.log.warning("A connection was not taken: %s", error)
            self._make_room(at_most=0)
            return
        self.nr_conns += 1
        client = ClientSocket.of(accepted)
        conn = TConn(self.cfg, client, address, listener.getsockname())
        self._watch(ArrivingRequest(conn))

    def on_client_socket_readable(self, conn: TConn, client: Any) -> None:
        """Watch a connection on which the next request begins."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._watch(ArrivingRequest(conn))

    def finish_request(self, conn: TConn, done: "Future[Any]") -> None:
        """Keep a connection for its next request, or end it."""
        is_kept = not done.cancelled() and not done.exception() and done.result()
        if not is_kept:
            self._end(conn)
        elif held := conn.parser.unreader.take_buffered():
            # The next request has begun to arrive, directly after the last one.
            self._watch(ArrivingRequest(conn, held))
        else:
            super().finish_request(conn, done)

    def murder_pending(self) -> None:
        """Close connections whose request, or whose end, missed its deadline."""
        now = time.monotonic()
        for arrival in list(self.arrivals.values()):
            is_stopping = not self.alive and now - arrival.begun > STOP_SECONDS
            if now >= arrival.deadline or is_stopping:
                self._give_up(arrival, _TOO_SLOW if arrival.data else b"")
        for conn, deadline in list(self.endings.items()):
            if now >= deadline:
                self._close(conn)

    def run(self) -> None:
        """Serve until the worker is told to stop."""
        super().run()
        self.uploads.shutdown(wait=False)

    def enqueue_req(self, conn: TConn, *, is_long: bool = False) -> None:
        """Give the connection a thread."""
        conn.sock.restart_clock()
        pool = self.uploads if is_long else self.tpool
        future = pool.submit(self.handle, conn)
        future.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    # --- Requests that arrive ------------------------------------------------

    def _watch(self, arrival: ArrivingRequest) -> None:
        """Read what arrives on the connection until the request is complete."""
        conn = arrival.conn
        conn.sock.settimeout(0)
        self.arrivals[conn] = arrival
        on_piece = partial(self._on_piece, arrival)
        self.poller.register(conn.sock, selectors.EVENT_READ, on_piece)
        self._hand_over_or_reject(arrival)

    def _on_piece(self, arrival: ArrivingRequest, client: ClientSocket) -> None:
        data = _read(client)
        if data is None:
            return
        if not data:
            self._give_up(arrival)
            return
        arrival.add(data)
        self._hand_over_or_reject(arrival)

    def _hand_over_or_reject(self, arrival: ArrivingRequest) -> None:
        """Give a complete request a thread, and reject one that is too long."""
        if arrival.is_too_long:
            self._give_up(arrival, _TOO_LONG)
        elif arrival.is_whole:
            conn = arrival.conn
            self._forget(conn)
            conn.init()
            conn.data_ready = True
            conn.parser.unreader.unread(bytes(arrival.data))
            self.enqueue_req(conn, is_long=arrival.is_long)

    def _make_room(self, at_most: int) -> None:
        """Give up the oldest incomplete requests: a normal one takes only moments."""
        while len(self.arrivals) > at_most:
            self._give_up(next(iter(self.arrivals.values())), _TOO_SLOW)

    def _give_up(self, arrival: ArrivingRequest, answer: bytes = b"") -> None:
        if answer:
            with contextlib.suppress(OSError):
                arrival.conn.sock.send(answer)
        self._forget(arrival.conn)
        self._close(arrival.conn)

    # --- Connections that end ------------------------------------------------

    def _end(self, conn: TConn) -> None:
        """Signal the end of the response, and close once the client has closed too.

        gunicorn waits for that in its only loop, two seconds for each client that does
        not close. A connection closed at once could lose the response (RFC 9112, 9.6).
        """
        try:
            conn.sock.settimeout(0)
            conn.sock.shutdown(socket.SHUT_WR)
            on_more = partial(self._on_more, conn, [0])
            self.poller.register(conn.sock, selectors.EVENT_READ, on_more)
        except (OSError, ValueError):
            self.nr_conns -= 1
            conn.close()
            return
        self.endings[conn] = time.monotonic() + END_SECONDS

    def _on_more(self, conn: TConn, drained: list[int], client: ClientSocket) -> None:
        data = _read(client)
        drained[0] += len(data or b"")
        if data == b"" or drained[0] > MAX_DRAINED:
            self._close(conn)

    def _close(self, conn: TConn) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, conn: TConn) -> None:
        """Stop watching a connection."""
        was_watched = self.arrivals.pop(conn, None) or self.endings.pop(conn, None)
        if was_watched is not None:
            self.poller.unregister(conn.sock)


def _read(client: ClientSocket) -> bytes | None:
    """Return what has come, b"" if the client has gone, or None if nothing came."""
    try:
        return client.recv(_PIECE)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""
