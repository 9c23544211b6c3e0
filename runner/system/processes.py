"""What /proc says of a job's processes.

A file of /proc that is a process's tells of its first thread alone, also after that has
ended (SYS_exit) and others live on. So whatever is asked here is asked of all threads,
or of one that lives.
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
STOPPED: Final = "T"
_SWEEPS: Final = 100
_SWEEP_SECONDS: Final = 0.02
_KILL_SECONDS: Final = 0.0001
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_STATE: Final = re.compile(r"^State:\s+(\S)", re.MULTILINE)
_SWITCHES: Final = re.compile(r"ctxt_switches:\s+(\d+)")
_PAGE_TABLES: Final = re.compile(r"^VmPTE:\s+(\d+)", re.MULTILINE)
_NANOSECONDS: Final = 10**9
# A flag of the kernel: the process is on its way out.
_EXITING: Final = 0x4


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """One process: its parent, threads, processor time and resident memory.

    `state` is that of a thread that lives, if one does. `is_ending` says that none runs
    any code of the process any more. `reaped_seconds` is the processor time of those of
    its children that have ended and that it waited for.
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
    """Return what the kernel says of the process, or None if it is gone."""
    first = _read_thread(pid, f"{pid}")
    if first is None or not first.is_ending or first.threads == 1:
        return first
    others = (_read_thread(pid, f"{pid}/task/{one}") for one in _threads(pid))
    there = [one for one in others if one is not None and one.state not in DEAD]
    # One that runs tells the truth of all, and one on its way out of the last moments.
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
    """Return what the kernel says of those of the processes that are still there."""
    return [info for info in map(read_process, pids) if info is not None]


def waited_seconds(pid: int) -> dict[int, float]:
    """Return how long each thread was ready to run and no processor was free for it.

    Returns 0 for each by a kernel that does not count this.
    """
    waited = {}
    for thread in _threads(pid):
        fields = _read(f"{pid}/task/{thread}", "schedstat").split()
        waited[thread] = int(fields[1]) / _NANOSECONDS if len(fields) > 1 else 0.0
    return waited


def stopped_after(pid: int) -> frozenset[tuple[int, int]] | None:
    """Return how often each thread had run before the process stopped, None if it runs.

    The kernel's counts stay the same until the process runs again, once it `rests`: a
    thread is called stopped a moment before its last run is counted.
    """
    counts: set[tuple[int, int]] = set()
    states: set[str] = set()
    for thread in _threads(pid):
        text = _read(f"{pid}/task/{thread}", "status")
        state = _STATE.search(text)
        if state is not None and state[1] in DEAD:
            continue  # a first thread that has ended is there as long as the process is
        states.add(state[1] if state is not None else "")
        counts.add((thread, sum(map(int, _SWITCHES.findall(text)))))
    return frozenset(counts) if states == {STOPPED} else None


def rests(pid: int) -> bool | None:
    """Say whether no thread of a stopped process has a processor, or waits for one.

    The kernel sees to it before it tells of a thread's system call. Returns None where
    it does not tell us: to do so it wants the rights of a debugger.
    """
    for thread in _threads(pid):
        try:
            text = Path(f"{_PROC}/{pid}/task/{thread}/syscall").read_text()
        except ProcessLookupError:
            continue  # it has ended
        except OSError:
            return None
        if text.startswith("running"):
            return False
    return True


def page_table_bytes(pid: int) -> int:
    """Return the kernel's own memory for the process's pages.

    A mapping that is only read takes none for itself, and much here.
    """
    for folder in _folders_with_memory(pid):
        found = _PAGE_TABLES.search(_read(folder, "status"))
        if found is not None:
            return int(found[1]) * 1024
    return 0


def _threads(pid: int) -> list[int]:
    """Return the process's threads, the first one too; none if it is gone."""
    try:
        return [int(name) for name in os.listdir(f"{_PROC}/{pid}/task")]  # noqa: PTH208 - read often
    except OSError:
        return []


def _folders_with_memory(pid: int) -> Iterator[str]:
    """Yield the folders below /proc that may tell of the process's memory, one by one.

    A thread that has ended has none any more.
    """
    yield f"{pid}"
    for thread in _threads(pid):
        if thread != pid:
            yield f"{pid}/task/{thread}"


def _read(folder: str, name: str) -> str:
    """Return the file of the process or thread, "" if that is gone."""
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
    """The very process that was looked at gets the signal, if it still lives.

    Processes are named one by one, never all at once: a job's parent may be root.
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
    """Everything below `root` is told to die, but not `spare` and what is below them.

    All are stopped first, until no new one is found, so that none forks meanwhile.
    """
    if root <= 1:
        raise ValueError("not the machine's own first process")
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
    up after so many seconds. Returns how many there were at most.
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
    """Return the processes below `root`, quickly: a busy one may be missed.

    Those in `spare` are left out, but not what is below them.
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
    """Say whether `root` is the process's parent, or that one's, and so on."""
    return info.parent == root or root in ancestors(info.pid)


def ancestors(pid: int) -> list[int]:
    """Return the process's parent, that one's parent, and so on."""
    found: list[int] = []
    info = read_process(pid)
    while info is not None and info.parent > 0 and info.parent not in found:
        found.append(info.parent)
        info = read_process(info.parent)
    return found


def kill_user_processes(uid: int) -> None:
    """No process of a job's user is left, if the job's own parent could not see to it.

    Refuses any other user.
    """
    if uid not in JOB_UIDS:
        raise ValueError(f"{uid} is no job's user")
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
    """Return the bytes that the processes hold, shared pages counted in shares.

    A process may close this to us: it is counted with all that it has.
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
