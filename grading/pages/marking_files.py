"""The files of an attempt on the marking page: what is shown, and what is downloaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from formats.choices import FileKind
from grading.pages.marking_desk import MarkingDesk, files_beside
from storage.blobs import BlobMissingError, StoreUnreachableError, open_blob
from submissions.models import SubmittedFile

# What the browser shows as it is. SECURITY: see `storage.downloads.blob_inline`.
SHOWN_TYPES: Final = {
    FileKind.PDF: "application/pdf",
    FileKind.PNG: "image/png",
    FileKind.JPEG: "image/jpeg",
}
# How many bytes of a text stand on the page, and how many texts.
_LONGEST_TEXT: Final = 60_000
_MOST_TEXTS: Final = 5


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """A file of the attempt, by its required name. `url` is empty if it is kept back.

    `shown_url` is the address of a PDF or a picture that the page shows. `text` is the
    beginning of a plain text; `is_cut` says that it goes on.
    """

    name: str
    kind: str
    size: int
    url: str
    shown_url: str = ""
    is_picture: bool = False
    text: str = ""
    is_cut: bool = False


def file_rows(desk: MarkingDesk) -> Sequence[FileRow]:
    """Return the files of the attempt without its notebook. One query.

    Where there is no notebook, they have what the page shows of them.
    """
    rows = []
    texts = 0
    for each in files_beside(desk):
        is_open = desk.shows_files and each.removed_at is None
        shows = is_open and desk.is_files_only
        has_text = shows and each.kind == FileKind.TEXT and texts < _MOST_TEXTS
        texts += has_text
        text = _text_of(each) if has_text else ""
        kind = FileKind(each.kind)
        rows.append(
            FileRow(
                name=each.name,
                kind=kind.label,
                size=each.size,
                url=desk.file_url(each.name) if is_open else "",
                shown_url=(
                    desk.file_url(each.name, shown=True)
                    if shows and kind in SHOWN_TYPES
                    else ""
                ),
                is_picture=kind in {FileKind.PNG, FileKind.JPEG},
                text=text,
                is_cut=bool(text) and each.size > _LONGEST_TEXT,
            )
        )
    return rows


def _text_of(file: SubmittedFile) -> str:
    """Return the beginning of a text, empty if it cannot be read now."""
    try:
        with open_blob(file.sha256) as content:
            return content.read(_LONGEST_TEXT).decode("utf-8-sig", "replace")
    except (BlobMissingError, StoreUnreachableError):
        return ""
