"""One side of a conversation in which each may ask the other, also while it waits."""

from collections.abc import Callable, Sequence
from typing import Final

from runner.values.link import Buffer, Header, Link, LinkError

MAX_NESTING: Final = 32

Message = tuple[Header, Sequence[Buffer]]


class Endpoint:
    """Asks the other side and serves its questions meanwhile.

    A question has an "op" in its header and an answer has none. `serve` answers a
    question; it raises only what ends the conversation.
    """

    def __init__(self, link: Link, serve: Callable[[Header, list[Buffer]], Message]):
        self.link = link
        self._serve = serve
        self._nesting = 0

    def ask(
        self, header: Header, buffers: Sequence[Buffer]
    ) -> tuple[Header, list[Buffer]]:
        """Return the other side's answer. Raises LinkError or LinkClosedError."""
        self.link.send(header, buffers)
        while True:
            answer, came = self.link.receive()
            if "op" not in answer:
                return answer, came
            self._answer(answer, came)

    def listen(self) -> None:
        """Answer questions until the other side has gone (LinkClosedError)."""
        while True:
            header, buffers = self.link.receive()
            if "op" not in header:
                raise LinkError("an answer that nobody asked for")
            self._answer(header, buffers)

    def _answer(self, header: Header, buffers: list[Buffer]) -> None:
        if self._nesting >= MAX_NESTING:
            raise LinkError("too many questions within questions")
        self._nesting += 1
        try:
            answer, more = self._serve(header, buffers)
        finally:
            self._nesting -= 1
        self.link.send(answer, more)
