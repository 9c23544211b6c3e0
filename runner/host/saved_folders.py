"""The states of a job's folders, which the host has the first process keep.

A question is judged on all places that the job can write to as they were at its check
cell. If that state could not be saved, it is judged on them as the last cell left them,
and on no others. If the first process does not answer in time, nobody knows in which
state they are, and no question is judged any more.
"""

import errno
from typing import Final

from runner.host.init_requests import InitRequests
from runner.protocol import check_words

# The number of the state before the first cell (`FolderStates`).
_FIRST_STATE: Final = 0


class SavedFolders:
    """The folders of a job, whose states the job's first process keeps."""

    def __init__(self, requests: InitRequests) -> None:
        self._requests = requests
        # Whether the folders can be given any earlier state without losing files.
        self._has_all_states = True
        self._is_final = False
        # Whether the folders as the last cell left them are kept beside the states.
        self.is_last_kept = False

    def save(self) -> int | None:
        """Save the state of the folders, and return its number.

        None is returned if it cannot be saved: it is too large, or the job has no jail.
        """
        number = self._requests.ask({"do": "save"}).get("number")
        self._has_all_states &= number is not None
        return number

    def end(self, *, is_needed: bool) -> bool:
        """Note that no cell changes the folders any more. Return false if that failed.

        They are kept as they are now if `is_needed`: for questions without a state.
        """
        self._is_final = True
        if is_needed:
            self.is_last_kept = self._requests.ask({"do": "keep"}).get("errno") == 0
        return self.is_last_kept or not is_needed

    def restore(self, number: int | None) -> str:
        """Give the folders a saved state again, or for None the state that `end` kept.

        Return why that failed, in the words of a check, or "". If it failed, nothing may
        be judged on them. Call it while no process of the job runs that works in them.
        """
        if number is None and not self.is_last_kept and not self._requests.is_lost:
            return ""
        error = self._requests.ask({"do": "restore", "number": number}).get("errno")
        if self._requests.is_lost:
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
