"""The states of a job's working folder, which the host has the first process keep."""

import time
from collections.abc import Callable
from typing import Final

from runner.system import descriptors
from runner.wire.frames import Frame, Peer

# The number of the state before the first cell (`FolderStates`).
_FIRST_STATE: Final = 0
_ANSWER_SECONDS: Final = 10
_ROUND_SECONDS: Final = 0.1


class WorkingFolder:
    """The working folder of a job, whose states the job's first process keeps.

    `init` is the first process. `read_init` reads from it, and hands its answers to
    `note_answer`.
    """

    def __init__(self, init: Peer, read_init: Callable[[], None]) -> None:
        self._init = init
        self._read_init = read_init
        self._answers: list[Frame] = []
        # Whether the folder can be given any earlier state without losing files.
        self._has_all_states = True

    def save(self) -> int | None:
        """Save the state of the folder, and return its number.

        None is returned if it cannot be saved: it is too large, or the job has no jail.
        """
        number = self._ask({"t": "save"}).get("number")
        self._has_all_states &= number is not None
        return number

    def restore(self, number: int | None) -> None:
        """Give the folder a saved state again. Do nothing for None.

        Call it while no process of the job runs that works in the folder.
        """
        if number is not None:
            self._ask({"t": "restore", "number": number})

    def restore_first(self) -> None:
        """Give the folder the state in which the first cell found it.

        Do nothing if a snapshot would then miss files that no state holds.
        """
        if self._has_all_states:
            self.restore(_FIRST_STATE)

    def note_answer(self, frame: Frame) -> None:
        """Note what the first process has answered."""
        self._answers.append(frame)

    def _ask(self, message: Frame) -> Frame:
        """Return the answer of the first process, {} if none comes in time."""
        self._answers.clear()
        self._init.send(message)
        deadline = time.monotonic() + _ANSWER_SECONDS
        while not self._answers and time.monotonic() < deadline:
            self._init.flush()
            descriptors.wait([self._init], seconds=_ROUND_SECONDS)
            self._read_init()
        return self._answers[0] if self._answers else {}
