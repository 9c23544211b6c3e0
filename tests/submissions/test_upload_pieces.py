"""The bytes of an upload arrive in pieces, each exactly once and in order."""

import datetime as dt
import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from storage.part_files import PartBusyError, locked_part
from submissions.exceptions import (
    AttemptIncompleteError,
    ChecksumError,
    OffsetError,
    SubmissionRefusedError,
    UploadGoneError,
)
from submissions.models import OpenedAttempt, Upload
from submissions.upload_pieces import (
    Piece,
    add_piece,
    arrived_bytes,
    complete_files,
    forget_lost_bytes,
    part_path,
)
from tests.factories import OpenedAttemptFactory, hours
from tests.submissions.opened import NOTEBOOK, send

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def upload() -> Upload:
    return OpenedAttemptFactory.create().uploads.get()


def test_pieces_make_the_file(upload: Upload) -> None:
    assert send(upload, NOTEBOOK[:10]) == 10
    assert send(upload, NOTEBOOK[10:], 10) == len(NOTEBOOK)
    assert part_path(upload).read_bytes() == NOTEBOOK
    upload.refresh_from_db()
    assert upload.completed_at


@pytest.mark.parametrize("offset", [0, 9, 11])
def test_a_piece_that_is_repeated_or_skips_bytes_is_refused(
    upload: Upload, offset: int
) -> None:
    send(upload, NOTEBOOK[:10])
    with pytest.raises(OffsetError) as caught:
        send(upload, NOTEBOOK[offset:20], offset)
    assert caught.value.offset == 10


def test_a_piece_with_a_wrong_checksum_is_thrown_away(upload: Upload) -> None:
    wanted = hashlib.sha256(b"other").digest()
    with pytest.raises(ChecksumError) as caught:
        send(upload, NOTEBOOK[:10], digest=hashlib.sha256(), wanted=wanted)
    assert caught.value.offset == arrived_bytes(upload) == 0
    assert send(upload, NOTEBOOK[:5]) == 5


def test_a_wrong_hash_refuses_the_file_in_words(upload: Upload) -> None:
    with pytest.raises(SubmissionRefusedError) as caught:
        send(upload, b"x" * upload.size)
    (found,) = caught.value.problems
    assert found.code == "wrong_sha256"
    assert "work.ipynb" in found.message
    assert send(upload) == upload.size


def test_the_last_byte_s_time_is_kept(upload: Upload) -> None:
    at = hours(0.25)
    send(upload, at=at)
    upload.refresh_from_db()
    assert upload.completed_at == at


def test_the_time_is_that_after_the_last_byte_was_read(upload: Upload) -> None:
    """Some bodies only arrive while they are read."""
    times = [upload.attempt.opened_at]

    def arriving() -> Iterator[bytes]:
        for data in (NOTEBOOK[:9], NOTEBOOK[9:]):
            times.append(times[-1] + HOUR)
            yield data

    piece = Piece(offset=0, content=arriving(), arrived_at=lambda: times[-1])
    add_piece(actor=upload.attempt.author, upload=upload, piece=piece)
    upload.refresh_from_db()
    assert upload.completed_at == upload.attempt.opened_at + 2 * HOUR


@pytest.mark.parametrize(("after", "counts"), [(0.4, 0), (0.5, 0), (0.6, 0.6)])
def test_within_the_allowance_the_opening_counts(after: float, counts: float) -> None:
    opened = OpenedAttemptFactory.create()
    start = opened.opened_at
    send(opened.uploads.get(), at=start + after * HOUR)
    assert opened.received_at == start + counts * HOUR


def test_an_attempt_without_all_bytes_has_no_time(upload: Upload) -> None:
    send(upload, NOTEBOOK[:-1])
    assert upload.attempt.received_at is None


def test_another_request_that_sends_is_noticed(upload: Upload) -> None:
    with locked_part(part_path(upload)), pytest.raises(PartBusyError):
        send(upload)


def test_an_upload_that_was_dropped_leaves_no_file(upload: Upload) -> None:
    upload.attempt.delete()
    with pytest.raises(UploadGoneError):
        send(upload)
    assert not part_path(upload).exists()


def test_a_complete_upload_takes_no_more(upload: Upload) -> None:
    send(upload)
    upload.refresh_from_db()
    assert send(upload, b"", upload.size) == upload.size
    with pytest.raises(OffsetError):
        send(upload, b"x", 0)


def test_bytes_that_a_killed_process_did_not_record_do_not_count(
    upload: Upload,
) -> None:
    send(upload, NOTEBOOK[:10])
    with part_path(upload).open("ab") as part:
        part.write(b"half a piece")
    upload.refresh_from_db()
    assert arrived_bytes(upload) == 10
    assert send(upload, NOTEBOOK[10:], 10) == upload.size


def test_after_the_folder_was_lost_the_upload_begins_again(upload: Upload) -> None:
    send(upload, NOTEBOOK[:10])
    part_path(upload).unlink()
    upload.refresh_from_db()
    assert arrived_bytes(upload) == 0
    assert send(upload) == upload.size


def test_a_complete_file_that_was_lost_is_asked_for_again(upload: Upload) -> None:
    send(upload)
    part_path(upload).unlink()
    with pytest.raises(AttemptIncompleteError), complete_files(upload.attempt):
        pass
    forget_lost_bytes(upload.attempt)
    upload.refresh_from_db()
    assert (upload.offset, upload.completed_at) == (0, None)


def test_incomplete_files_are_named(upload: Upload) -> None:
    with (
        pytest.raises(AttemptIncompleteError) as caught,
        complete_files(upload.attempt),
    ):
        pass
    assert caught.value.names == ("work.ipynb",)


@pytest.mark.django_db(transaction=True)
def test_of_ten_equal_pieces_at_once_one_is_stored() -> None:
    upload = OpenedAttemptFactory.create().uploads.get()
    start = threading.Barrier(10)

    def one(_: int) -> bool:
        start.wait(timeout=30)
        try:
            send(upload, NOTEBOOK[:50])
        except (OffsetError, PartBusyError):
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as senders:
        assert sum(senders.map(one, range(10))) == 1
    assert OpenedAttempt.objects.get().uploads.get().offset == 50
    assert part_path(upload).read_bytes() == NOTEBOOK[:50]
