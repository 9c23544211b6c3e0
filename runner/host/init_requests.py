"""What the host asks a job's first process, and waits for."""

import itertools
import time
from collections.abc import Callable
from typing import Final

from runner.system import descriptors
from runner.wire.frames import Frame, Peer

# A request takes less than a second. Whatever the job does, the first process gets
# processor time before it, and what it looks at is bounded.
_ANSWER_SECONDS: Final = 60
_ROUND_SECONDS: Final = 0.1


class InitRequests:
    """Requests to a job's first process, which answers one after the other.

    `init` is the first process. `read_init` reads from it, and hands its answers to
    `note_answer`. `tick` is called while it does not answer, and measures the job.
    """

    def __init__(
        self, init: Peer, read_init: Callable[[], None], tick: Callable[[], None]
    ) -> None:
        self._init = init
        self._read_init = read_init
        self._tick = tick
        # Whether an answer did not come in time. Then nothing more is asked.
        self.is_lost = False
        # The answers that nobody has waited for yet, by the requests' numbers.
        self._answers: dict[int, Frame] = {}
        self._numbers = itertools.count(1)

    def note_answer(self, frame: Frame) -> None:
        """Note what the first process has answered."""
        self._answers[int(frame["n"])] = frame

    def begin(self, message: Frame) -> int:
        """Send a request, and return its number. Requests are answered in their order."""
        number = next(self._numbers)
        if not self.is_lost:
            self._init.send({**message, "t": "request", "n": number})
        return number

    def ask(self, message: Frame) -> Frame:
        """Send a request, and return its answer: see `wait`."""
        return self.wait(self.begin(message))

    def ask_unmeasured(self, message: Frame) -> Frame:
        """Do the same without measuring the job meanwhile."""
        return self._wait(self.begin(message), lambda: None)

    def wait(self, number: int) -> Frame:
        """Return the answer to the request, {} if it did not come in time.

        Raises what `tick` raises.
        """
        return self._wait(number, self._tick)

    def _wait(self, number: int, tick: Callable[[], None]) -> Frame:
        deadline = time.monotonic() + _ANSWER_SECONDS
        while not self.is_lost:
            if number in self._answers:
                return self._answers.pop(number)
            # SECURITY: the job may have caused this. A question that was judged on the
            # files as they are now could be judged on a later cell's.
            self.is_lost = time.monotonic() >= deadline
            self._init.flush()
            descriptors.wait([self._init], seconds=_ROUND_SECONDS)
            self._read_init()
            if number not in self._answers:
                tick()
        return {}
