"""A gunicorn worker with threads, none of which waits for a client's request.

The worker's own loop watches a connection until its request has arrived: the whole head,
and the whole body, which goes to a file if it is longer than most forms are. Then the
request gets a thread. Long bodies are stored only for those who have signed in
(portal.upload_gate). Uploads have a pool of threads of their own, so that they delay no
page, and no page delays a hand-in. Probes have one, so that a busy portal is not taken
for a dead one. Every read and write has a time limit: portal.client_socket.
"""

import contextlib
import json
import selectors
import socket
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker

from portal.arriving_requests import PIECE, ArrivingRequest, BodyStore
from portal.client_socket import ClientSocket
from portal.long_bodies import LongBody, Refusal

# How long a stopping worker waits for requests that have begun to arrive.
STOP_SECONDS: Final = 2.0
# How long a connection that ends waits for the client to close it too, and how many
# bytes it throws away meanwhile.
END_SECONDS: Final = 2.0
MAX_DRAINED: Final = 64 * 1024
# How many long bodies may arrive at a time: in all, of one person, and of people who
# have not signed in, whose bodies are thrown away.
MAX_LONG_BODIES: Final = 100
MAX_OF_ONE_SENDER: Final = 4
MAX_OF_STRANGERS: Final = 16
_PROBE_THREADS: Final = 2
# Each request for which the loop cannot wait keeps such a thread until it has arrived.
_WAITING_THREADS: Final = 2
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
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


class DeadlineWorker(ThreadWorker):
    """Gives threads to requests, not to connections."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arrivals: dict[TConn, ArrivingRequest] = {}
        # Connections that were answered and are ending, each with its deadline.
        self.endings: dict[TConn, float] = {}
        # The portal sets it once Django is set up: portal/gunicorn.py.
        self.stores = BodyStore()
        self.uploads = ThreadPoolExecutor(self.cfg.threads, "upload")
        self.waiting = ThreadPoolExecutor(_WAITING_THREADS, "waiting")
        self.probes = ThreadPoolExecutor(_PROBE_THREADS, "probe")
        self.gate = ThreadPoolExecutor(1, "gate")

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
            self._make_room(at_most=len(self.arrivals) // 2)
            return
        self.nr_conns += 1
        client = ClientSocket.of(accepted)
        conn = TConn(self.cfg, client, address, listener.getsockname())
        self._watch(ArrivingRequest(conn, stores=self.stores))

    def on_client_socket_readable(self, conn: TConn, client: Any) -> None:
        """Watch a connection on which the next request begins."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._watch(ArrivingRequest(conn, stores=self.stores))

    def finish_request(self, conn: TConn, done: "Future[Any]") -> None:
        """Keep a connection for its next request, or end it."""
        is_kept = not done.cancelled() and not done.exception() and done.result()
        if not is_kept:
            self._end(conn)
        elif held := conn.parser.unreader.take_buffered():
            # The next request has begun to arrive, directly after the last one.
            self._watch(ArrivingRequest(conn, stores=self.stores, held=held))
        else:
            super().finish_request(conn, done)

    def murder_pending(self) -> None:
        """Close connections whose request, or whose end, missed its deadline."""
        now = time.monotonic()
        for arrival in list(self.arrivals.values()):
            is_stopping = not self.alive and now - arrival.begun > STOP_SECONDS
            if now >= arrival.deadline or is_stopping:
                self._break_off(arrival, _TOO_SLOW if arrival.data else b"")
        for conn, deadline in list(self.endings.items()):
            if now >= deadline:
                self._close(conn)

    def run(self) -> None:
        """Serve until the worker is told to stop."""
        super().run()
        for pool in (self.uploads, self.waiting, self.probes, self.gate):
            pool.shutdown(wait=False)

    def enqueue_req(self, conn: TConn, pool: Executor | None = None) -> None:
        """Give the connection a thread."""
        conn.sock.restart_clock()
        future = (pool or self.tpool).submit(self.handle, conn)
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
        self._look_at(arrival)

    def _on_piece(self, arrival: ArrivingRequest, client: ClientSocket) -> None:
        data = _read(client, arrival.most_to_read)
        if data is None:
            return
        if not data:
            self._break_off(arrival)
            return
        had_head = arrival.needed is not None
        arrival.add(data)
        self._look_at(arrival, is_new=not had_head)

    def _look_at(self, arrival: ArrivingRequest, *, is_new: bool = True) -> None:
        """Give a complete request a thread, and reject one that is too long."""
        if is_new and arrival.is_asking:
            with contextlib.suppress(OSError):
                arrival.conn.sock.send(_CONTINUE)
        if is_new and arrival.body is not None:
            self._admit(arrival, arrival.body)
        if arrival.is_too_long:
            self._give_up(arrival, _TOO_LONG)
        elif arrival.is_whole:
            self._forget(arrival.conn)
            arrival.hand_over()
            self.enqueue_req(arrival.conn, self._pool_of(arrival))
        elif arrival.body is not None and arrival.body.is_over:
            self.poller.unregister(arrival.conn.sock)
            arrival.is_paused = True

    def _pool_of(self, arrival: ArrivingRequest) -> Executor | None:
        if arrival.body is not None:
            return None if arrival.body.refusal else self.uploads
        if arrival.is_open_ended:
            return self.waiting
        if arrival.has_files or arrival.is_heavy:
            return self.uploads
        return self.probes if arrival.is_probe else None

    def _admit(self, arrival: ArrivingRequest, body: LongBody) -> None:
        """Begin to find out who sends the long body, which arrives meanwhile."""
        kept = [one for one in self._bodies() if one.refusal is None]
        if len(kept) > MAX_LONG_BODIES:
            body.refuse(Refusal.CROWDED)
        future = self.gate.submit(self.stores.sender_of, body.head)
        future.add_done_callback(
            lambda done: self.method_queue.defer(self._on_sender, arrival, done)
        )

    def _on_sender(self, arrival: ArrivingRequest, done: "Future[str]") -> None:
        body = arrival.body
        if body is None or self.arrivals.get(arrival.conn) is not arrival:
            return
        body.sender = "" if done.cancelled() or done.exception() else done.result()
        of_sender = [one for one in self._bodies() if one.sender == body.sender]
        if body.sender == "":
            body.refuse(Refusal.SIGNED_OUT)
            self._make_room_of_strangers()
        elif len(of_sender) > MAX_OF_ONE_SENDER:
            body.refuse(Refusal.TOO_MANY)
        if arrival.conn in self.arrivals:
            self._look_at(arrival, is_new=False)

    def _bodies(self) -> list[LongBody]:
        found = (arrival.body for arrival in self.arrivals.values())
        return [body for body in found if body is not None]

    def _make_room_of_strangers(self) -> None:
        """Give up the oldest uploads of people who have not signed in."""
        arrivals = self.arrivals.values()
        strange = [one for one in arrivals if one.body and one.body.sender == ""]
        for arrival in strange[: max(len(strange) - MAX_OF_STRANGERS, 0)]:
            self._give_up(arrival, _TOO_SLOW)

    def _make_room(self, at_most: int) -> None:
        """Give up incomplete requests: half heads first, known senders' bodies last.

        Of each kind, the oldest go first: a normal one takes only moments. What has
        arrived of an upload that can go on is kept.
        """
        while len(self.arrivals) > at_most:
            arrivals = self.arrivals.values()
            self._break_off(min(arrivals, key=lambda one: one.worth), _TOO_SLOW)

    def _break_off(self, arrival: ArrivingRequest, answer: bytes = b"") -> None:
        """Hand on the bytes of an upload that can go on later; give up any other."""
        if arrival.body is not None and arrival.body.cut():
            self._look_at(arrival, is_new=False)
        else:
            self._give_up(arrival, answer)

    def _give_up(self, arrival: ArrivingRequest, answer: bytes = b"") -> None:
        if answer:
            with contextlib.suppress(OSError):
                arrival.conn.sock.send(answer)
        if arrival.body is not None:
            arrival.body.close()
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
        data = _read(client, PIECE)
        drained[0] += len(data or b"")
        if data == b"" or drained[0] > MAX_DRAINED:
            self._close(conn)

    def _close(self, conn: TConn) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, conn: TConn) -> None:
        """Stop watching a connection."""
        arrival = self.arrivals.pop(conn, None)
        is_ending = self.endings.pop(conn, None) is not None
        if is_ending or (arrival is not None and not arrival.is_paused):
            self.poller.unregister(conn.sock)


def _read(client: ClientSocket, size: int) -> bytes | None:
    """Return what has come, b"" if the client has gone, or None if nothing came."""
    try:
        return client.recv(size)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""
