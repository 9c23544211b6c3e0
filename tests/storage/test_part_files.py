"""Files that arrive in pieces."""

import errno
from pathlib import Path
from unittest import mock

import pytest

from storage.part_files import (
    PartBusyError,
    locked_part,
    part_length,
    write_pieces,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.part"


def test_pieces_follow_each_other(path: Path) -> None:
    with locked_part(path) as part:
        assert write_pieces(part, 0, [b"ab", b"c"]) == 3
        assert write_pieces(part, 3, [b"de"]) == 5
    assert path.read_bytes() == b"abcde"


def test_what_stood_behind_the_piece_is_replaced(path: Path) -> None:
    """A killed process may have written more than it recorded."""
    path.write_bytes(b"abXXXXXX")
    with locked_part(path) as part:
        write_pieces(part, 2, [b"c"])
    assert path.read_bytes() == b"abc"


def test_each_piece_is_on_the_disk_before_it_counts(path: Path) -> None:
    with locked_part(path) as part, mock.patch("os.fsync") as sync:
        write_pieces(part, 0, [b"a"])
    sync.assert_called_once()


def test_one_writer_at_a_time(path: Path) -> None:
    with locked_part(path), pytest.raises(PartBusyError), locked_part(path):
        pass
    with locked_part(path):
        pass


def test_a_full_disk_leaves_what_was_there(path: Path) -> None:
    path.write_bytes(b"ab")
    with (
        locked_part(path) as part,
        mock.patch("os.fsync", side_effect=OSError(errno.ENOSPC, "full")),
        pytest.raises(OSError, match="full"),
    ):
        write_pieces(part, 2, [b"cd"])
    assert path.read_bytes() == b"ab"


def test_nobody_else_on_the_machine_reads_the_file(path: Path) -> None:
    with locked_part(path):
        assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_not_there_has_no_bytes(path: Path) -> None:
    assert part_length(path) == 0
