"""No client can hold a thread of the web server for ever."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings

from tests.services.portal import free_port

CONFIG: Final = Path(__file__).with_name("slow_clients_app.py")
MANY: Final = 12
HEAD: Final = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
# Of somebody who has signed in: only such people may send long bodies.
SIGNED_IN: Final = HEAD.replace(b"\r\n\r\n", b"\r\nCookie: who=ada\r\n\r\n")
GET: Final = b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
LONG: Final = 10**6
# Twelve clients that each kept one of two threads for its two seconds would delay the
# next request by twelve seconds, and twelve pages that take a second by six.
DELAYED: Final = 8.0
WAITING: Final = 4.0
# Longer than each time limit of the server, with a margin for a busy machine.
LATEST: Final = 15.0

pytestmark = pytest.mark.one_database


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the server stores long bodies."""
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def port(uploads: Path) -> Iterator[int]:
    """Give the port of the real server, with time limits ten times as short."""
    port = free_port()
    command = ["-m", "gunicorn", "-c", str(CONFIG), "tests.portal.slow_clients_app"]
    server = subprocess.Popen(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "PORT": str(port),
            "WEB_PROCESSES": "1",
            "UPLOADS": str(uploads),
        },
    )
    try:
        deadline = time.monotonic() + 30
        while not answers(port):
            assert server.poll() is None
            assert time.monotonic() < deadline
        yield port
    finally:
        server.terminate()
        server.wait(20)


def connect(port: int, data: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=LATEST)
    connection.sendall(data)
    return connection


def answers(port: int, timeout: float = LATEST) -> bool:
    try:
        with connect(port, GET % 0) as connection:
            connection.settimeout(timeout)
            return connection.recv(100).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def read_answer(connection: socket.socket) -> bytes:
    """Return the body of the next answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1) or pytest.fail(f"no answer: {data!r}")
    assert data.startswith(b"HTTP/1.1 200"), data
    length = int(data.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body)) or pytest.fail("it broke off")
    return body


def is_given_up(connection: socket.socket, trickle: bytes = b"") -> bool:
    """Return whether the server ends the connection while bytes are trickled."""
    deadline = time.monotonic() + LATEST
    connection.settimeout(0.1)
    while time.monotonic() < deadline:
        try:
            if trickle:
                connection.sendall(trickle)
            if not connection.recv(1000):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def seconds_to_answer(port: int, timeout: float = LATEST) -> float:
    start = time.monotonic()
    assert answers(port, timeout)
    return time.monotonic() - start


STARTS: Final = {
    "nothing": (b"", b""),
    "half a head": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ", b"a"),
    "empty lines": (b"\r\n\r\n", b"\r\n"),
    "half a form": (HEAD % 1000 + b"a=", b"b"),
    "half an upload": (SIGNED_IN % LONG + b"a=", b"b"),
    "half an upload of a stranger": (HEAD % LONG + b"a=", b"b"),
    "half a chunk": (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n",
        b"b",
    ),
    "a body that waits to be asked for": (
        HEAD.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n") % 10,
        b"",
    ),
}


@pytest.mark.parametrize("start", STARTS)
def test_clients_that_stop_do_not_delay_others(start: str, port: int) -> None:
    data, _ = STARTS[start]
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(closing(connect(port, data)))
        assert seconds_to_answer(port) < DELAYED


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("is_trickling", [False, True])
def test_a_slow_client_is_disconnected(
    start: str, port: int, *, is_trickling: bool
) -> None:
    data, more = STARTS[start]
    with connect(port, data) as connection:
        assert is_given_up(connection, more if is_trickling else b"")


def slow_reader(port: int) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.connect(("127.0.0.1", port))
    connection.sendall(GET % (50 * LONG))
    return connection


def test_slow_readers_do_not_keep_their_threads(port: int) -> None:
    """The kernel may continue to send its buffered part without a thread."""
    done = threading.Event()
    with ExitStack() as stack:
        readers = [stack.enter_context(slow_reader(port)) for _ in range(MANY)]

        def take_little() -> None:
            while not done.wait(0.05):
                for reader in readers:
                    with suppress(OSError):
                        reader.recv(1)

        taking = threading.Thread(target=take_little)
        taking.start()
        try:
            # Two threads serve twelve such readers, one after another.
            assert seconds_to_answer(port, timeout=60) < 60
        finally:
            done.set()
            taking.join()


def test_clients_that_never_close_do_not_delay_others(port: int) -> None:
    ending = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(closing(connect(port, ending)))
        assert seconds_to_answer(port) < DELAYED


@pytest.mark.parametrize("head", [SIGNED_IN, HEAD], ids=["signed in", "stranger"])
def test_slow_uploads_do_not_delay_another_upload(head: bytes, port: int) -> None:
    with ExitStack() as stack:
        for number in range(20):
            mine = head.replace(b"ada", b"%d" % number) % LONG
            stack.enter_context(closing(connect(port, mine + b"a=")))
        with connect(port, SIGNED_IN % LONG + b"x" * LONG) as connection:
            start = time.monotonic()
            assert read_answer(connection) == b"%d" % LONG
            assert time.monotonic() - start < DELAYED


@pytest.mark.parametrize("size", [100_000, 40 * LONG])
def test_a_long_body_of_a_stranger_is_not_kept(size: int, port: int) -> None:
    with connect(port, HEAD % size) as connection:
        with suppress(ConnectionError):
            connection.sendall(b"x" * size)
        assert read_answer(connection) == b"SIGNED_OUT"
        assert connection.recv(1) == b""


def test_one_person_sends_a_few_long_bodies_at_a_time(port: int) -> None:
    mine = SIGNED_IN.replace(b"ada", b"bob") % LONG
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(closing(connect(port, mine + b"a=")))
        time.sleep(0.5)
        fifth = stack.enter_context(connect(port, mine + b"x" * LONG))
        assert read_answer(fifth) == b"TOO_MANY"


def test_probes_are_answered_while_all_threads_are_busy(port: int) -> None:
    with ExitStack() as stack:
        busy = GET.replace(b"/%d", b"/wait")
        asked = [stack.enter_context(connect(port, busy)) for _ in range(MANY)]
        probe = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        start = time.monotonic()
        connection = stack.enter_context(connect(port, probe))
        assert read_answer(connection) == b"0"
        assert time.monotonic() - start < WAITING
        # They leave the threads free for the next test.
        for waiting in asked:
            read_answer(waiting)


def test_pages_do_not_delay_a_hand_in(port: int) -> None:
    """Also a form with small files has a thread while pages keep all others busy."""
    form = b"\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
    with ExitStack() as stack:
        busy = GET.replace(b"/%d", b"/wait")
        asked = [stack.enter_context(connect(port, busy)) for _ in range(MANY)]
        hand_in = SIGNED_IN.replace(b"\r\n\r\n", form) % 10 + b"x" * 10
        start = time.monotonic()
        connection = stack.enter_context(connect(port, hand_in))
        assert read_answer(connection) == b"10"
        assert time.monotonic() - start < WAITING
        # They leave the threads free for the next test.
        for waiting in asked:
            read_answer(waiting)


def test_endless_request_head_is_refused(port: int) -> None:
    with connect(port, b"GET / HTTP/1.1\r\nX: ") as connection:
        try:
            connection.sendall(b"x" * 200_000)
            answer = connection.recv(1000)
        except ConnectionError:
            return
        assert answer.startswith(b"HTTP/1.1 431")


# --- Uploads in pieces -------------------------------------------------------

PIECE: Final = SIGNED_IN.replace(b"POST", b"PATCH")


def test_what_a_broken_piece_has_sent_is_handed_on(port: int) -> None:
    with connect(port, PIECE % LONG + b"x" * 200_000) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert read_answer(connection) == b"200000"
        assert connection.recv(1) == b""


def test_what_a_slow_piece_has_sent_is_handed_on(port: int) -> None:
    with connect(port, PIECE % LONG + b"x" * 200_000) as connection:
        assert read_answer(connection) == b"200000"


def test_handing_in_what_has_arrived_delays_no_page(port: int) -> None:
    """Storing large files takes seconds, and has threads of its own."""
    paths = (
        b"/api/v1/opened-attempts/x/finish/",
        b"/api/v1/opened-attempts/x/check/",
        b"/api/v1/self-checks/x/hand-in/",
        b"/self-checks/x/hand-in/",
    )
    heads = [HEAD.replace(b"POST /", b"POST " + path) % 0 for path in paths]
    with ExitStack() as stack:
        asked = [
            stack.enter_context(connect(port, heads[number % len(heads)]))
            for number in range(MANY)
        ]
        assert seconds_to_answer(port) < WAITING
        # They leave the threads free for the next test.
        assert [read_answer(connection) for connection in asked] == [b"0"] * MANY


def test_nothing_of_another_broken_request_is_handed_on(port: int) -> None:
    with connect(port, SIGNED_IN % LONG + b"x" * 200_000) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""


def test_nothing_of_a_stranger_s_broken_piece_is_handed_on(port: int) -> None:
    head = HEAD.replace(b"POST", b"PATCH")
    with connect(port, head % LONG + b"x" * 200_000) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert read_answer(connection) == b"SIGNED_OUT"


@pytest.mark.parametrize("half", [b"G", HEAD % 1000])
def test_half_requests_break_off_no_upload(half: bytes, port: int) -> None:
    """There are more of them than the server keeps."""
    with ExitStack() as stack:
        upload = stack.enter_context(connect(port, SIGNED_IN % LONG + b"x"))
        # The gate says meanwhile who sends it.
        assert answers(port)
        for _ in range(420):
            stack.enter_context(connect(port, half))
            # On a busy machine this takes longer than an upload may pause.
            upload.sendall(b"x" * 1000)
        upload.sendall(b"x" * (LONG - 1 - 420_000))
        assert read_answer(upload) == b"%d" % LONG


# --- Honest clients ----------------------------------------------------------


def test_upload_is_read_whole(port: int) -> None:
    with connect(port, SIGNED_IN % (20 * LONG)) as connection:
        for _ in range(20):
            connection.sendall(b"x" * LONG)
        assert read_answer(connection) == b"%d" % (20 * LONG)


def test_upload_that_is_longer_than_any_is_read_by_a_thread(port: int) -> None:
    with connect(port, SIGNED_IN % (60 * LONG)) as connection:
        for _ in range(60):
            connection.sendall(b"x" * LONG)
        assert read_answer(connection) == b"%d" % (60 * LONG)


def test_requests_after_an_upload_are_answered(port: int) -> None:
    upload = SIGNED_IN % LONG + b"x" * LONG
    with connect(port, upload + GET % 3 + upload) as connection:
        assert read_answer(connection) == b"%d" % LONG
        assert read_answer(connection) == b"xxx"
        assert read_answer(connection) == b"%d" % LONG


def test_an_upload_leaves_no_file(port: int, uploads: Path) -> None:
    with connect(port, SIGNED_IN % LONG + b"x" * 1000):
        assert not list(uploads.iterdir())


@pytest.mark.parametrize("length", [b"%d" % LONG, b"%030d" % LONG])
def test_the_times_of_arrival_are_those_of_the_first_and_the_last_byte(
    length: bytes, port: int
) -> None:
    head = SIGNED_IN.replace(b"POST /", b"POST /arrived").replace(b"%d", length)
    with ExitStack() as stack:
        connection = stack.enter_context(connect(port, head))
        time.sleep(0.5)
        # The two threads for pages are busy when the body is here.
        for _ in range(MANY):
            busy = GET.replace(b"/%d", b"/wait")
            stack.enter_context(closing(connect(port, busy)))
        connection.sendall(b"x" * LONG)
        took, waited = map(float, read_answer(connection).split())
    # Those twelve keep the threads for six seconds.
    assert 0.4 < took < WAITING
    assert waited < WAITING


def test_large_answer_arrives_whole(port: int) -> None:
    with connect(port, GET % (20 * LONG)) as connection:
        assert len(read_answer(connection)) == 20 * LONG


def test_connection_serves_one_request_after_another(port: int) -> None:
    with connect(port) as connection:
        for size in (0, 5, 0):
            connection.sendall(HEAD % size + b"x" * size)
            assert read_answer(connection) == b"%d" % size


def test_requests_that_come_at_once_are_all_answered(port: int) -> None:
    both = HEAD % 3 + b"abc" + HEAD % 4 + b"abcd" + GET % 7
    with connect(port, both[:-5]) as connection:
        assert read_answer(connection) == b"3"
        assert read_answer(connection) == b"4"
        connection.sendall(both[-5:])
        assert read_answer(connection) == b"x" * 7


def test_request_head_in_pieces_is_one_request(port: int) -> None:
    with connect(port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"\r\n" + HEAD % 2 + b"ab":
            connection.sendall(bytes([byte]))
        assert read_answer(connection) == b"2"


def test_chunked_body_is_read(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connect(port, head + b"3\r\nabc\r\n") as connection:
        connection.sendall(b"2\r\nde\r\n0\r\n\r\n")
        assert read_answer(connection) == b"5"


def test_client_that_expects_100_continue_gets_it(port: int) -> None:
    head = HEAD.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    with connect(port, head % 3) as connection:
        asked = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert connection.recv(len(asked)) == asked
        connection.sendall(b"abc")
        assert read_answer(connection) == b"3"


def test_client_that_closes_its_side_gets_an_answer(port: int) -> None:
    with connect(port, GET % 5) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert read_answer(connection) == b"x" * 5
