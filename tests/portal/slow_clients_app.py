"""A small application behind the real server, and its configuration, for tests.

`gunicorn -c tests/portal/slow_clients_app.py tests.portal.slow_clients_app`
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from portal import arriving_requests, client_socket
from portal.gunicorn import *  # noqa: F403  the settings of the portal

# As the portal, with a tenth of the time and with few threads.
arriving_requests.HEAD_SECONDS = 2.0  # type: ignore[misc]
arriving_requests.BODY_SECONDS = 2.0  # type: ignore[misc]
client_socket.STALL_SECONDS = 2.0  # type: ignore[misc]
# The part of an answer in the kernel's buffers counts as read: up to megabytes.
client_socket.LEAST_RATE = 1024 * 1024  # type: ignore[misc]
threads = 2
workers = 1
bind = f"127.0.0.1:{os.environ['PORT']}"
errorlog = "-"


def sender_of(head: bytes) -> str:
    """Return the name in the cookie; the gate takes a moment to find it out."""
    time.sleep(0.05)
    return head.partition(b"Cookie: who=")[2].partition(b"\r\n")[0].decode()


def post_worker_init(worker: Any) -> None:  # type: ignore[no-redef]
    """Store long bodies where the test says, and none longer than 50 MB."""
    worker.stores = arriving_requests.BodyStore(
        folder=Path(os.environ["UPLOADS"]), longest=50 * 10**6, sender_of=sender_of
    )


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with the number of bytes read, or with as many as the address asks for.

    `/wait` and `…/finish/` take a second. A long body that was refused is answered with
    the reason.
    """
    read = 0
    while piece := environ["wsgi.input"].read(64 * 1024):
        read += len(piece)
    sock = environ["gunicorn.socket"]
    path = environ["PATH_INFO"].strip("/")
    if path == "wait" or path.endswith("finish"):
        time.sleep(1)
    if sock.body is not None and sock.body.refusal is not None:
        body = sock.body.refusal.name.encode()
    elif path == "arrived":
        waited = time.time() - sock.arrived_at.timestamp()
        body = b"%.3f %.3f" % (
            (sock.arrived_at - sock.began_at).total_seconds(),
            waited,
        )
    elif path.isdecimal() and int(path):
        body = b"x" * int(path)
    else:
        body = str(read).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
