"""Going on in a fresh process when the notebook's own one cannot go on.

A process inside a long operation of compiled code hears no interrupt, and one under a
bare `except` swallows it. It is ended, and its jail's first process makes another. In
that one the cells before are run again, their outputs dropped, since those of their
first run are there. Files that they wrote are still there, too.
"""

from collections.abc import Callable
from typing import Final

from runner.host.cells import CellRunner
from runner.host.session import Session
from runner.protocol.endings import JobEnded
from runner.protocol.jobs import Verdict

# A fresh process is set up, and things take a little longer than the first time.
_SPARE_SECONDS: Final = 1.0
_SPARE_SHARE: Final = 1.25
# More than that, and the cells do something else than they did before.
_MOST_SHARE: Final = 2.0
# For the cells of one notebook. Each costs the limit of a cell, so few fit into a run.
_MOST: Final = 10
# Fresh processes for one question, in the place of those that its checks have ended.
MOST_RENEWALS: Final = 10


class Recovery:
    """Puts a fresh process in the place of the notebook's, with the same cells run.

    `set_up` readies a fresh process for its first cell.
    """

    def __init__(
        self, session: Session, cells: CellRunner, set_up: Callable[[Session], None]
    ) -> None:
        self._session = session
        self._cells = cells
        self._set_up = set_up
        self._left = _MOST

    def go_on_after_cell(self, count: int, seconds: float) -> bool:
        """Begin again after a cell that heard no interrupt, some times in a notebook."""
        if not self._left:
            return False
        self._left -= 1
        return self.begin_again(count, seconds)

    def begin_again(self, count: int, seconds: float) -> bool:
        """Run the first `count` cells that ended in a fresh process.

        Return whether the notebook can go on there. It is not tried if the cells are
        likely to take more than `seconds`, by what they took before, and given up if
        they take twice that: nobody gains time to compute. Raises JobEnded if the
        job is cancelled.
        """
        cells = self._cells.record.ended[:count]
        taken = sum(each for _, each in cells)
        if _SPARE_SECONDS + _SPARE_SHARE * taken > seconds:
            return False
        most = min(seconds, _SPARE_SECONDS + _MOST_SHARE * taken)
        watch = self._session.monitor
        try:
            self._session.restart()
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
            # Even a process of ours that did not start: the notebook may have taken
            # away what it needs, and the host sees for itself if the jail is gone.
            return False
        return True
