"""States of a folder are saved and restored exactly, within bounds."""

import os
import stat
import time
from pathlib import Path

import pytest

from runner.jail import folder_states
from runner.jail.folder_states import FolderStates

OLD = 10**9


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for name in ("work", "store", "files"):
        (tmp_path / name).mkdir()
    return tmp_path / "work"


def states(work: Path) -> FolderStates:
    return FolderStates(work, work.parent / "store", work.parent / "files")


def copies(work: Path) -> int:
    return len(list((work.parent / "store").iterdir()))


def settle() -> None:
    """Wait until the file system's clock has advanced."""
    time.sleep(folder_states._STEP_NS / 10**9 + 0.005)


def write(path: Path, text: str) -> None:
    path.write_text(text)
    os.utime(path, (OLD, OLD))


def test_a_state_brings_back_what_was_changed_removed_and_renamed(work: Path) -> None:
    for name in ("changed", "removed", "renamed"):
        write(work / name, name)
    (work / "folder").mkdir()
    write(work / "folder" / "inside", "inside")
    (work / "link").symlink_to("changed")
    kept = states(work)
    number = kept.save()
    write(work / "changed", "CHANGED")
    (work / "removed").unlink()
    (work / "renamed").rename(work / "new")
    (work / "folder" / "inside").unlink()
    (work / "folder").rmdir()
    (work / "folder").write_text("a file")
    (work / "link").unlink()
    (work / "link").symlink_to("elsewhere")
    kept.restore(number)
    found = {str(one.relative_to(work)) for one in work.rglob("*")}
    assert found == {
        "changed", "removed", "renamed", "folder", "folder/inside", "link",
    }  # fmt: skip
    assert [(work / name).read_text() for name in ("changed", "removed", "renamed")] == [
        "changed", "removed", "renamed",
    ]  # fmt: skip
    assert (work / "link").readlink() == Path("changed")
    assert (work / "changed").stat().st_mtime == OLD


def test_each_state_is_kept_apart_from_the_others(work: Path) -> None:
    kept = states(work)
    numbers = []
    for text in ("one", "two", "three"):
        write(work / "checkpoint.pt", text)
        numbers.append(kept.save())
    for number, text in zip(reversed(numbers), ("three", "two", "one"), strict=True):
        kept.restore(number)
        assert (work / "checkpoint.pt").read_text() == text
    kept.restore(0)
    assert not list(work.iterdir())


def test_a_change_of_the_same_size_and_time_is_seen(work: Path) -> None:
    write(work / "weights", "aaaa")
    settle()
    kept = states(work)
    write(work / "weights", "bbbb")
    number = kept.save()
    write(work / "weights", "cccc")  # within one step of the clock
    kept.restore(number)
    assert (work / "weights").read_text() == "bbbb"


def test_a_file_that_did_not_change_is_copied_once(work: Path) -> None:
    write(work / "data", "data")
    settle()
    kept = states(work)
    for _ in range(5):
        kept.save()
    assert copies(work) == 1


def test_a_file_that_the_job_was_given_is_not_copied(work: Path) -> None:
    write(work.parent / "files" / "model.pt", "weights")
    write(work / "model.pt", "weights")
    kept = states(work)
    write(work / "model.pt", "other")
    kept.restore(0)
    assert (copies(work), (work / "model.pt").read_text()) == (0, "weights")


def test_a_file_that_is_still_there_keeps_its_inode(work: Path) -> None:
    write(work / "log", "first")
    kept = states(work)
    inode = (work / "log").stat().st_ino
    write(work / "log", "second")
    kept.restore(0)
    assert (work / "log").stat().st_ino == inode


def test_modes_come_back_and_hinder_nothing(work: Path) -> None:
    (work / "closed").mkdir()
    write(work / "closed" / "inside", "text")
    (work / "closed" / "inside").chmod(0o444)
    (work / "closed").chmod(0o555)
    kept = states(work)
    (work / "closed").chmod(0o755)
    (work / "closed" / "inside").unlink()
    kept.restore(0)
    assert stat.S_IMODE((work / "closed").stat().st_mode) == 0o555
    assert stat.S_IMODE((work / "closed" / "inside").stat().st_mode) == 0o444
    (work / "closed").chmod(0o755)


def test_pipes_stay_and_are_not_opened(work: Path) -> None:
    os.mkfifo(work / "pipe")
    kept = states(work)
    kept.restore(kept.save())
    assert stat.S_ISFIFO((work / "pipe").stat().st_mode)


def test_no_link_leads_out_of_the_folder(work: Path) -> None:
    outside = work.parent / "outside"
    outside.mkdir()
    write(outside / "secret", "secret")
    (work / "folder").symlink_to(outside)
    (work / "file").symlink_to(outside / "secret")
    kept = states(work)
    assert copies(work) == 0
    (work / "folder").unlink()
    (work / "folder").mkdir()
    write(work / "folder" / "secret", "own")
    number = kept.save()
    (work / "folder" / "secret").unlink()
    (work / "folder").rmdir()
    (work / "folder").symlink_to(outside)
    kept.restore(number)
    assert (work / "folder" / "secret").read_text() == "own"
    assert (outside / "secret").read_text() == "secret"


def test_too_many_files_and_too_deep_folders_are_refused(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = states(work)
    monkeypatch.setattr(folder_states, "_MOST_ENTRIES", 10)
    for number in range(11):
        write(work / str(number), "text")
    with pytest.raises(OSError, match="too many files"):
        kept.save()
    assert copies(work) == 0  # what was copied before it is not kept
    kept.restore(0)
    monkeypatch.setattr(folder_states, "_MOST_LEVELS", 3)
    (work / "a/b/c/d").mkdir(parents=True)
    with pytest.raises(OSError, match="too many folders"):
        kept.save()


def test_the_paths_of_all_states_together_are_bounded(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = states(work)
    monkeypatch.setattr(folder_states, "_MOST_KEPT", 3)
    for number in range(3):
        (work / str(number)).mkdir()
        kept.save()
    with pytest.raises(OSError, match="too many states"):
        kept.save()
    kept.restore(1)
    assert [one.name for one in work.iterdir()] == ["0"]


def test_a_folder_that_did_not_change_has_the_same_state(work: Path) -> None:
    (work / "folder").mkdir()
    kept = states(work)
    assert {kept.save() for _ in range(3)} == {0}


def test_a_file_that_grows_while_it_is_copied_ends(work: Path) -> None:
    place = work / "growing"
    write(place, "1234")
    info = os.stat_result([*place.stat()[:6], 2, *place.stat()[7:]])
    parent = os.open(work, os.O_RDONLY)
    try:
        seen = folder_states._Place(
            path="growing", name="growing", parent=parent, info=info
        )
        folder_states._copy_out(seen, work.parent / "store" / "copy")
    finally:
        os.close(parent)
    assert (work.parent / "store" / "copy").read_text() == "12"
