"""The times of a run, as precisely as they may be shown."""

import datetime as dt
from dataclasses import dataclass

from grading.models import GradingRun


@dataclass(frozen=True, kw_only=True)
class RunTimes:
    """When the run was queued, started and finished, as precisely as may be shown."""

    queued_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


def shown_time(at: dt.datetime, *, sees_all: bool) -> dt.datetime:
    """Return the time of an event of a run, as precisely as it may be shown.

    SECURITY: students see it to the minute, also after the release. The times at which
    one run ends and the next one begins tell how long its checks took. Code under test
    chooses how long it takes, and some checks are never shown.
    """
    return at if sees_all else at.replace(second=0, microsecond=0)


def shown_times(run: GradingRun, *, sees_all: bool) -> RunTimes:
    """Return the run's times, each as `shown_time` returns it."""

    def shown(at: dt.datetime) -> dt.datetime:
        return shown_time(at, sees_all=sees_all)

    return RunTimes(
        queued_at=shown(run.queued_at),
        started_at=run.started_at and shown(run.started_at),
        finished_at=run.finished_at and shown(run.finished_at),
    )
