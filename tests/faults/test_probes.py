"""Probes are answered within three seconds, whatever is down or hangs."""

import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.services.portal import LivePortal
from tests.services.processes import wait_until

pytestmark = pytest.mark.long
# A probe gives up after this time.
SECONDS = 3.0


@pytest.fixture
def nobody() -> Iterator[int]:
    """Give a port at which a server accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


def ask(portal: LivePortal, address: str) -> int:
    """Return the status of the answer to a probe by IP address and plain HTTP."""
    asking = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=30)
    with closing(asking):
        asking.request("GET", address, headers={"Host": f"10.0.0.7:{portal.port}"})
        return asking.getresponse().status


@pytest.mark.parametrize("hangs", ["hangs", "is down"])
def test_probes_answer_while_database_and_broker_are_away(
    make_portal: Callable[..., LivePortal], nobody: int, hangs: str
) -> None:
    port = nobody if hangs == "hangs" else 9
    portal = make_portal(
        DATABASE_URL=f"postgres://someone:secret@127.0.0.1:{port}/nothing",
        BROKER_URL=f"redis://127.0.0.1:{port}/0",
        HTTPS="1",
    )
    portal.launch_web()
    wait_until(lambda: listens(portal.port), seconds=60, what="the web server")
    # The port is open before Django has been loaded.
    ask(portal, "/healthz")
    for _ in range(3):
        for address, expected in (("/healthz", 503), ("/readyz", 503)):
            begun = time.monotonic()
            assert ask(portal, address) == expected
            assert time.monotonic() - begun < SECONDS


def listens(port: int) -> bool:
    """Return whether somebody accepts connections at this port."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
