"""Control groups, version 2, version 1 or none: hard limits on a whole job at once.

Without control groups, a job is still measured ten times a second, and each of its
processes is limited. With them, the kernel limits the sum, whatever a job does between
two measurements. Where groups may also divide the processors, all jobs get the same
share, however many processes and sessions each has.
"""

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

_PREFIX: Final = "softmark-"
_HOST: Final = "softmark-host"
_MOUNTS: Final = Path("/proc/self/mountinfo")
_OWN: Final = Path("/proc/self/cgroup")
_REMOVE_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.005
# The kernel's work on freeing the memory of one group.
_FREE_SECONDS: Final = 2.0
_FREE_AT_ONCE: Final = 16 * 1024**2
# A younger group may belong to another worker that has not put a process into it yet.
_ABANDONED_SECONDS: Final = 60.0
# The host's weight, where each job has 100: the host watches jobs, so it goes first.
_HOST_WEIGHT: Final = 1000
_MICROSECONDS: Final = 10**6
_NANOSECONDS: Final = 10**9
_KERNEL_PARTS: Final = ("slab", "kernel_stack", "pagetables", "percpu")


class JobGroup(Protocol):
    """One job's control group."""

    def add(self, pid: int) -> None:
        """Put the process into the group, and so those that it forks from now on."""

    def limit_memory(self, size: int) -> None:
        """Limit the group's memory, file systems in memory included, to `size` bytes."""

    def memory_kills(self) -> int:
        """Return how many processes of the group the kernel killed to free memory."""

    def kernel_bytes(self) -> int:
        """Return the kernel's memory for the group (sockets, pipes, files), 0 if unknown."""

    def cpu_seconds(self) -> float:
        """Return the processor time of all processes so far, ended ones too.

        It is 0 if it is unknown.
        """

    def processes(self) -> int:
        """Return how many processes and threads are in the group, 0 if unknown."""

    def members(self) -> list[int]:
        """Return the processes in the group that still live, as the kernel reports."""

    def free_memory(self) -> None:
        """Have the kernel free what it keeps of the group's, such as names of files.

        Call it only when all of its processes are gone. Removing the group leaves this
        memory to the machine.
        """

    def remove(self) -> None:
        """Remove the group. Call it only when all of its processes are gone."""


class Hierarchy(Protocol):
    """The place where groups for jobs are made."""

    @property
    def version(self) -> int:
        """The version of the kernel's interface, 1 or 2."""

    @property
    def bases(self) -> tuple[Path, ...]:
        """The folders in which a group's folders are made."""

    def make_group(self, *, memory_bytes: int, processes: int) -> JobGroup:
        """Return a new group with these limits."""


class _Folder:
    """A group as the kernel shows it: a folder of small files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def write(self, name: str, value: object) -> None:
        (self.path / name).write_text(str(value))

    def number(self, name: str) -> int:
        try:
            return int((self.path / name).read_text())
        except (OSError, ValueError):
            return 0

    def numbers(self, name: str) -> dict[str, int]:
        with contextlib.suppress(OSError):
            lines = (self.path / name).read_text().splitlines()
            return {key: int(value) for key, value in map(str.split, lines)}
        return {}

    def pids(self) -> list[int]:
        text = (self.path / "cgroup.procs").read_text()
        return [int(line) for line in text.split()]

    def remove(self) -> None:
        deadline = time.monotonic() + _REMOVE_SECONDS
        while True:
            try:
                self.path.rmdir()
            except OSError as error:
                # The kernel is still removing the last of its processes.
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return


class GroupV2:
    """A group of the unified hierarchy."""

    def __init__(self, path: Path, *, memory_bytes: int, processes: int) -> None:
        self._folder = _Folder(path)
        self.limit_memory(memory_bytes)
        self._folder.write("pids.max", processes)
        # When memory runs out, the kernel must not end the whole group: the host sees
        # it and ends the notebook, but snapshots that wait for their questions live on.
        for name in ("memory.swap.max", "memory.oom.group"):
            with contextlib.suppress(FileNotFoundError):  # a kernel without swap
                self._folder.write(name, 0)

    def add(self, pid: int) -> None:
        self._folder.write("cgroup.procs", pid)

    def limit_memory(self, size: int) -> None:
        self._folder.write("memory.max", size)

    def memory_kills(self) -> int:
        return self._folder.numbers("memory.events").get("oom_kill", 0)

    def kernel_bytes(self) -> int:
        found = self._folder.numbers("memory.stat")
        # Linux 5.18 and later count all of it.
        parts = sum(found.get(name, 0) for name in _KERNEL_PARTS)
        return found.get("kernel", parts) + found.get("sock", 0)

    def cpu_seconds(self) -> float:
        # This file is there without the controller, too.
        return self._folder.numbers("cpu.stat").get("usage_usec", 0) / _MICROSECONDS

    def processes(self) -> int:
        return self._folder.number("pids.current")

    def members(self) -> list[int]:
        return self._folder.pids()

    def free_memory(self) -> None:
        deadline = time.monotonic() + _FREE_SECONDS
        # The call ends with an error where the kernel cannot free so much.
        with contextlib.suppress(OSError):
            while time.monotonic() < deadline:
                size = self._folder.number("memory.current")
                if size == 0:
                    return
                self._folder.write("memory.reclaim", min(size, _FREE_AT_ONCE))

    def remove(self) -> None:
        self._folder.remove()


@dataclass(frozen=True)
class HierarchyV2:
    """The unified hierarchy, below our own group."""

    base: Path
    version: int = 2

    @property
    def bases(self) -> tuple[Path, ...]:
        return (self.base,)

    def make_group(self, *, memory_bytes: int, processes: int) -> JobGroup:
        path = self.base / f"{_PREFIX}{secrets.token_hex(8)}"
        return GroupV2(path, memory_bytes=memory_bytes, processes=processes)


class GroupV1:
    """Several groups as one: in version 1 each controller has its own hierarchy."""

    def __init__(
        self,
        memory: Path,
        pids: Path,
        *,
        memory_bytes: int,
        processes: int,
        cpu: Path | None = None,
        cpuacct: Path | None = None,
    ) -> None:
        self._memory = _Folder(memory)
        # Processors may not be ours to share or to count. One hierarchy may do both.
        self._cpu: _Folder | None = None
        self._times: _Folder | None = None
        try:
            self._pids = _Folder(pids)
        except OSError:
            self._memory.remove()
            raise
        if cpu is not None:
            with contextlib.suppress(OSError):
                self._cpu = _Folder(cpu)
        if cpuacct is not None:
            with contextlib.suppress(OSError):
                self._times = _Folder(cpuacct)
        self.limit_memory(memory_bytes)
        self._pids.write("pids.max", processes)

    def add(self, pid: int) -> None:
        for folder in self._folders():
            folder.write("cgroup.procs", pid)

    def limit_memory(self, size: int) -> None:
        self._memory.write("memory.limit_in_bytes", size)

    def memory_kills(self) -> int:
        return self._memory.numbers("memory.oom_control").get("oom_kill", 0)

    def kernel_bytes(self) -> int:
        return self._memory.number("memory.kmem.usage_in_bytes")

    def cpu_seconds(self) -> float:
        found = self._times or self._cpu
        return found.number("cpuacct.usage") / _NANOSECONDS if found else 0.0

    def processes(self) -> int:
        return self._pids.number("pids.current")

    def members(self) -> list[int]:
        return self._pids.pids()

    def free_memory(self) -> None:
        # A single call, which takes about 4 ms for each megabyte: the limit of the group
        # bounds it.
        with contextlib.suppress(OSError):
            self._memory.write("memory.force_empty", 0)

    def remove(self) -> None:
        for folder in self._folders():
            folder.remove()

    def _folders(self) -> list[_Folder]:
        found = self._memory, self._pids, self._cpu, self._times
        return [one for one in found if one is not None]


@dataclass(frozen=True)
class HierarchyV1:
    """The hierarchies of the controllers, each below our own group."""

    memory: Path
    pids: Path
    cpu: Path | None = None
    # Where processor time is counted, if that is a hierarchy of its own.
    cpuacct: Path | None = None

    @property
    def version(self) -> int:
        """The version of the kernel's interface."""
        return 1

    @property
    def bases(self) -> tuple[Path, ...]:
        found = self.memory, self.pids, self.cpu, self.cpuacct
        return tuple(one for one in found if one is not None)

    def make_group(self, *, memory_bytes: int, processes: int) -> JobGroup:
        name = f"{_PREFIX}{secrets.token_hex(8)}"
        return GroupV1(
            self.memory / name,
            self.pids / name,
            memory_bytes=memory_bytes,
            processes=processes,
            cpu=self.cpu / name if self.cpu is not None else None,
            cpuacct=self.cpuacct / name if self.cpuacct is not None else None,
        )


def find_hierarchy(mounts: Path = _MOUNTS, own: Path = _OWN) -> Hierarchy | None:
    """Return where this process may make groups, or None. Makes one as a trial.

    Also removes the groups that workers have left behind.
    """
    try:
        groups = _own_groups(mounts.read_text(), own.read_text())
        hierarchy = _usable(groups)
        if hierarchy is not None:
            hierarchy.make_group(memory_bytes=2**26, processes=8).remove()
            for base in hierarchy.bases:
                _remove_abandoned(base)
    except (OSError, ValueError):
        return None
    return hierarchy


def _remove_abandoned(base: Path) -> None:
    """Remove the groups that a killed worker left. Groups with processes stay."""
    for folder in base.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
                folder.rmdir()


def _usable(groups: Mapping[str, Path]) -> Hierarchy | None:
    unified = groups.get("")
    if unified is not None and _delegates(unified):
        return HierarchyV2(unified)
    if {"memory", "pids"} <= groups.keys():
        used = [groups["memory"], groups["pids"]]
        more: list[Path | None] = []
        for name in ("cpu", "cpuacct"):
            path = groups.get(name)
            more.append(path if path not in used else None)
            used += [path] if path is not None else []
        return HierarchyV1(groups["memory"], groups["pids"], *more)
    return None


def _own_groups(mounts: str, own: str) -> dict[str, Path]:
    """Return this process's groups by controller; "" is the unified hierarchy."""
    paths = {}
    for line in own.splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    found = {}
    for line in mounts.splitlines():
        place, _, kind = line.partition(" - ")
        root, target = place.split()[3:5]
        kind_name, _, options = kind.split(" ", 2)
        names = [""] if kind_name == "cgroup2" else options.split(" ")[-1].split(",")
        for name in names:
            if kind_name.startswith("cgroup") and name in paths:
                inside = os.path.relpath(paths[name], root)
                found[name] = Path(target, "" if inside.startswith("..") else inside)
    return found


def _delegates(base: Path) -> bool:
    """Return whether groups below `base` can have limits; set that up if allowed."""
    wanted = {"memory", "pids"}
    there = set((base / "cgroup.controllers").read_text().split())
    if not wanted <= there:
        return False
    control = base / "cgroup.subtree_control"
    if wanted <= set(control.read_text().split()):
        _share_processors(base, there)
        return True
    if not os.access(control, os.W_OK):
        return False
    # A group with limits below it may hold no process itself.
    host = base / _HOST
    host.mkdir(exist_ok=True)
    for pid in (base / "cgroup.procs").read_text().split():
        (host / "cgroup.procs").write_text(pid)
    control.write_text("+memory +pids")
    _share_processors(base, there)
    return True


def _share_processors(base: Path, there: Collection[str]) -> None:
    """Let each group have an equal share of the processors, if that is allowed.

    The host's own processes are one group, which has a larger share.
    """
    control = base / "cgroup.subtree_control"
    if "cpu" in there and "cpu" not in control.read_text().split():
        with contextlib.suppress(OSError):
            control.write_text("+cpu")
            (base / _HOST / "cpu.weight").write_text(str(_HOST_WEIGHT))
