"""States of a folder are saved and restored exactly, within bounds."""

import errno
import os
import stat
from pathlib import Path

import pytest

from runner.jail import file_changes, file_contents, folder_states, folder_walk
from runner.jail.file_contents import Contents
from runner.jail.folder_entries import Content
from runner.jail.folder_states import FolderStates
from runner.jail.folder_walk import Place, VanishedError
from tests.runner.jail.folders import OLD, copies, settle, states, write


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
    monkeypatch.setattr(folder_walk, "MOST_ENTRIES", 10)
    for number in range(11):
        write(work / str(number), "text")
    with pytest.raises(OSError, match="too many files"):
        kept.save()
    assert copies(work) == 0  # what was copied before it is not kept
    kept.restore(0)
    monkeypatch.setattr(folder_walk, "MOST_LEVELS", 3)
    (work / "a/b/c/d").mkdir(parents=True)
    with pytest.raises(OSError, match="too many folders"):
        kept.save()


def test_the_paths_of_all_states_together_are_bounded(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = states(work)
    monkeypatch.setattr(folder_states, "_MOST_BYTES", 3000)
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
    write(work / "growing", "1234")
    copy = work.parent / "store" / "copy"
    with (work / "growing").open() as source, copy.open("w") as sink:
        file_changes.send(source.fileno(), sink.fileno(), 2)
    assert copy.read_text() == "12"


def test_a_file_that_is_another_one_by_now_is_not_read(work: Path) -> None:
    write(work / "seen", "seen")
    write(work / "other", "other")
    parent = os.open(work, os.O_RDONLY)
    try:
        seen = Place(name="other", parent=parent, info=(work / "seen").stat())
        with pytest.raises(VanishedError), seen.opened():
            pass
    finally:
        os.close(parent)


def test_a_file_that_vanishes_costs_no_other(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        write(work / name, name)
    kept = states(work)
    for name in ("one", "two"):
        write(work / name, name.upper())
    save = Contents.save

    def vanishing(contents: Contents, place: Place, guesses: object) -> Content:
        (work / "one").unlink(missing_ok=True)
        return save(contents, place, guesses)  # type: ignore[arg-type]  # as given

    monkeypatch.setattr(Contents, "save", vanishing)
    number = kept.save()
    (work / "two").unlink()
    kept.restore(number)
    assert [(one.name, one.read_text()) for one in work.iterdir()] == [("two", "TWO")]


def test_closed_files_and_folders_are_saved_and_stay_closed(work: Path) -> None:
    (work / "closed").mkdir()
    for path in (work / "locked", work / "closed" / "inside"):
        write(path, "text")
        path.chmod(0)
    (work / "closed").chmod(0)
    work.chmod(0o500)
    kept = states(work)
    assert copies(work) == 2
    assert stat.S_IMODE((work / "closed").stat().st_mode) == 0
    work.chmod(0o700)
    (work / "closed").chmod(0o700)
    (work / "closed" / "inside").unlink()
    (work / "locked").unlink()
    kept.restore(0)
    paths = (work, work / "closed", work / "locked", work / "closed" / "inside")
    assert [stat.S_IMODE(one.stat().st_mode) for one in paths] == [0o500, 0, 0, 0]
    work.chmod(0o700)


def test_two_names_of_one_file_stay_one_file(work: Path) -> None:
    write(work / "first", "text")
    (work / "second").hardlink_to(work / "first")
    settle()
    kept = states(work)
    assert copies(work) == 1
    (work / "second").unlink()
    write(work / "second", "SECOND")
    write(work / "first", "FIRST")
    kept.restore(0)
    assert (work / "first").read_text() == "text"
    assert (work / "first").samefile(work / "second")


def test_files_that_became_one_are_two_again(work: Path) -> None:
    write(work / "best", "best")
    write(work / "last", "last")
    kept = states(work)
    (work / "best").unlink()
    (work / "best").hardlink_to(work / "last")
    kept.restore(0)
    assert [(work / name).read_text() for name in ("best", "last")] == ["best", "last"]


def test_a_link_is_only_a_link_and_what_lies_behind_it_has_a_state(work: Path) -> None:
    outside = work.parent / "tmp"
    write(outside / "best", "best")
    links = {
        "best": outside / "best",
        "nowhere": outside / "nowhere",
        "around": work.parent,
        "circle": work / "circle",
        "descriptor": Path("/proc/self/fd/200"),
        "closed": outside / "closed" / "best",
    }
    (outside / "closed").mkdir(mode=0)
    for name, target in links.items():
        (work / name).symlink_to(target)
    kept = states(work)
    (outside / "closed").chmod(0o700)
    for name in ("best", "nowhere", "closed"):
        (work / name).write_text("later")
    (work / "around").unlink()
    (work / "around").mkdir()
    kept.restore(0)
    assert {name: (work / name).readlink() for name in links} == links
    assert (outside / "best").read_text() == "best"
    assert not (outside / "nowhere").exists()
    (outside / "closed").chmod(0o700)
    assert list((outside / "closed").iterdir()) == []


def last_folder(work: Path) -> tuple[FolderStates, int]:
    """Return states of a folder whose last state is kept, and the number of an earlier one.

    `best` is overwritten, `images` is a folder that no state holds, and `held` is in both.
    """
    write(work / "held", "held")
    (work / "known").mkdir()
    write(work / "best", "earlier")
    settle()
    kept = states(work)
    number = kept.save()
    write(work / "best", "last")
    (work / "images").mkdir()
    write(work / "images" / "one", "image")
    (work / "images").chmod(0o500)
    write(work / "known" / "new", "new")
    (work / "link").symlink_to("best")
    kept.keep_last()
    return kept, number


def is_last(work: Path) -> bool:
    paths = ("best", "images/one", "known/new", "link", "held")
    found = {str(one.relative_to(work)) for one in work.rglob("*")}
    return found == {*paths, "images", "known"} and [
        (work / path).read_text() for path in paths
    ] == ["last", "image", "new", "last", "held"]


def test_the_last_folder_survives_what_is_restored(work: Path) -> None:
    kept, number = last_folder(work)
    for _ in range(2):
        kept.restore(number)
        assert {one.name for one in work.iterdir()} == {"held", "best", "known"}
        assert (work / "best").read_text() == "earlier"
        (work / "best").write_text("by a test")
        (work / "images").write_text("in the way")
        kept.restore_last()
        assert is_last(work)
        assert stat.S_IMODE((work / "images").stat().st_mode) == 0o500
        kept.restore_last()
        assert is_last(work)


def test_the_last_folder_needs_no_room(work: Path) -> None:
    kept, _ = last_folder(work)
    before = copies(work)
    kept.restore_last()
    assert (is_last(work), copies(work)) == (True, before)


def test_what_a_test_removes_from_the_last_folder_hinders_nothing(work: Path) -> None:
    kept, number = last_folder(work)
    outside = work.parent / "outside"
    outside.mkdir()
    write(outside / "new", "not ours")
    kept.restore_last()
    (work / "best").unlink()
    (work / "images").chmod(0o700)
    (work / "images" / "one").unlink()
    (work / "images").rmdir()
    (work / "images").write_text("a file")
    (work / "known" / "new").unlink()
    (work / "known").rmdir()
    (work / "known").symlink_to(outside)
    kept.restore(number)
    assert (work / "best").read_text() == "earlier"
    kept.restore_last()
    found = {str(one.relative_to(work)) for one in work.rglob("*")}
    assert found == {"held", "known", "link"}
    assert (outside / "new").read_text() == "not ours"


def test_a_restore_without_room_says_so(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, number = last_folder(work)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as patched:
        patched.setattr(file_contents, "send", full)
        with pytest.raises(OSError, match="no room"):
            kept.restore(number)
    kept.restore_last()
    assert is_last(work)
