"""Nobody sees a difference between a restored folder and the one that was saved."""

import dataclasses
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.jail import file_contents, folder_walk, open_files
from runner.jail.folder_states import FolderStates
from runner.jail.open_files import OpenFiles
from tests.runner.jail.folders import OLD, copies, settle, states, write


def test_deep_folders_are_saved(work: Path) -> None:
    deep = Path(*"a" * (folder_walk.MOST_LEVELS - 1))
    (work / deep).mkdir(parents=True)
    write(work / deep / "best", "best")
    kept = states(work)
    write(work / deep / "best", "BEST")
    number = kept.save()
    kept.keep_last()
    kept.restore(0)
    assert (work / deep / "best").read_text() == "best"
    kept.restore_last()
    kept.restore(number)
    assert (work / deep / "best").read_text() == "BEST"


def test_long_paths_are_kept_once(work: Path) -> None:
    deep = Path(*["a" * 250] * 12)
    (work / deep).mkdir(parents=True)
    kept = states(work)
    before = kept._bytes
    for number in range(5):
        write(work / str(number), "text")
        kept.save()
    assert kept._bytes - before < 12_000


def test_a_mapped_file_is_compared_whatever_its_times_say(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(work / "mapped", "aaaa")
    settle()
    kept = states(work)
    info = (work / "mapped").stat()
    kept._open_files.mapped.add((info.st_dev, info.st_ino))
    kept.save()
    monkeypatch.setattr(file_contents, "_stamp", lambda _: (0, 0, 0, 0, 0))
    (work / "mapped").write_text("bbbb")
    number = kept.save()
    (work / "mapped").write_text("cccc")
    kept.restore(number)
    assert (work / "mapped").read_text() == "bbbb"
    kept.restore(0)
    assert (work / "mapped").read_text() == "aaaa"


def no_right(_: int) -> list[tuple[int, int]]:
    raise PermissionError


@pytest.mark.parametrize(("name", "hidden"), [("shared_files", no_right), ("_MOST", 1)])
def test_no_time_is_trusted_if_a_process_cannot_be_looked_into(
    work: Path, monkeypatch: pytest.MonkeyPatch, name: str, hidden: object
) -> None:
    write(work / "mapped", "aaaa")
    settle()
    kept = states(work)
    open_in_this_process(kept)
    monkeypatch.setattr(open_files, name, hidden)
    monkeypatch.setattr(file_contents, "_stamp", lambda _: (0, 0, 0, 0, 0))
    write(work / "new", "another state")
    kept.save()
    write(work / "mapped", "bbbb")
    number = kept.save()
    write(work / "mapped", "cccc")
    kept.restore(number)
    assert (work / "mapped").read_text() == "bbbb"


def test_mappings_are_looked_at_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few processes can have millions of them."""
    seen: Counter[int] = Counter()

    def mappings(pid: int) -> Iterator[tuple[int, int]]:
        for inode in range(64_000):
            seen[pid] += 1
            yield 1, inode

    monkeypatch.setattr(open_files, "shared_files", mappings)
    monkeypatch.setattr(open_files, "runs_before_stop", lambda _: frozenset({(1, 1)}))
    found = OpenFiles()
    for _ in range(2):  # what was not looked at stays unknown, also if it stands still
        seen.clear()
        found.look([os.getpid(), os.getppid()])
        assert not found.is_whole
        assert seen.total() < 20_002


def test_a_file_that_was_read_is_compared_and_not_copied(work: Path) -> None:
    write(work / "data", "data")
    settle()
    kept = states(work)
    os.utime(work / "data", (OLD + 1, OLD))
    kept.save()
    assert copies(work) == 1


def listed(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


def open_in_this_process(kept: FolderStates) -> None:
    """Let the states find what this process has open."""
    layout = kept._layout
    kept._layout = dataclasses.replace(layout, processes=lambda: [os.getpid()])


@pytest.mark.parametrize("later", ["unlink", "replace", "rename"])
def test_an_open_file_keeps_its_inode(work: Path, later: str) -> None:
    log = (work / "log").open("w+")
    log.write("start")
    log.flush()
    kept = states(work)
    open_in_this_process(kept)
    number = kept.save()
    match later:
        case "unlink":
            (work / "log").unlink()
        case "replace":
            write(work / "new", "another file")
            (work / "new").replace(work / "log")
        case "rename":
            log.write(" and more")
            log.flush()
            (work / "log").rename(work / "log.1")
            write(work / "log", "")
    for _ in range(2):
        kept.restore(number)
        assert os.path.samestat(os.fstat(log.fileno()), (work / "log").stat())
        assert (work / "log").read_text() == "start"
        assert [one.name for one in work.iterdir()] == ["log"]
        (work / "log").unlink()
    log.close()


def test_an_open_file_comes_back_with_the_last_folder(work: Path) -> None:
    log = (work / "log").open("w")
    kept = states(work)
    open_in_this_process(kept)
    number = kept.save()
    log.write("last")
    log.flush()
    (work / "images").mkdir()
    (work / "log").rename(work / "images" / "log")
    kept.keep_last()
    for _ in range(2):
        kept.restore(number)
        assert (work / "log").read_text() == ""
        kept.restore_last()
        assert (work / "images" / "log").read_text() == "last"
    log.close()


def test_an_open_folder_that_a_restore_removes_comes_back(work: Path) -> None:
    kept = states(work)
    open_in_this_process(kept)
    (work / "data" / "deep").mkdir(parents=True)
    write(work / "data" / "deep" / "one", "one")
    fd = os.open(work / "data" / "deep", os.O_RDONLY)
    number = kept.save()
    for _ in range(2):
        kept.restore(0)
        assert not list(work.iterdir())
        kept.restore(number)
        assert listed(Path(f"/proc/self/fd/{fd}")) == ["one"]
    os.close(fd)


def test_times_and_modes_of_everything_come_back(work: Path) -> None:
    for name, at in (("old", 40), ("new", 10)):
        (work / name).mkdir()
        write(work / name / "file", name)
        os.utime(work / name / "file", (at + 1, at + 2))
        os.utime(work / name, (at + 3, at + 4))
    (work / "link").symlink_to("old")
    os.utime(work / "link", (5, 6), follow_symlinks=False)
    os.utime(work, (7, 8))
    paths = ("", "old", "new", "old/file", "new/file", "link")

    def times() -> list[tuple[float, float]]:
        found = [(work / path).lstat() for path in paths]
        return [(one.st_atime, one.st_mtime) for one in found]

    before = times()
    kept = states(work)
    for name in ("old", "new"):
        (work / name / "file").unlink()
    (work / "link").unlink()
    kept.restore(0)
    assert times() == before
    assert before[1:3] == [(43, 44), (13, 14)]


def test_files_come_back_in_the_order_of_their_changes(work: Path) -> None:
    names = [f"checkpoint{number}" for number in (3, 1, 2)]
    for name in names:
        write(work / name, name)
        settle()
    kept = states(work)

    def in_order() -> list[str]:
        return sorted(names, key=lambda name: (work / name).stat().st_ctime_ns)

    for later in (names[:1], names[::-1]):
        for name in later:
            write(work / name, "later")
        kept.restore(0)
        assert in_order() == names


def test_a_file_that_nobody_touched_keeps_its_time_of_change(work: Path) -> None:
    write(work / "settings", "{}")
    settle()
    kept = states(work)
    before = (work / "settings").stat().st_ctime_ns
    write(work / "later", "later")
    kept.restore(0)
    assert (work / "settings").stat().st_ctime_ns == before


def test_a_listing_has_its_order_again(in_memory: Path) -> None:
    work = in_memory
    for number in range(6):
        write(work / f"{number}.txt", str(number))
    before = listed(work)
    kept = states(work)
    for name in ("0.txt", "3.txt"):
        (work / name).unlink()
    write(work / "0.txt", "later")
    kept.restore(0)
    assert listed(work) == before
    assert (work / "0.txt").read_text() == "0"


def test_holes_stay_holes(in_memory: Path) -> None:
    work = in_memory
    with (work / "sparse").open("wb") as file:
        file.truncate(8 << 20)
        file.seek(4 << 20)
        file.write(b"data")
    kept = states(work)
    (work / "sparse").unlink()
    kept.restore(0)
    found = (work / "sparse").stat()
    assert (found.st_size, found.st_blocks * 512 < 100_000) == (8 << 20, True)
    with (work / "sparse").open("rb") as file:
        file.seek(4 << 20)
        assert file.read(5) == b"data\0"


def test_a_named_pipe_comes_back(work: Path) -> None:
    os.mkfifo(work / "pipe")
    (work / "folder").mkdir()
    kept = states(work)
    inode = (work / "pipe").stat().st_ino
    (work / "pipe").unlink()
    os.mkfifo(work / "folder" / "later")
    kept.restore(0)
    assert stat.S_ISFIFO((work / "pipe").stat().st_mode)
    assert (work / "pipe").stat().st_ino == inode
    assert not list((work / "folder").iterdir())


def test_states_without_a_mount_of_their_own_hold_the_same(work: Path) -> None:
    """In a jail that another program has made there is no place out of reach."""
    write(work / "best", "best")
    os.mkfifo(work / "pipe")
    (work / "link").symlink_to(work.parent / "tmp" / "best")
    kept = states(work, is_own=False)
    (work / "pipe").unlink()
    (work / "link").write_text("later")
    (work / "best").write_text("later")
    write(work / "more", "more")
    kept.keep_last()
    kept.restore(0)
    assert {one.name for one in work.iterdir()} - {"spare"} == {"best", "pipe", "link"}
    assert (work / "best").read_text() == "best"
    assert not (work / "link").exists()
    kept.restore_last()
    assert (work / "best").read_text() == (work / "link").read_text() == "later"
    assert (work / "more").read_text() == "more"
