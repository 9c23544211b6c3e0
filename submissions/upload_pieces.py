"""The bytes of an upload: where they are, and how a piece is added to them."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Protocol

import structlog
from django.conf import settings

from accounts.models import User
from formats.submission_words import problem
from storage.durable_files import PART
from storage.part_files import locked_part, part_length, write_pieces
from submissions.exceptions import (
    AttemptGoneError,
    AttemptHandedInError,
    AttemptIncompleteError,
    ChecksumError,
    FileDamagedError,
    OffsetError,
    SubmissionRefusedError,
    UploadGoneError,
)
from submissions.intake import IncomingFile
from submissions.models import OpenedAttempt, Upload

log = structlog.get_logger(__name__)


class Digest(Protocol):
    """A hash of hashlib."""

    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Bytes of an upload, from `offset` on.

    `arrived_at` is called once all of them were read. It returns when the last of them
    arrived: some bodies only arrive while they are read. `digest` is empty, and `wanted`
    what it must come to, if the sender gave a checksum.
    """

    offset: int
    content: Iterable[bytes]
    arrived_at: Callable[[], dt.datetime]
    digest: Digest | None = None
    wanted: bytes = b""


def part_path(upload: Upload) -> Path:
    """Return the path of what has arrived of the upload, on this machine."""
    return Path(settings.FILE_UPLOAD_TEMP_DIR) / f"{upload.pk}{PART}"


def arrived_bytes(upload: Upload) -> int:
    """Return how many bytes need not be sent again.

    The file may be shorter than the row says if its folder was lost: then the sender
    goes on from there.
    """
    if upload.completed_at is not None:
        return upload.size
    return min(upload.offset, part_length(part_path(upload)))


def add_piece(*, actor: User, upload: Upload, piece: Piece) -> int:
    """Store the piece durably and return how many bytes there are now.

    The piece that completes the upload also shows whether its hash is right. If it is
    not, all bytes are thrown away, and the time goes on. Call it outside any
    transaction. Raises OffsetError, ChecksumError, SubmissionRefusedError for a wrong
    hash, PartBusyError if another request writes now, and UploadGoneError.
    """
    if upload.completed_at is not None:
        if piece.offset != upload.size:
            raise OffsetError(upload.size)
        return upload.size
    path = part_path(upload)
    with locked_part(path) as part:
        # Only now is it certain that nobody else changes the row.
        current = Upload.objects.filter(pk=upload.pk).first()
        if current is None:
            path.unlink(missing_ok=True)
            raise UploadGoneError
        start = arrived_bytes(current)
        if piece.offset != start:
            raise OffsetError(start)
        if current.completed_at is not None:
            return current.size
        end = write_pieces(part, start, _hashed(piece))
        if piece.digest is not None and piece.digest.digest() != piece.wanted:
            raise ChecksumError(start)
        if end == current.size:
            _complete(actor, current, part, piece.arrived_at())
        else:
            _store(current, offset=end)
        return end


def _hashed(piece: Piece) -> Iterator[bytes]:
    for data in piece.content:
        if piece.digest is not None:
            piece.digest.update(data)
        yield data


def _complete(
    actor: User, upload: Upload, part: FileIO, arrived_at: dt.datetime
) -> None:
    part.seek(0)
    if hashlib.file_digest(part, "sha256").hexdigest() != upload.sha256:
        _store(upload, offset=0)
        part.truncate(0)
        log.info("upload_refused", upload=str(upload.pk), person=actor.pk)
        raise SubmissionRefusedError([problem("wrong_sha256", file=upload.name)])
    _store(upload, offset=upload.size, completed_at=arrived_at)
    log.info("upload_complete", upload=str(upload.pk), person=actor.pk)


def _store(upload: Upload, **columns: object) -> None:
    """Write the columns. Raises UploadGoneError if the upload was dropped meanwhile."""
    unchanged = Upload.objects.filter(
        pk=upload.pk, offset=upload.offset, completed_at=None
    )
    if not unchanged.update(**columns):
        part_path(upload).unlink(missing_ok=True)
        raise UploadGoneError


@contextmanager
def arrived_files(opened: OpenedAttempt) -> Iterator[list[IncomingFile]]:
    """Give the attempt's files, open for reading, to whoever checks and stores them.

    A file that our disk has lost or damaged can be sent again, and is never held against
    the student: it raises AttemptIncompleteError, as a file that has not arrived does.
    Another request may be quicker: raises AttemptHandedInError if the attempt was handed
    in meanwhile, and AttemptGoneError if it was dropped.
    """
    _refuse_if_ended(opened)
    try:
        with complete_files(opened) as files:
            yield files
    except AttemptIncompleteError as error:
        _refuse_if_ended(opened)
        lost = forget_lost_bytes(opened)
        raise AttemptIncompleteError(sorted({*error.names, *lost})) from error
    except FileDamagedError as error:
        _refuse_if_ended(opened)
        lost = forget_lost_bytes(opened)
        raise AttemptIncompleteError(lost or error.args) from error
    except SubmissionRefusedError as error:
        is_open = OpenedAttempt.objects.unfinished().filter(pk=opened.pk).exists()
        if is_open and (lost := forget_lost_bytes(opened)):
            raise AttemptIncompleteError(lost) from error
        raise


def _refuse_if_ended(opened: OpenedAttempt) -> None:
    """Raise AttemptHandedInError or AttemptGoneError if it is not open any more."""
    current = OpenedAttempt.objects.filter(pk=opened.pk).first()
    if current is None:
        raise AttemptGoneError
    if current.submission_id is not None:
        raise AttemptHandedInError


@contextmanager
def complete_files(opened: OpenedAttempt) -> Iterator[list[IncomingFile]]:
    """Give the attempt's files, open for reading. Raises AttemptIncompleteError."""
    uploads = list(opened.uploads.all())
    if not uploads:
        raise AttemptIncompleteError([])
    missing = [each for each in uploads if each.completed_at is None]
    with ExitStack() as stack:
        files = []
        for upload in uploads:
            content = _whole_part(upload)
            if content is None:
                missing.append(upload)
                continue
            files.append(
                IncomingFile(
                    name=upload.name,
                    original_name=upload.original_name,
                    content=stack.enter_context(content),
                    size=upload.size,
                    sha256=upload.sha256,
                )
            )
        if missing:
            raise AttemptIncompleteError(sorted({each.name for each in missing}))
        yield files


def _whole_part(upload: Upload) -> BinaryIO | None:
    """Return the file of the upload, open for reading; None if it is not whole."""
    path = part_path(upload)
    if part_length(path) != upload.size:
        return None
    try:
        return path.open("rb")
    except FileNotFoundError:
        # It was deleted just now, with its attempt.
        return None


def forget_lost_bytes(opened: OpenedAttempt) -> list[str]:
    """Let complete uploads whose file is lost or damaged be sent again from the start.

    Return the names of these files.
    """
    lost = []
    for upload in opened.uploads.exclude(completed_at=None):
        path = part_path(upload)
        if part_length(path) != upload.size or _hash_of(path) != upload.sha256:
            opened.uploads.filter(pk=upload.pk).update(offset=0, completed_at=None)
            log.error("upload_lost", upload=str(upload.pk))
            lost.append(upload.name)
    return lost


def _hash_of(path: Path) -> str:
    """Return the SHA-256 of the file, "" if it is not there."""
    try:
        with path.open("rb") as part:
            return hashlib.file_digest(part, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def remove_parts(uploads: Iterable[Upload]) -> None:
    """Delete the files of uploads that are not needed any more."""
    for upload in uploads:
        part_path(upload).unlink(missing_ok=True)
