"""Control groups: which are found, and the limits that are written to them.

Version 2 is tested on folders that look like the kernel's. Where the host allows new
groups, of either version, the runner's tests use real ones.
"""

import errno
import os
import time
from pathlib import Path

import pytest

from runner.host.job import shape_of
from runner.host.runner import Runner
from runner.jail.cgroups import (
    HierarchyV1,
    HierarchyV2,
    _Folder,
    find_hierarchy,
)
from runner.protocol.jobs import Limits, Verdict
from tests.runner.notebooks import job
from tests.services.processes import wait_until


def mounts(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text("\n".join(lines) + "\n")
    return path


def own(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "cgroup"
    path.write_text("\n".join(lines) + "\n")
    return path


def unified(tmp_path: Path, controllers: str, enabled: str = "") -> Path:
    base = tmp_path / "sys" / "mine"
    base.mkdir(parents=True)
    (base / "cgroup.controllers").write_text(controllers)
    (base / "cgroup.subtree_control").write_text(enabled)
    (base / "cgroup.procs").write_text("")
    return base


def found(tmp_path: Path) -> object:
    line = f"30 24 0:26 / {tmp_path}/sys rw,nosuid shared:9 - cgroup2 cgroup2 rw"
    return find_hierarchy(mounts(tmp_path, line), own(tmp_path, "0::/mine"))


class TestV2:
    def test_a_delegated_group_is_found(
        self, tmp_path: Path, real_enough: None
    ) -> None:
        base = unified(tmp_path, "cpu memory pids", "memory pids")
        assert found(tmp_path) == HierarchyV2(base)

    def test_the_host_s_processes_move_to_a_group_of_their_own(
        self, tmp_path: Path, real_enough: None
    ) -> None:
        base = unified(tmp_path, "memory pids")
        (base / "cgroup.procs").write_text("41\n")
        assert found(tmp_path) == HierarchyV2(base)
        assert (base / "softmark-host" / "cgroup.procs").read_text() == "41"
        assert (base / "cgroup.subtree_control").read_text() == "+memory +pids"

    def test_a_group_without_the_controllers_is_not_used(self, tmp_path: Path) -> None:
        unified(tmp_path, "cpu")
        assert found(tmp_path) is None

    def test_limits_are_written(self, tmp_path: Path) -> None:
        group = HierarchyV2(tmp_path).make_group(memory_bytes=2**30, processes=50)
        (folder,) = tmp_path.iterdir()
        group.add(17)
        written = {one.name: one.read_text() for one in folder.iterdir()}
        assert written["memory.max"] == str(2**30)
        assert written["pids.max"] == "50"
        assert written["memory.oom.group"] == "0"
        assert written["cgroup.procs"] == "17"

    def test_processes_are_counted_by_the_kernel(self, tmp_path: Path) -> None:
        group = HierarchyV2(tmp_path).make_group(memory_bytes=2**30, processes=50)
        (folder,) = tmp_path.iterdir()
        assert group.processes() == 0
        (folder / "pids.current").write_text("12\n")
        assert group.processes() == 12

    def test_a_kill_for_lack_of_memory_is_seen(self, tmp_path: Path) -> None:
        group = HierarchyV2(tmp_path).make_group(memory_bytes=2**30, processes=50)
        (folder,) = tmp_path.iterdir()
        (folder / "memory.events").write_text("low 0\noom_kill 0\n")
        assert group.memory_kills() == 0
        (folder / "memory.events").write_text("low 0\noom_kill 2\n")
        assert group.memory_kills() == 2


class TestV1:
    def test_both_controllers_are_needed(
        self, tmp_path: Path, real_enough: None
    ) -> None:
        for name in ("memory", "pids"):
            (tmp_path / name / "mine").mkdir(parents=True)
        lines = [
            f"3{number} 24 0:2{number} / {tmp_path}/{name} rw - cgroup cgroup rw,{name}"
            for number, name in enumerate(("memory", "pids"))
        ]
        groups = own(tmp_path, "8:pids:/mine", "4:memory:/mine", "0::/")
        both = HierarchyV1(tmp_path / "memory" / "mine", tmp_path / "pids" / "mine")
        assert find_hierarchy(mounts(tmp_path, *lines), groups) == both
        assert find_hierarchy(mounts(tmp_path, lines[0]), groups) is None


def test_processors_are_shared_where_the_controller_allows_it(
    tmp_path: Path, real_enough: None
) -> None:
    base = unified(tmp_path, "cpu memory pids", "memory pids")
    (base / "softmark-host").mkdir()
    found(tmp_path)
    assert (base / "softmark-host" / "cpu.weight").read_text() == "1000"
    assert (base / "cgroup.subtree_control").read_text() == "+cpu"


def test_each_job_has_a_group_for_processors(tmp_path: Path) -> None:
    for name in ("memory", "pids", "cpu"):
        (tmp_path / name).mkdir()
    memory, pids, cpu = (tmp_path / name for name in ("memory", "pids", "cpu"))
    hierarchy = HierarchyV1(memory, pids, cpu)
    hierarchy.make_group(memory_bytes=2**30, processes=50).add(17)
    (folder,) = cpu.iterdir()
    assert (folder / "cgroup.procs").read_text() == "17"


@pytest.mark.parametrize("is_joint", [True, False])
def test_a_group_tells_the_time_of_all_of_its_processes(
    tmp_path: Path, *, is_joint: bool
) -> None:
    names = ("memory", "pids", "cpu", "cpuacct")
    for name in names:
        (tmp_path / name).mkdir()
    paths = [tmp_path / name for name in names]
    group = HierarchyV1(*paths[: 3 if is_joint else 4]).make_group(
        memory_bytes=2**30, processes=50
    )
    assert group.cpu_seconds() == 0
    (folder,) = paths[2 if is_joint else 3].iterdir()
    (folder / "cpuacct.usage").write_text("2500000000\n")
    assert group.cpu_seconds() == 2.5


def test_a_group_of_version_2_tells_the_time_too(tmp_path: Path) -> None:
    group = HierarchyV2(tmp_path).make_group(memory_bytes=2**30, processes=50)
    (folder,) = tmp_path.iterdir()
    (folder / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 2000000\n")
    assert group.cpu_seconds() == 2.5


def test_a_hierarchy_without_the_cpu_controller_is_used(tmp_path: Path) -> None:
    for name in ("memory", "pids"):
        (tmp_path / name).mkdir()
    nowhere = tmp_path / "none" / "cpu"
    hierarchy = HierarchyV1(tmp_path / "memory", tmp_path / "pids", nowhere)
    hierarchy.make_group(memory_bytes=2**30, processes=50).add(17)
    assert not nowhere.exists()


@pytest.fixture
def real_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove no folders: only in the kernel's file system may they hold files then."""
    monkeypatch.setattr("runner.jail.cgroups._Folder.remove", lambda _: None)


def test_no_group_is_found_where_there_is_none(tmp_path: Path) -> None:
    assert find_hierarchy(mounts(tmp_path, ""), own(tmp_path, "0::/")) is None


def test_groups_that_a_killed_worker_left_are_removed(
    tmp_path: Path, real_enough: None
) -> None:
    base = unified(tmp_path, "memory pids", "memory pids")
    for name, age in (("softmark-old", 1000), ("softmark-new", 0), ("other", 1000)):
        (base / name).mkdir()
        moment = time.time() - age
        os.utime(base / name, (moment, moment))
    found(tmp_path)
    assert not (base / "softmark-old").exists()
    assert (base / "softmark-new").exists()
    assert (base / "other").exists()


@pytest.mark.torch
def test_no_group_is_left_after_a_job(runner: Runner) -> None:
    prepared = runner._prepare("default", shape_of(Limits()))
    group = prepared.group
    prepared.dispose()
    if group is None:
        pytest.skip("no control groups may be made here")
    folders = [one for one in vars(group).values() if isinstance(one, _Folder)]
    assert folders
    assert not [one for one in folders if one.path.exists()]


@pytest.mark.torch
def test_the_group_limits_memory_that_no_process_holds(runner: Runner) -> None:
    """Files in memory belong to no process, but the group counts them."""
    if find_hierarchy() is None:
        pytest.skip("no control groups may be made here")
    source = (
        "import mmap\nkept = []\nfor _ in range(40):\n"
        "    kept.append(mmap.mmap(-1, 2**26))\n    kept[-1].write(bytes(2**26))"
    )
    result = runner.run(job(source, limits=Limits(memory_bytes=400 * 2**20)))
    assert (result.verdict, result.code) == (Verdict.LIMIT, "memory")


# The kernel's figure counts the whole machine, so the names are many.
_NAMES = 40_000
_LOOK = f"""
import os, random
pad = str(random.random()) + 'x' * 180
for n in range({_NAMES}):
    try: os.stat(f'/usr/share/{{pad}}{{n}}')
    except OSError: pass
"""


def names_of_no_file() -> int:
    """Return how many names the machine keeps that it knows not to be there."""
    return int(Path("/proc/sys/fs/dentry-state").read_text().split()[4])


@pytest.mark.torch
def test_names_that_a_job_has_not_found_are_forgotten(runner: Runner) -> None:
    if find_hierarchy() is None:
        pytest.skip("no control groups may be made here")
    runner.run(job("1"))
    before = names_of_no_file()
    for _ in range(3):
        runner.run(job(_LOOK))
    wait_until(
        lambda: names_of_no_file() < before + _NAMES,
        what="the kernel to forget the names",
    )


class TestFreeing:
    """What is freed before a group is removed, in version 2."""

    def test_goes_on_until_nothing_is_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sizes = iter([40 * 2**20, 24 * 2**20, 8 * 2**20, 0])
        wanted: list[object] = []
        monkeypatch.setattr(_Folder, "number", lambda *_: next(sizes))
        group = HierarchyV2(tmp_path).make_group(memory_bytes=2**30, processes=50)
        monkeypatch.setattr(_Folder, "write", lambda _, *given: wanted.append(given))
        group.free_memory()
        assert wanted == [("memory.reclaim", size * 2**20) for size in (16, 16, 8)]

    def test_ends_in_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("runner.jail.cgroups._FREE_SECONDS", 0.1)
        monkeypatch.setattr(_Folder, "number", lambda *_: 2**20)
        group = HierarchyV2(tmp_path).make_group(memory_bytes=2**30, processes=50)
        started = time.monotonic()
        group.free_memory()
        assert time.monotonic() - started < 2

    def test_ends_where_the_kernel_cannot(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError(errno.EAGAIN, "could not free so much")

        monkeypatch.setattr(_Folder, "number", lambda *_: 2**20)
        group = HierarchyV2(tmp_path).make_group(memory_bytes=2**30, processes=50)
        monkeypatch.setattr(_Folder, "write", refuse)
        group.free_memory()
