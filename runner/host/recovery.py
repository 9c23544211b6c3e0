"""Recovery: the notebook goes on in a fresh process when its own process cannot.

A process inside a long operation of compiled code does not react to an interrupt, and
one under a bare `except` swallows it. Such a process is ended, and the first process of
its jail makes another. There the earlier cells are run again. Their outputs are dropped,
since the outputs of their first run are kept. The job's folders are first given the
state in which the first cell found them, if their states are kept (`FolderStates`).
"""

from collections.abc import Callable
from typing import Final

from runner.host.cells import CellRunner
from runner.host.session import Session
from runner.protocol.endings import JobEnded
from runner.protocol.jobs import Verdict

# A fresh process must be set up, and cells may take a little longer than the first time.
_SPARE_SECONDS: Final = 1.0
_SPARE_SHARE: Final = 1.25
# Cells that take longer than this are not doing the same as before.
_MOST_SHARE: Final = 2.0
# Fresh processes for the cells of one notebook. Each costs the time limit of a cell, so
# only few fit into a run.
_MOST: Final = 10
# Fresh processes for one question, in place of those that its checks have ended.
MOST_RENEWALS: Final = 10


class Recovery:
    """Replaces the notebook's process by a fresh one in which the same cells have run.

    `set_up` makes a fresh process ready for its first cell.
    """

    def __init__(
        self, session: Session, cells: CellRunner, set_up: Callable[[Session], None]
    ) -> None:
        self._session = session
        self._cells = cells
        self._set_up = set_up
        self._left = _MOST

    def go_on_after_cell(self, count: int, seconds: float) -> bool:
        """Begin again after a cell that ignored its interrupt, a few times in a notebook.

        Return whether the notebook can go on. For the arguments see `begin_again`.
        """
        if not self._left:
            return False
        self._left -= 1
        return self.begin_again(count, seconds)

    def begin_again(self, count: int, seconds: float) -> bool:
        """Run the first `count` cells that have ended again, in a fresh process.

        Return whether the notebook can go on there. Nothing is tried if the cells are
        likely to take more than `seconds`, estimated by their earlier times. It is given
        up if they take twice those times, so that nobody gains time to compute. Raises
        JobEnded if the job is cancelled.
        """
        cells = self._cells.record.ended[:count]
        taken = sum(each for _, each in cells)
        if _SPARE_SECONDS + _SPARE_SHARE * taken > seconds:
            return False
        most = min(seconds, _SPARE_SECONDS + _MOST_SHARE * taken)
        watch = self._session.monitor
        try:
            self._session.restart()
            if not self._session.folders.restore_first():
                return False
            self._set_up(self._session)
            started = watch.moment()
            for cell, _ in cells:
                left = most - watch.moment().seconds_since(started)
                if left <= 0:
                    return False
                self._cells.run_again(cell, left)
            self._session.go_on()
        except JobEnded as stop:
            if stop.verdict is Verdict.CANCELLED:
                raise
            # This includes a process of ours that did not start: the notebook may have
            # taken away what it needs. If the jail is gone, the host notices by itself.
            return False
        return True
