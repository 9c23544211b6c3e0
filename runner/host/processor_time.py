"""The processor time that a job has used, also in processes that are gone."""

from collections.abc import Collection, Sequence

from runner.jail.cgroups import JobGroup
from runner.system.processes import ProcessInfo


class ProcessorTime:
    """Adds up what all of a job's processes use, without the job's first process.

    The job's control group knows it. Without a group, what each process used since the
    last look is added up, so that nothing is forgotten when a process vanishes.

    SECURITY: the kernel counts the time of an ended process for its parent only if the
    parent waits for it. The time of a process whose parent ignores SIGCHLD is in no
    figure of any process.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._of_first = 0.0
        # For each process at the last look: what it has used, and what it has reaped.
        self._last: dict[tuple[int, int], tuple[float, float]] = {}

    def look(
        self,
        members: Sequence[ProcessInfo],
        first: ProcessInfo | None,
        group: JobGroup | None,
        waiting: Collection[int] = (),
    ) -> float:
        """Return the seconds since the last look. `first` is the job's first process.

        Processes in `waiting` are no members now, and may be again.
        """
        if first is not None:
            self._of_first = first.cpu_seconds
        in_group = group.cpu_seconds() if group is not None else 0.0
        if in_group:
            grown = in_group - self._of_first - self.seconds
        else:
            grown = self._growth_of(members, first, waiting)
        grown = max(0.0, grown)
        self.seconds += grown
        return grown

    def _growth_of(
        self,
        members: Sequence[ProcessInfo],
        first: ProcessInfo | None,
        waiting: Collection[int],
    ) -> float:
        now = {
            (one.pid, one.started): (one.cpu_seconds, one.reaped_seconds)
            for one in members
        }
        if first is not None:
            now[first.pid, first.started] = (0.0, first.reaped_seconds)
        used = reaped = 0.0
        for key, figures in now.items():
            before = self._last.get(key, (0.0, 0.0))
            used += max(0.0, figures[0] - before[0])
            reaped += max(0.0, figures[1] - before[1])
        gone = {key: one for key, one in self._last.items() if key not in now}
        kept = {key: one for key, one in gone.items() if key[0] in waiting}
        # What these have used was counted while they lived. If their parents have waited
        # for them, it is in the parents' figures a second time.
        twice = sum(sum(one) for key, one in gone.items() if key not in kept)
        self._last = {**kept, **now}
        return used + max(0.0, reaped - twice)
