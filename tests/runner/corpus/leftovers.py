"""Counts what a job could leave behind on the host, before and after it."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from runner.system.processes import all_processes, descendants
from runner.system.users import JOB_UIDS

_PATIENCE_SECONDS: Final = 5.0
_SHARED: Final = ("/dev/shm", "/dev/mqueue", "/tmp", "/var/tmp")  # noqa: S108 - what is searched
# In the environment of a job's processes, and of no others.
_SIGN: Final = b"PYTORCH_NVML_BASED_CUDA_CHECK=1"
# Attacks use these in the names of what they leave; System V keys begin with it.
MARK: Final = "softmark-left"
KEY: Final = 0x536D
_SYSV: Final = ("shm", "sem", "msg")
_CGROUPS: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True, kw_only=True)
class Leftovers:
    """Everything that exists at one moment and could belong to a job."""

    processes: frozenset[str]
    mounts: frozenset[str]
    shared: frozenset[str]
    ipc: frozenset[str]
    cgroups: frozenset[str]
    sockets: frozenset[str]
    folders: frozenset[str]
    descriptors: frozenset[str]

    def since(self, before: "Leftovers") -> dict[str, list[str]]:
        """Return what has been added since, by kind."""
        return {
            one.name: sorted(more)
            for one in fields(self)
            if (more := getattr(self, one.name) - getattr(before, one.name))
        }


def look(zygote: int | None, work_dir: Path, groups: set[Path]) -> Leftovers:
    """Return what exists now, in this process, the zygote and their descendants.

    `groups` are the control groups that our jobs have been in so far.
    """
    trees = [os.getpid()] if zygote is None else [os.getpid(), zygote]
    return Leftovers(
        # Of this runner alone: other runners of this process make spares at any time.
        processes=frozenset(_processes(zygote or os.getpid())),
        mounts=frozenset(line for pid in trees for line in _lines(pid, "mountinfo")),
        shared=frozenset(_shared()),
        ipc=frozenset(_ipc()),
        cgroups=frozenset(str(path) for path in groups if path.is_dir()),
        sockets=frozenset(
            line for line in _lines(os.getpid(), "net/unix") if MARK in line
        ),
        folders=frozenset(path.name for path in work_dir.iterdir()),
        descriptors=frozenset(one for pid in trees for one in _descriptors(pid)),
    )


def wait_for_none(look_again: Callable[[], Leftovers], before: Leftovers) -> None:
    """Wait until nothing is left since `before`; raise AssertionError if it stays."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while left := look_again().since(before):
        assert time.monotonic() < deadline, f"left behind: {left}"
        time.sleep(0.05)


def _lines(pid: int, name: str) -> list[str]:
    return Path("/proc", str(pid), name).read_text().splitlines()


def _descriptors(pid: int) -> Iterator[str]:
    """Yield the open descriptors of the process."""
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):  # noqa: PTH208 - numbers, not paths
        try:
            target = os.readlink(f"{folder}/{name}")  # noqa: PTH115 - the text of it
        except OSError:
            continue  # the descriptor of this listing
        yield f"{pid} {target}"


def _processes(root: int) -> Iterator[str]:
    """Yield the descendants of `root`, and processes of jobs whose parent is gone."""
    ours = {info.pid: info for info in descendants(root)}
    for info in all_processes().values():
        if info.pid in ours or (info.parent == 1 and _is_job(info.pid)):
            yield f"{info.pid} {info.started} {_name(info.pid)}"


def _is_job(pid: int) -> bool:
    try:
        about = Path("/proc", str(pid))
        return about.stat().st_uid in JOB_UIDS or _SIGN in (
            about / "environ"
        ).read_bytes().split(b"\0")
    except OSError:
        return False


def _name(pid: int) -> str:
    try:
        return Path("/proc", str(pid), "comm").read_text().strip()
    except OSError:
        return ""


def _shared() -> Iterator[str]:
    for folder in _SHARED:
        if not Path(folder).is_dir():
            continue
        for entry in os.scandir(folder):
            try:
                uid = entry.stat(follow_symlinks=False).st_uid
            except OSError:
                continue
            if MARK in entry.name or uid in JOB_UIDS:
                yield entry.path


def _ipc() -> Iterator[str]:
    for kind in _SYSV:
        path = Path("/proc/sysvipc", kind)
        if not path.exists():
            continue
        head, *lines = (line.split() for line in path.read_text().splitlines())
        for line in lines:
            about = dict(zip(head, line, strict=False))
            key, uid = int(about["key"]) & 0xFFFFFFFF, int(about["uid"])
            if key >> 16 == KEY or uid in JOB_UIDS:
                yield f"{kind} {' '.join(line[:2])}"


def control_groups() -> set[Path]:
    """Return the control groups of our descendants that are not our own.

    Other users of this machine may run jobs too, so names alone do not tell.
    """
    own = _groups_of(os.getpid())
    return {
        path for info in descendants(os.getpid()) for path in _groups_of(info.pid)
    } - own


def _groups_of(pid: int) -> set[Path]:
    """Return the folders of the process's control groups, version 1 or 2."""
    try:
        lines = _lines(pid, "cgroup")
    except OSError:
        return set()
    found = set()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for top in (controllers.removeprefix("name="), "unified", ""):
            folder = _CGROUPS / top / path.lstrip("/")
            if path != "/" and folder.is_dir():
                found.add(folder)
                break
    return found
