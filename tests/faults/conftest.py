"""A portal of real processes, runs for it, and helpers that read the outcome."""

import signal
from collections.abc import Callable
from contextlib import suppress
from os import kill
from pathlib import Path
from typing import Any

import pytest

from grading.models import GradingRun
from grading.states import State
from submissions.models import Submission
from tests.factories import GradingRunFactory, SubmissionFactory, small_notebook
from tests.services.portal import LivePortal
from tests.services.processes import Service, wait_until


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder: its tests kill real processes."""
    here = str(Path(__file__).parent) + "/"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.faults)
            item.add_marker(pytest.mark.services)
            item.add_marker(pytest.mark.torch)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture
def portal(make_portal: Callable[..., LivePortal]) -> LivePortal:
    """Give a portal whose leases run out within seconds."""
    return make_portal(LEASE_SECONDS="3", HEARTBEAT_SECONDS="0.5")


def queued(seconds: float = 0, **values: Any) -> GradingRun:
    """Return a queued run of a notebook that takes so long and earns 2 points."""
    return GradingRunFactory.create(submission=handed_in(seconds), **values)


def handed_in(seconds: float = 0) -> Submission:
    """Return a submission, not queued, of a notebook that takes so long."""
    notebook = small_notebook(f"import time\ntime.sleep({seconds})", "answer = 6 * 7")
    return SubmissionFactory.create(notebook=notebook)


def state_of(run: GradingRun) -> str:
    run.refresh_from_db()
    return run.state


def wait_for(run: GradingRun, state: State, *, seconds: float = 40) -> None:
    """Return once the run is in the state."""
    wait_until(
        lambda: state_of(run) == state,
        seconds=seconds,
        what=f"{state}; it is {run.state}, {list(run.events.values())}",
    )


def wait_for_first_cell(run: GradingRun, *, after_tries: int = 0) -> None:
    """Return once the run's notebook runs its first cell, after so many lost tries."""

    def is_under_way() -> bool:
        return (
            state_of(run) == State.RUNNING
            and run.platform_tries == after_tries
            and bool(run.progress.get("cell"))
        )

    wait_until(is_under_way, seconds=40, what="the first cell runs")


def steps(run: GradingRun) -> list[tuple[str, str]]:
    """Return the run's states in their order, with the reason of each change."""
    return list(run.events.values_list("target", "code"))


def descendants(pid: int) -> list[int]:
    """Return the processes below this one, the nearest first."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = stat.read_text().rpartition(")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(stat.parent.name))
    found, queue = [], [pid]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return found


def zygote_of(worker: Service) -> int:
    """Return the zygote from which the worker's jobs are forked."""
    for pid in descendants(worker.pid):
        with suppress(OSError):
            if (
                b"runner.inside.zygote.launch"
                in Path(f"/proc/{pid}/cmdline").read_bytes()
            ):
                return pid
    raise AssertionError("the worker has no zygote")


def kill_zygote_of(worker: Service) -> None:
    kill(zygote_of(worker), signal.SIGKILL)


def are_gone(pids: list[int]) -> bool:
    """Return whether none of these processes lives, zombies aside."""
    for pid in pids:
        with suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state not in "ZX":
                return False
    return True
