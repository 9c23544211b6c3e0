"""The processes of a job, as /proc describes them, and signals to them.

The files of a process in /proc describe only its first thread, even after that thread has
ended (SYS_exit) while others live on. So the functions here ask about all threads, or
about one that lives.
"""

import contextlib
import os
import re
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runner.system.users import JOB_UIDS

_PROC: Final = Path("/proc")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
DEAD: Final = "ZX"
# Stopped by a signal, and held by the first process of its jail.
STANDING: Final = "Tt"
_SWEEPS: Final = 100
_SWEEP_SECONDS: Final = 0.02
_KILL_SECONDS: Final = 0.0001
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_STATE: Final = re.compile(r"^State:\s+(\S)", re.MULTILINE)
_ONE_THREAD: Final = re.compile(r"^Threads:\s+1$", re.MULTILINE)
_SWITCHES: Final = re.compile(r"ctxt_switches:\s+(\d+)")
_PAGE_TABLES: Final = re.compile(r"^VmPTE:\s+(\d+)", re.MULTILINE)
# The last number is that of the innermost namespace.
_INSIDE: Final = re.compile(r"^NSpid:.*\b(\d+)$", re.MULTILINE)
_NANOSECONDS: Final = 10**9
# A flag of the kernel: the process is ending.
_EXITING: Final = 0x4


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """One process: its parent, threads, processor time and resident memory.

    `state` is that of a living thread, if there is one. `is_ending` says that no thread
    runs any code of the process any more. `reaped_seconds` is the processor time of
    those children that have ended and for which the process has waited.
    """

    pid: int
    state: str
    parent: int
    started: int
    threads: int
    cpu_seconds: float
    resident_bytes: int
    is_ending: bool
    reaped_seconds: float


def read_process(pid: int) -> ProcessInfo | None:
    """Return the kernel's figures for the process, or None if it is gone."""
    first = _read_thread(pid, f"{pid}")
    if first is None or not first.is_ending or first.threads == 1:
        return first
    others = (_read_thread(pid, f"{pid}/task/{one}") for one in _threads(pid))
    there = [one for one in others if one is not None and one.state not in DEAD]
    # The figures of a thread that runs hold for all; those of an ending one are the last.
    for one in sorted(there, key=lambda one: one.is_ending)[:1]:
        return replace(
            first,
            state=one.state,
            resident_bytes=one.resident_bytes,
            is_ending=one.is_ending,
        )
    return first


def _read_thread(pid: int, folder: str) -> ProcessInfo | None:
    text = _read(folder, "stat")
    if not text:
        return None
    # The name, in brackets, may hold anything: fields begin behind the last bracket.
    fields = text[text.rfind(")") + 2 :].split()
    return ProcessInfo(
        pid=pid,
        state=fields[0],
        parent=int(fields[1]),
        started=int(fields[19]),
        threads=int(fields[17]),
        cpu_seconds=(int(fields[11]) + int(fields[12])) / _TICKS,
        resident_bytes=int(fields[21]) * _PAGE,
        is_ending=fields[0] in DEAD or bool(int(fields[6]) & _EXITING),
        reaped_seconds=(int(fields[13]) + int(fields[14])) / _TICKS,
    )


def read_processes(pids: Iterable[int]) -> list[ProcessInfo]:
    """Return the kernel's figures for those of the processes that are still there."""
    return [info for info in map(read_process, pids) if info is not None]


def waited_seconds(pid: int) -> dict[int, float]:
    """Return for how many seconds each thread was ready to run but had no processor.

    They are 0 if the kernel does not count this.
    """
    waited = {}
    for thread in _threads(pid):
        fields = _read(f"{pid}/task/{thread}", "schedstat").split()
        waited[thread] = int(fields[1]) / _NANOSECONDS if len(fields) > 1 else 0.0
    return waited


def runs_before_stop(pid: int) -> frozenset[tuple[int, int]] | None:
    """Return how often each thread had run before the process stopped, None if it runs.

    The kernel's counts may still change for a moment: it calls a thread stopped before
    it counts the thread's last run.
    """
    text = _read(f"{pid}", "status")
    if _ONE_THREAD.search(text):  # then this describes all of the process
        state = _STATE.search(text)
        is_stopped = state is not None and state[1] in STANDING
        return frozenset({(pid, _switches(text))}) if is_stopped else None
    counts: set[tuple[int, int]] = set()
    states: set[str] = set()
    for thread in _threads(pid):
        text = _read(f"{pid}/task/{thread}", "status")
        state = _STATE.search(text)
        if state is not None and state[1] in DEAD:
            continue  # an ended first thread stays listed as long as the process lives
        states.add(state[1] if state is not None else "")
        counts.add((thread, _switches(text)))
    return frozenset(counts) if states and states <= set(STANDING) else None


def _switches(status: str) -> int:
    return sum(map(int, _SWITCHES.findall(status)))


def living_threads(pid: int) -> set[int]:
    """Return the process's threads that have not ended; none if the process is gone."""
    states = {
        one: _STATE.search(_read(f"{pid}/task/{one}", "status"))
        for one in _threads(pid)
    }
    return {
        one for one, state in states.items() if state is None or state[1] not in DEAD
    }


def number_inside(pid: int) -> int:
    """Return the process's number in its own namespace, 0 if it is gone."""
    found = _INSIDE.search(_read(f"{pid}", "status"))
    return int(found[1]) if found is not None else 0


def page_table_bytes(pid: int) -> int:
    """Return the bytes of the process's page tables, which are the kernel's memory.

    A mapping that is only read takes up no memory of its own, but much in page tables.
    """
    for folder in _folders_with_memory(pid):
        found = _PAGE_TABLES.search(_read(folder, "status"))
        if found is not None:
            return int(found[1]) * 1024
    return 0


def _threads(pid: int) -> list[int]:
    """Return the process's threads, including the first; none if the process is gone."""
    try:
        return [int(name) for name in os.listdir(f"{_PROC}/{pid}/task")]  # noqa: PTH208 - read often
    except OSError:
        return []


def _folders_with_memory(pid: int) -> Iterator[str]:
    """Yield the folders below /proc that may describe the process's memory.

    The folder of a thread that has ended does not describe it any more.
    """
    yield f"{pid}"
    for thread in _threads(pid):
        if thread != pid:
            yield f"{pid}/task/{thread}"


def _read(folder: str, name: str) -> str:
    """Return the text of the process's or thread's file, "" if it is gone."""
    try:
        with open(f"{_PROC}/{folder}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - read often
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def all_processes() -> dict[int, ProcessInfo]:
    """Return every process that this one may see, by its number."""
    found = (read_process(int(name)) for name in os.listdir(_PROC) if name.isdigit())  # noqa: PTH208 - called ten times a second
    return {info.pid: info for info in found if info is not None}


def descendants(root: int, *, spare: Collection[int] = ()) -> list[ProcessInfo]:
    """Return the processes below `root`, without those in `spare` and below them."""
    children: dict[int, list[ProcessInfo]] = defaultdict(list)
    for info in all_processes().values():
        children[info.parent].append(info)
    found: list[ProcessInfo] = []
    waiting = [root]
    while waiting:
        below = [info for info in children[waiting.pop()] if info.pid not in spare]
        found += below
        waiting += [info.pid for info in below]
    return found


def send_signal(target: ProcessInfo, number: int) -> None:
    """Send the signal to exactly the process that was read, if it still lives.

    Signals go to one process each, never to all at once, since a job's parent may be
    root.
    """
    with contextlib.suppress(OSError):
        fd = os.pidfd_open(target.pid)
        try:
            now = read_process(target.pid)
            if now is not None and now.started == target.started:
                signal.pidfd_send_signal(fd, number)
        finally:
            os.close(fd)


def kill_tree(root: int, *, spare: Collection[int] = ()) -> None:
    """Kill all processes below `root`, except those in `spare` and below them.

    All are stopped first, until no new one is found, so that none forks meanwhile.
    Raises ValueError for a `root` of 1 or less.
    """
    if root <= 1:
        raise ValueError("the machine's first process must not be killed")
    stopped: set[tuple[int, int]] = set()
    for _ in range(_SWEEPS):
        fresh = [
            info
            for info in descendants(root, spare=spare)
            if (info.pid, info.started) not in stopped
        ]
        if not fresh:
            break
        for info in fresh:
            send_signal(info, signal.SIGSTOP)
            stopped.add((info.pid, info.started))
    for info in descendants(root, spare=spare):
        send_signal(info, signal.SIGKILL)


def kill_all(find: Callable[[], list[ProcessInfo]], seconds: float) -> int:
    """Kill the processes that `find` returns, until it returns none that runs.

    All are stopped first, until no new one is found, so that none forks meanwhile. Gives
    up after so many seconds. Returns the largest number that ran at a time.
    """
    deadline = time.monotonic() + seconds
    most = 0
    while alive := [one for one in find() if not one.is_ending]:
        most = max(most, len(alive))
        if time.monotonic() > deadline:
            break
        if len(alive) > 1:
            _stop_all(find)
            alive = find()
        for one in alive:
            send_signal(one, signal.SIGKILL)
        time.sleep(_KILL_SECONDS)
    return most


def _stop_all(find: Callable[[], list[ProcessInfo]]) -> None:
    stopped: set[tuple[int, int]] = set()
    for _ in range(_SWEEPS):
        fresh = [one for one in find() if (one.pid, one.started) not in stopped]
        if not fresh:
            return
        for one in fresh:
            send_signal(one, signal.SIGSTOP)
            stopped.add((one.pid, one.started))


def family(root: int, *, spare: Collection[int] = ()) -> list[ProcessInfo]:
    """Return the processes below `root`, quickly: it may miss some of a busy job's.

    Those in `spare` are left out, but not the processes below them.
    """
    found: list[ProcessInfo] = []
    waiting = [root]
    while waiting:
        for pid in _children(waiting.pop()):
            waiting.append(pid)
            info = read_process(pid) if pid not in spare else None
            if info is not None:
                found.append(info)
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    for thread in _threads(pid):
        children += map(int, _read(f"{pid}/task/{thread}", "children").split())
    return children


def is_below(info: ProcessInfo, root: int) -> bool:
    """Return whether `root` is an ancestor of the process."""
    return info.parent == root or root in ancestors(info.pid)


def ancestors(pid: int) -> list[int]:
    """Return the process's parent, the parent of its parent, and so on."""
    found: list[int] = []
    info = read_process(pid)
    while info is not None and info.parent > 0 and info.parent not in found:
        found.append(info.parent)
        info = read_process(info.parent)
    return found


def kill_user_processes(uid: int) -> None:
    """Kill every process of a job's user, if the job's first process could not do so.

    Raises ValueError for any other user.
    """
    if uid not in JOB_UIDS:
        raise ValueError(f"{uid} is not the number of a job's user")
    for _ in range(_SWEEPS):
        found = [
            info
            for info in all_processes().values()
            if info.state not in DEAD and _user(info.pid) == uid
        ]
        for info in found:
            send_signal(info, signal.SIGKILL)
        if not found:
            return
        time.sleep(_SWEEP_SECONDS)


def _user(pid: int) -> int | None:
    try:
        text = (_PROC / str(pid) / "status").read_text()
    except OSError:
        return None
    line = next(line for line in text.splitlines() if line.startswith("Uid:"))
    return int(line.split()[1])


def proportional_memory(pids: Iterable[int]) -> int:
    """Return the bytes that the processes hold in all.

    Each process counts with its part of a page that it shares (Pss), or with all its
    resident memory if we may not measure it.
    """
    return sum(map(_share_of, pids))


def _share_of(pid: int) -> int:
    for folder in _folders_with_memory(pid):
        try:
            text = (_PROC / folder / "smaps_rollup").read_text()
        except ProcessLookupError:
            continue  # this thread has ended
        except OSError:
            break
        lines = [
            one for one in text.splitlines() if one.startswith(("Pss:", "SwapPss:"))
        ]
        return sum(int(line.split()[1]) * 1024 for line in lines)
    info = read_process(pid)
    return info.resident_bytes if info is not None else 0
