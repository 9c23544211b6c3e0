"""One side of a conversation in which either side may ask, even while it is waiting.

Each question has a number, which its answer repeats, so that no answer is mistaken for
another. If the asking side stops waiting for an answer, the conversation is broken,
because that answer may still arrive at any time.
"""

import itertools
import os
from collections.abc import Callable, Sequence
from typing import Final

from runner.wire.link import Buffer, Header, Link, LinkClosedError, LinkError
from runner.wire.turns import Turn

MAX_NESTING: Final = 32

Message = tuple[Header, Sequence[Buffer]]

_forks = 0


def _note_fork() -> None:
    global _forks  # noqa: PLW0603 - a fork hook cannot be removed, so there is one
    _forks += 1


os.register_at_fork(after_in_parent=_note_fork)


class Endpoint:
    """Asks the other side, and answers its questions meanwhile.

    A question has an "op" in its header and an answer has none. `serve` answers a
    question; an error that it raises ends the conversation. Threads and forked processes
    ask one after the other: the one that holds `turn` asks.
    """

    def __init__(self, link: Link, serve: Callable[[Header, list[Buffer]], Message]):
        self.link = link
        self._serve = serve
        self._nesting = 0
        self._numbers = itertools.count(1)
        self._waiting = 0
        self._is_broken = False
        self._process, self._forks = os.getpid(), _forks
        self.turn = Turn(lambda: self.has_forked)

    @property
    def is_abandoned(self) -> bool:
        """Whether an answer may arrive that the caller is not waiting for.

        Either nobody waits for it, or another thread or a forked process does.
        """
        return self._is_broken or self._waiting > 0 or self._forks != _forks

    @property
    def has_forked(self) -> bool:
        """Whether another process may ask: a child of this one, or its parent."""
        return self._forks != _forks or self._process != os.getpid()

    def _next_number(self) -> int:
        """Return a number that no other question has, not even in a forked process."""
        process = os.getpid()
        own = 0 if process == self._process else process << 32
        return own + next(self._numbers)

    def ask(
        self, header: Header, buffers: Sequence[Buffer]
    ) -> tuple[Header, list[Buffer]]:
        """Return the other side's answer. Raises LinkError or LinkClosedError."""
        with self.turn:
            if self._is_broken:
                raise LinkClosedError
            self._waiting += 1
            try:
                return self._exchange(header, buffers)
            except BaseException:
                # An error of the link, or of a signal handler that stops the wait.
                self._is_broken = True
                raise
            finally:
                self._waiting -= 1

    def _exchange(
        self, header: Header, buffers: Sequence[Buffer]
    ) -> tuple[Header, list[Buffer]]:
        number = self._next_number()
        self.link.send({**header, "n": number}, buffers)
        while True:
            answer, came = self.link.receive()
            if "op" in answer:
                self._answer(answer, came)
            elif answer.get("n") == number:
                return answer, came
            else:
                raise LinkError("the answer belongs to another question")

    def listen(self) -> None:
        """Answer questions until the other side is gone. Raises LinkClosedError then."""
        while True:
            header, buffers = self.link.receive()
            if "op" not in header:
                raise LinkError("an answer arrived although nothing was asked")
            self._answer(header, buffers)

    def _answer(self, header: Header, buffers: list[Buffer]) -> None:
        if self._nesting >= MAX_NESTING:
            raise LinkError("the questions are nested too deeply")
        self._nesting += 1
        try:
            answer, more = self._serve(header, buffers)
        finally:
            self._nesting -= 1
        if self._is_broken:
            raise LinkClosedError
        self.link.send({**answer, "n": header.get("n")}, more)
