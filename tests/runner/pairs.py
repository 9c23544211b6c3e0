"""A snapshot's client and its service, connected within one process."""

import contextlib
import socket
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from runner.inside.grader.fixed_seeds import FixedSeeds
from runner.inside.grader.snapshot_client import SnapshotClient
from runner.inside.student.service import Service
from runner.wire.link import MAX_ANSWER_BYTES, MAX_ANSWER_HEADER, Link, LinkClosedError


@contextlib.contextmanager
def student_with(
    names: dict[str, Any],
    files: Path = Path(),
    classes: Collection[str] = (),
    methods: Collection[str] = (),
    *,
    test: str = "",
    lives: bool = False,
) -> Iterator[SnapshotClient]:
    """Yield the snapshot as a test with this text sees it.

    Its service answers in a thread. Its names are a copy of `names`, or with `lives`
    the mapping itself, as functions need that change a global name.
    """
    space = names if lives else dict(names)
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with contextlib.suppress(LinkClosedError):
            Service(space, Link(theirs), files).listen()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours:
            link = Link(ours, max_header=MAX_ANSWER_HEADER, max_bytes=MAX_ANSWER_BYTES)
            seeds = FixedSeeds()
            seeds.begin_check(test)
            yield SnapshotClient(link, classes, methods=methods, seeds=seeds)
    finally:
        thread.join(10)
        theirs.close()
    assert not thread.is_alive()


@contextlib.contextmanager
def hostile_student(answers: bytes) -> Iterator[SnapshotClient]:
    """Yield a snapshot whose process sends these bytes in answer to every question."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs, contextlib.suppress(OSError):
            theirs.sendall(answers)
            theirs.shutdown(socket.SHUT_WR)
            while theirs.recv(65536):
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    with ours:
        ours.settimeout(10)
        yield SnapshotClient(
            Link(ours, max_header=MAX_ANSWER_HEADER, max_bytes=MAX_ANSWER_BYTES)
        )
    thread.join(10)
