"""Responses that send files as downloads, never as pages of the portal."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath
from typing import IO, TYPE_CHECKING, Final, Protocol

from django.core.files.storage import FileSystemStorage
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, StreamingHttpResponse
from django.urls import register_converter
from django.urls.converters import StringConverter
from django.utils.http import content_disposition_header

from storage.blobs import blob_store_answers, open_blob
from storage.store_errors import BlobMissingError, StoreUnreachableError
from storage.store_faults import MISSING, log_store_fault, store_fault_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

# SECURITY: for text by students and staff that is shown on a page of its own.
SANDBOXED: Final = {
    "default-src": ["'none'"],
    "style-src": ["'self'"],
    "font-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'none'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}
# SECURITY: the same for a frame on one of the portal's own pages.
FRAMED: Final = SANDBOXED | {"frame-ancestors": ["'self'"]}
# What a page's policy adds to show such a frame.
OWN_FRAMES: Final = {"frame-src": ["'self'"]}
# Browsers show a PDF in a viewer of their own, which a sandbox would block.
FRAMED_PDF: Final = {
    "default-src": ["'none'"],
    "object-src": ["'self'"],
    "frame-ancestors": ["'self'"],
}
_PIECE: Final = 1 << 18
PDF_MAGIC: Final = b"%PDF-"
# How files begin that are shown as they are, by their content type.
_MAGIC: Final = {
    "application/pdf": PDF_MAGIC,
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
}


class NamedBlob(Protocol):
    """A row that names stored content, such as a file of a revision."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class ZipTable:
    """A file at the end of a zip that says what is in it.

    `content` returns it, given the names of the files that the store does not have.
    """

    name: str
    content: Callable[[Collection[str]], bytes]


class FileNameConverter(StringConverter):
    """`<filename:name>` in addresses: without NUL, which PostgreSQL refuses in text."""

    regex = r"[^/\x00]+"


class FilePathConverter(StringConverter):
    """`<filepath:name>` in addresses: like a file name, but with folders."""

    regex = r"[^\x00]+"


register_converter(FileNameConverter, "filename")
register_converter(FilePathConverter, "filepath")


def blob_attachment(sha256: str, name: str) -> FileResponse:
    """Return the content as a download under this name, without its folders."""
    return _attachment(open_blob(sha256), PurePosixPath(name).name)


def zip_attachment(
    files: Iterable[NamedBlob], name: str, *, table: ZipTable | None = None
) -> StreamingHttpResponse:
    """Return the files as one zip, in their folders. It is packed while it is sent.

    Raises StoreUnreachableError, or BlobMissingError if the first file is missing. A
    later fault breaks the transfer off, so that nobody takes half a zip for a whole.
    With a `table`, files that are missing or damaged are left out or end early, and
    the table at the end of the zip says so.
    """
    rows = list(files)
    if not blob_store_answers():
        raise StoreUnreachableError(name)
    # Opened before the response begins: its status cannot change afterwards.
    first = open_blob(rows[0].sha256) if rows and table is None else None
    packed = _packed(rows, first, table)
    answer = StreamingHttpResponse(packed, content_type="application/zip")
    answer["Content-Disposition"] = content_disposition_header(True, name) or ""  # noqa: FBT003
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-cache"
    return answer


class _Outbox(io.RawIOBase):
    """The bytes written since the last `take`, for a zip that needs no seeking."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: "Buffer", /) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _packed(
    files: Sequence[NamedBlob], first: IO[bytes] | None, table: ZipTable | None
) -> Iterator[bytes]:
    """Yield the zip. `first` is the first file's content, which is open already."""
    outbox = _Outbox()
    missing: set[str] = set()
    with _faults_logged(), zipfile.ZipFile(outbox, "w") as archive:
        for file in files:
            try:
                opened, first = first or open_blob(file.sha256), None
                with opened as content, archive.open(_member(file), "w") as sink:
                    for piece in _checked(content, file.sha256):
                        sink.write(piece)
                        yield outbox.take()
            except BlobMissingError as error:
                if table is None:
                    raise
                log_store_fault(error, MISSING)
                missing.add(file.name)
        if table is not None:
            archive.writestr(zipfile.ZipInfo(table.name), table.content(missing))
    yield outbox.take()


def _member(file: NamedBlob) -> zipfile.ZipInfo:
    """Return the file's entry. Without a date, the same files make the same zip."""
    member = zipfile.ZipInfo(file.name)
    member.external_attr = 0o644 << 16
    member.file_size = file.size
    return member


def _checked(content: IO[bytes], sha256: str) -> Iterator[bytes]:
    """Yield the content in pieces. Raises BlobMissingError if its hash is another."""
    digest = hashlib.sha256()
    while piece := content.read(_PIECE):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != sha256:
        raise BlobMissingError(sha256)


@contextmanager
def _faults_logged() -> Iterator[None]:
    """Log a fault of the store that no handler sees, because the answer has begun."""
    try:
        yield
    except Exception as error:
        fault = store_fault_of(error)
        if fault is not None:
            log_store_fault(error, fault)
        raise


def opened_file(file: FieldFile) -> IO[bytes]:
    """Return a field's file, opened. Raises Http404 if the row has none.

    Raises BlobMissingError if the row names a file that the storage does not have, and
    StoreUnreachableError if the storage does not answer.
    """
    if not file:
        raise Http404
    try:
        content: IO[bytes] = file.open("rb")
    except FileNotFoundError as error:
        if _is_away(file):
            raise StoreUnreachableError(str(error)) from error
        raise BlobMissingError(file.name) from error
    except OSError as error:
        raise StoreUnreachableError(str(error)) from error
    return content


def _is_away(file: FieldFile) -> bool:
    """Return whether the folder of all such files is gone or empty: not mounted."""
    storage = file.storage
    if not isinstance(storage, FileSystemStorage):
        return False
    try:
        with os.scandir(storage.location) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def field_attachment(file: FieldFile, title: str) -> FileResponse:
    """Return a field's file, named by this title. Raises Http404 if there is none."""
    return _attachment(opened_file(file), _name(file, title))


def pdf_inline(file: FieldFile, title: str) -> FileResponse:
    """Return a field's PDF to be shown in a page. Raises Http404 if it is no PDF."""
    return _inline(opened_file(file), _name(file, title), "application/pdf")


def blob_inline(sha256: str, name: str, content_type: str) -> FileResponse:
    """Return a PDF or a picture to be shown in a page.

    `content_type` is that of a PDF, a PNG or a JPEG. Raises Http404 if the content does
    not begin as such a file.
    """
    return _inline(open_blob(sha256), PurePosixPath(name).name, content_type)


def _inline(content: IO[bytes], name: str, content_type: str) -> FileResponse:
    """Return a response with a file that the browser shows.

    SECURITY: these are the only uploads that are shown under our origin as they are. They
    must begin as their type does, are sent as this type and not sniffed, and the policy
    of the view lets them load nothing.
    """
    magic = _MAGIC[content_type]
    if content.read(len(magic)) != magic:
        content.close()
        raise Http404
    content.seek(0)
    answer = FileResponse(
        content, as_attachment=False, filename=name, content_type=content_type
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-cache"
    return answer


def _name(file: FieldFile, title: str) -> str:
    suffix = PurePath(file.name or "").suffix
    return f"{title}{suffix}".replace("/", "-")


def _attachment(content: IO[bytes], name: str) -> FileResponse:
    """Return a response with bytes to be saved.

    SECURITY: the browser never shows an upload under our origin: it is always an
    attachment, always bytes, never sniffed; Django writes the name as RFC 6266 asks.
    """
    answer = FileResponse(
        content,
        as_attachment=True,
        filename=name,
        content_type="application/octet-stream",
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-cache"
    return answer
