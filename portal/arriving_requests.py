"""A request while it arrives, before it gets a thread."""

import datetime as dt
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gunicorn.workers.gthread import TConn

from portal.long_bodies import LONG_PIECE, LongBody, StoredUnreader

# How long a head, and then a short body, may take to arrive.
HEAD_SECONDS: Final = 20.0
BODY_SECONDS: Final = 20.0
MAX_HEAD: Final = 64 * 1024
MAX_SHORT_BODY: Final = 64 * 1024
PIECE: Final = 64 * 1024
_PROBES: Final = (b"GET /healthz", b"GET /readyz", b"GET /metrics")
# Short requests that read and write files of hundreds of megabytes: a piece of an upload,
# which may be the last one, and requests that check or hand in what has arrived.
_HEAVY: Final = re.compile(
    rb"PATCH |POST /api/v1/opened-attempts/[^ ]{1,80}/(?:finish|check)/ "
    rb"|POST (?:/api/v1)?/self-checks/[^ ]{1,80}/hand-in/ "
)
_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(
    rb"\r\ncontent-length:[ \t]*0*([0-9]{1,15})[ \t]*\r\n", re.IGNORECASE
)
_OPEN_ENDED: Final = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_FILES: Final = re.compile(
    rb"\r\ncontent-type:[ \t]*multipart/form-data", re.IGNORECASE
)
# The client waits to be asked for the body.
_ASKING: Final = re.compile(rb"\r\nexpect:[^\r\n]*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class BodyStore:
    """Where long bodies are stored, and the longest; longer ones are not.

    `sender_of` returns who sends a request with this head, "" for nobody.
    """

    folder: Path | None = None
    longest: int = 1024**3
    sender_of: Callable[[bytes], str] = lambda _: "somebody"


class ArrivingRequest:
    """The bytes of a request that have arrived, and the deadline for the rest.

    A long body is stored in `body`, and `data` then holds what follows it.
    """

    def __init__(self, conn: TConn, *, stores: BodyStore, held: bytes = b"") -> None:
        self.conn = conn
        self.data = bytearray()
        self.begun = time.monotonic()
        self.began_at = self.arrived_at = dt.datetime.now(dt.UTC)  # noqa: TID251 - Django may not be set up
        self.needed: int | None = None
        self.body: LongBody | None = None
        self.is_open_ended = False
        self.is_asking = False
        # A form that may bring files, as each hand-in does.
        self.has_files = False
        # Nothing is read from the connection until it is known who sends the body.
        self.is_paused = False
        self._deadline = self.begun + HEAD_SECONDS
        self._stores = stores
        self.add(held)

    def add(self, data: bytes) -> None:
        """Add more bytes of the request."""
        self.arrived_at = dt.datetime.now(dt.UTC)  # noqa: TID251 - Django may not be set up
        if self.body is not None:
            self.body.add(data)
            return
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
        self.began_at = self.arrived_at
        self._deadline = time.monotonic() + BODY_SECONDS
        self.has_files = _FILES.search(head) is not None
        found = _LENGTH.search(head)
        size = int(found[1]) if found else 0
        is_unread = found is None and b"\r\ncontent-length" in head.lower()
        if is_unread or _OPEN_ENDED.search(head) or size > self._stores.longest:
            self.is_open_ended = True
            self.needed = length
            return
        if _ASKING.search(head):
            # The worker asks, and gunicorn need not.
            self.is_asking = True
            head = _ASKING.sub(b"", head)
            self.data[:length] = head
            length = len(head)
        self.needed = length + size
        if size > MAX_SHORT_BODY:
            self.body = LongBody(head, size, self._stores.folder)
            self.body.add(bytes(self.data[length : length + size]))
            del self.data[: length + size]

    @property
    def deadline(self) -> float:
        """By when more must have arrived, on the monotonic clock."""
        return self._deadline if self.body is None else self.body.deadline

    @property
    def most_to_read(self) -> int:
        """How many bytes may be read next."""
        return PIECE if self.body is None else min(LONG_PIECE, self.body.left)

    @property
    def is_whole(self) -> bool:
        """Whether a thread may begin with the request."""
        if self.body is not None:
            return self.body.is_over and self.body.sender is not None
        return self.needed is not None and len(self.data) >= self.needed

    @property
    def is_too_long(self) -> bool:
        """Whether the head is longer than MAX_HEAD, as no browser's is."""
        return self.needed is None and len(self.data) > MAX_HEAD

    @property
    def worth(self) -> int:
        """How long it is kept where there is no room: 2 with a body of a known sender.

        SECURITY: whoever has not signed in must not make others' uploads break off.
        """
        if self.needed is None:
            return 0
        return 2 if self.body is not None and self.body.sender else 1

    @property
    def is_probe(self) -> bool:
        """Whether a monitor asks whether the portal works."""
        return self.body is None and self.data.startswith(_PROBES)

    @property
    def is_heavy(self) -> bool:
        """Whether the request may take seconds, though it is short."""
        return self.body is None and _HEAVY.match(self.data) is not None

    def hand_over(self) -> None:
        """Give the connection's parser what has arrived."""
        conn = self.conn
        conn.init()
        conn.data_ready = True
        conn.sock.body = self.body
        is_here = not self.is_open_ended
        conn.sock.began_at = self.began_at if is_here else None
        conn.sock.arrived_at = self.arrived_at if is_here else None
        if self.body is None:
            conn.parser.unreader.unread(bytes(self.data))
        else:
            rest = bytes(self.data)
            conn.parser.unreader = StoredUnreader(conn.sock, self.body, rest)
