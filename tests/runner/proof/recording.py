"""Snapshots that record all that a grader sends: an honest one, and a greedy one."""

import contextlib
import gc
import random
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from runner.inside.grader.check_helpers import take_report
from runner.inside.grader.grader_loop import run_check
from runner.inside.grader.names import Library
from runner.inside.grader.tests import QuestionContext, Tests, student_for
from runner.inside.student.service import Service
from runner.protocol.check_reports import CheckReport
from runner.protocol.jobs import QuestionSpec, TestStyle
from runner.wire.link import (
    MAX_ANSWER_BYTES,
    MAX_ANSWER_HEADER,
    Link,
    LinkClosedError,
    LinkError,
)
from tests.runner.proof.entries import (
    Entry,
    Literal,
    defined_in,
    functions_in,
    methods_in,
)

_SEED: Final = 20250101
_PATIENCE: Final = 20.0
_MOST_ANSWERS: Final = 200
_NOTHING: Final = frozenset(("replace", "stub", "restore", "set", "del"))
_AGREED: Final = frozenset(("isinstance", "issubclass", "remove"))
# Addresses by which torch names storages in a pickle, and lengths that vary with them.
_CHANCE: Final = re.compile(
    rb"X.\x00\x00\x00\d{6,20}|\x95.{8}|B.{4}(?=\x80\x02)|C.(?=\x80\x02)", re.DOTALL
)

# Makes the answering side of one question's grader. It is made before the test is
# seeded: in this process notebook and test share their random generators.
Answerer = Callable[[Link], None]
SnapshotMaker = Callable[[], Answerer]


class RecordingSocket:
    """The snapshot's end of the socket; `record` holds every byte that arrived."""

    def __init__(self, sock: socket.socket, record: bytearray) -> None:
        self._sock = sock
        self._record = record

    def recv_into(self, view: memoryview) -> int:
        got = self._sock.recv_into(view)
        self._record += view[:got]
        return got

    def sendall(self, data: bytes) -> None:
        self._sock.sendall(data)

    def fileno(self) -> int:
        return self._sock.fileno()

    def gettimeout(self) -> float | None:
        return self._sock.gettimeout()

    def close(self) -> None:
        self._sock.close()


@dataclass
class Marked:
    """The result of one question: its scores, and all bytes that the grader sent.

    `reports` are what its checks show.
    """

    scores: tuple[float, ...] = ()
    sent: bytearray = field(default_factory=bytearray)
    errors: list[BaseException | None] = field(default_factory=list)
    reports: list[CheckReport] = field(default_factory=list)


def honest(notebook: str) -> SnapshotMaker:
    """Return a function that makes a snapshot of this notebook, by the real service."""

    def make() -> Answerer:
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(notebook, "<notebook>", "exec"), names)  # noqa: S102 - our own entries
        return lambda link: Service(names, link, Path()).listen()

    return make


def greedy() -> Answerer:
    """Return a snapshot that answers every question with one more object.

    A test so continues to give it operands, as it would to a student's object that was
    written to collect them.
    """
    return _give_objects


def _give_objects(link: Link) -> None:
    for number in range(_MOST_ANSWERS):
        header, _ = link.receive()
        if "op" in header:
            more = _more(str(header["op"]), number)
            link.send({"ok": more, "n": header["n"]}, [])


def _more(operation: str, number: int) -> Any:
    """Return an answer after which a test that asked for this operation continues."""
    if operation in _NOTHING or operation in _AGREED:
        return operation in _AGREED or None
    items = {"k": "list", "v": [_object(10 * number + n) for n in range(3)]}
    whole = {"k": "list", "v": [items, None, False]}
    nothing: dict[str, Any] = {"k": "list", "v": []}
    begun = {"k": "list", "v": [_object(10 * number + 3), items, nothing]}
    known = {
        "len": 3,
        "count": 3,
        "repr": "an object",
        "str": "an object",
        "next": {"k": "list", "v": [_object(number)] if number % 4 else []},
        "items": whole,
        "begin": begun if number % 2 else whole,
        "more": {"k": "list", "v": [items, {"k": "list", "v": [None]}, False]},
        "reversed": {"k": "list", "v": [items, None]},
        # So that it is asked for one item after the other.
        "indexed": None,
        "pairs": None,
    }
    return known[operation] if operation in known else _object(number)


def _object(number: int) -> dict[str, Any]:
    kinds = {"callable": True, "class": False, "bases": ["__main__.Greedy"]}
    methods = ["__len__", "__iter__", "__getitem__", "__reversed__"]
    return {"k": "handle", "v": number, "methods": methods, **kinds}


def context_for(entry: Entry, private: Path) -> QuestionContext:
    """Return the setting in which the entry's tests run."""
    names, classes = defined_in(entry.right)
    return QuestionContext(
        files=Path(),
        private=private,
        library=Library(entry.names),
        defined=frozenset(names),
        classes=frozenset(classes),
        functions=frozenset(functions_in(entry.right)),
        methods=frozenset(methods_in(entry.right)),
    )


def mark(
    entry: Entry, question: QuestionSpec, make: SnapshotMaker, private: Path
) -> Marked:
    """Run the question's checks against that snapshot, in this process."""
    found = Marked()
    # The snapshot is told what a test has dropped. Without the garbage collector, which
    # runs at any time, this depends on the test alone.
    gc.disable()
    try:
        with _answered(make(), found.sent) as ours:
            run_checks(question, ours, found, context_for(entry, private))
    finally:
        gc.enable()
    return found


def tried(
    right: str, notebook: str, tests: str, style: TestStyle = TestStyle.SCRIPT
) -> Marked:
    """Run a test on a notebook, where the staff's own notebook is `right`."""
    entry = Entry(style=style, right=right, wrong=("", ""), tests=tests)
    return mark(entry, entry.question(), honest(notebook), Path("/p"))


def run_checks(
    question: QuestionSpec, sock: socket.socket, found: Marked, context: QuestionContext
) -> None:
    """Record the checks' scores, asked over that socket as by the grader's own loop.

    The other side then reads the end of the stream. The socket stays open; otherwise a
    later message of that side would fail in some runs and not in others.
    """
    link = Link(sock, max_header=MAX_ANSWER_HEADER, max_bytes=MAX_ANSWER_BYTES)
    student = student_for(link, context)
    try:
        _seed_all()
        tests = Tests(question, student, context)
        for check in question.checks:
            _seed_all()
            student.begin_check()
            score, _, error = run_check(tests, check)
            # A check whose snapshot is gone has no outcome.
            found.scores = (*found.scores, 0.0 if student.lost else score)
            found.errors.append(error)
            found.reports.append(take_report(error))
    finally:
        sock.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def _answered(answer: Answerer, record: bytearray) -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    link = Link(RecordingSocket(theirs, record))  # type: ignore[arg-type]  # as a socket

    def serve() -> None:
        with contextlib.suppress(LinkClosedError, LinkError, OSError):
            answer(link)
        theirs.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    ours.settimeout(_PATIENCE)
    with ours:
        yield ours
        thread.join(_PATIENCE)
    assert not thread.is_alive()


def _seed_all() -> None:
    random.seed(_SEED)
    np.random.seed(_SEED)
    torch.manual_seed(_SEED)


def messages_in(sent: bytes) -> list[bytes]:
    """Return the messages in the bytes, each with its header and buffers.

    Parts of a pickle that differ by chance are left out.
    """
    found, at = [], 0
    while at < len(sent):
        length, count = struct.unpack_from("!II", sent, at)
        sizes = struct.unpack_from(f"!{count}Q", sent, at + 8)
        start = at + 8 + 8 * count
        at = start + length + sum(sizes)
        found.append(_CHANCE.sub(b"", bytes(sent[start:at])))
    return found


def forms_of(canary: Literal) -> set[bytes]:
    """Return the bytes in which a value may be found: text, numbers of any width.

    The codec writes the bytes of small arrays in hexadecimal.
    """
    if isinstance(canary, str):
        packed = {canary.encode(form) for form in ("utf-8", "utf-16-le", "utf-32-le")}
    else:
        widths = ("f", "d", "i", "q") if isinstance(canary, int) else ("f", "d")
        packed = {
            struct.pack(order + width, canary) for order in "<>" for width in widths
        }
        packed.add(repr(canary).encode())
    return packed | {form.hex().encode() for form in packed}
