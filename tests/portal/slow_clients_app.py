"""A small application behind the real server, and its configuration, for tests.

`gunicorn -c tests/portal/slow_clients_app.py tests.portal.slow_clients_app`
"""

import os
from collections.abc import Iterable
from typing import Any

from portal import client_socket, gunicorn_worker
from portal.gunicorn import *  # noqa: F403  the settings of the portal

# As the portal, with a tenth of the time and with few threads.
gunicorn_worker.HEAD_SECONDS = 2.0  # type: ignore[misc]
gunicorn_worker.BODY_SECONDS = 2.0  # type: ignore[misc]
client_socket.STALL_SECONDS = 2.0  # type: ignore[misc]
# The part of an answer in the kernel's buffers counts as read: up to megabytes.
client_socket.LEAST_RATE = 1024 * 1024  # type: ignore[misc]
threads = 2
workers = 1
bind = f"127.0.0.1:{os.environ['PORT']}"
errorlog = "-"


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with the number of bytes read, or with as many as the address asks for."""
    read = 0
    while piece := environ["wsgi.input"].read(64 * 1024):
        read += len(piece)
    size = int(environ["PATH_INFO"].strip("/") or 0)
    body = b"x" * size if size else str(read).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
