"""The states of a job's folders, which the host has the first process keep.

A question is judged on all places that the job can write to as they were at its check
cell. If that state could not be saved, it is judged on them as the last cell left them,
and on no others. If the first process does not answer in time, nobody knows in which
state they are, and no question is judged any more.
"""

import errno
import itertools
import time
from collections.abc import Callable
from typing import Final

from runner.protocol import check_words
from runner.system import descriptors
from runner.wire.frames import Frame, Peer

# The number of the state before the first cell (`FolderStates`).
_FIRST_STATE: Final = 0
# A save or restore takes less than a second. Whatever the job does, the first process
# gets processor time before it, and what it looks at is bounded.
_ANSWER_SECONDS: Final = 60
_ROUND_SECONDS: Final = 0.1


class SavedFolders:
    """The folders of a job, whose states the job's first process keeps.

    `init` is the first process. `read_init` reads from it, and hands its answers to
    `note_answer`. `tick` is called while it does not answer, and measures the job.
    """

    def __init__(
        self, init: Peer, read_init: Callable[[], None], tick: Callable[[], None]
    ) -> None:
        self._init = init
        self._read_init = read_init
        self._tick = tick
        # Whether an answer did not come in time.
        self._is_lost = False
        self._answers: list[Frame] = []
        self._numbers = itertools.count(1)
        # Whether the folders can be given any earlier state without losing files.
        self._has_all_states = True
        self._is_final = False
        # Whether the folders as the last cell left them are kept beside the states.
        self.is_last_kept = False

    def save(self) -> int | None:
        """Save the state of the folders, and return its number.

        None is returned if it cannot be saved: it is too large, or the job has no jail.
        """
        number = self._ask({"do": "save"}).get("number")
        self._has_all_states &= number is not None
        return number

    def end(self, *, is_needed: bool) -> bool:
        """Note that no cell changes the folders any more. Return false if that failed.

        They are kept as they are now if `is_needed`: for questions without a state.
        """
        self._is_final = True
        if is_needed:
            self.is_last_kept = self._ask({"do": "keep"}).get("errno") == 0
        return self.is_last_kept or not is_needed

    def restore(self, number: int | None) -> str:
        """Give the folders a saved state again, or for None the state that `end` kept.

        Return why that failed, in the words of a check, or "". If it failed, nothing may
        be judged on them. Call it while no process of the job runs that works in them.
        """
        if number is None and not self.is_last_kept and not self._is_lost:
            return ""
        error = self._ask({"do": "restore", "number": number}).get("errno")
        if self._is_lost:
            return check_words.FILES_LOST
        match error:
            case 0:
                return ""
            case errno.ENOSPC:
                return check_words.OUT_OF_DISK
            case errno.ENOMEM:
                return check_words.OUT_OF_MEMORY
        return check_words.ENDED

    def restore_first(self) -> bool:
        """Give the folders the state in which the first cell found them.

        Return whether cells may run on them. Do nothing if a snapshot would then miss
        files that no state holds.
        """
        if not self._has_all_states and not self._is_final:
            return True
        return not self.restore(_FIRST_STATE)

    def note_answer(self, frame: Frame) -> None:
        """Note what the first process has answered."""
        self._answers.append(frame)

    def _ask(self, message: Frame) -> Frame:
        """Return the answer of the first process, {} if one did not come in time.

        Raises what `tick` raises.
        """
        if self._is_lost:
            return {}
        self._answers.clear()
        number = next(self._numbers)
        self._init.send({**message, "t": "folder", "n": number})
        deadline = time.monotonic() + _ANSWER_SECONDS
        while time.monotonic() < deadline:
            self._init.flush()
            descriptors.wait([self._init], seconds=_ROUND_SECONDS)
            self._read_init()
            # An answer that came too late belongs to an earlier request.
            for answer in self._answers:
                if answer.get("n") == number:
                    return answer
            self._tick()
        # SECURITY: the job may have caused this. A question that was judged on the files
        # as they are now could be judged on a later cell's.
        self._is_lost = True
        return {}
