"""Records the messages between the real grader and the real snapshot, in two jails."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from unittest import mock

from runner.wire.frames import Peer

_CHUNK: Final = 65536
_PATIENCE: Final = 10


@contextlib.contextmanager
def recorded() -> Iterator[list[bytearray]]:
    """Yield a list of all bytes that the graders inside send, for each question."""
    found: list[bytearray] = []
    sockets: list[socket.socket] = []
    threads: list[threading.Thread] = []
    send = Peer.send

    def relayed(
        peer: Peer, message: Mapping[str, object], fds: Sequence[int] = ()
    ) -> None:
        if message.get("t") != "question":
            send(peer, message, fds)
            return
        found.append(bytearray())
        grader, ours = socket.socketpair()
        snapshot = socket.socket(fileno=os.dup(fds[0]))
        sockets.extend((ours, snapshot))
        threads.append(_start(ours, snapshot, found[-1]))
        threads.append(_start(snapshot, ours, bytearray()))
        with grader:
            send(peer, message, [grader.fileno()])

    with mock.patch.object(Peer, "send", relayed):
        yield found
    for thread in threads:
        thread.join(_PATIENCE)
    for sock in sockets:
        sock.close()


def _start(
    source: socket.socket, sink: socket.socket, record: bytearray
) -> threading.Thread:
    given: Any = (source, sink, record)
    thread = threading.Thread(target=_pass_on, args=given, daemon=True)
    thread.start()
    return thread


def _pass_on(source: socket.socket, sink: socket.socket, record: bytearray) -> None:
    """Pass bytes on until one side closes, then close the other side."""
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            record += data
            sink.sendall(data)
    for sock in (source, sink):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
