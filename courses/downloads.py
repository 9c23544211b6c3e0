"""Files leave the portal as downloads, never as pages of it."""

from pathlib import PurePath
from typing import IO, Final

from django.http import FileResponse, Http404
from django.urls import register_converter
from django.urls.converters import StringConverter

from courses.blobs import open_blob
from courses.models import Attachment, Material, RevisionFile

# Parts of a bundle that students may read. The others hold the answers.
OPEN_PARTS: Final = (RevisionFile.Part.HANDOUT, RevisionFile.Part.PUBLIC)


class FileNameConverter(StringConverter):
    """`<filename:name>` in addresses: no NUL, which PostgreSQL refuses in a text."""

    regex = r"[^/\x00]+"


register_converter(FileNameConverter, "filename")


def blob_attachment(sha256: str, name: str) -> FileResponse:
    """Return the content as a download under this name."""
    return _attachment(open_blob(sha256), name)


def material_attachment(material: Material | Attachment) -> FileResponse:
    """Return the row's file, named as people call it. Raises Http404 without one."""
    if not material.file:
        raise Http404
    try:
        content = material.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    suffix = PurePath(material.file.name or "").suffix
    return _attachment(content, f"{material}{suffix}".replace("/", "-"))


def _attachment(content: IO[bytes], name: str) -> FileResponse:
    """Answer with bytes to be saved.

    SECURITY: what people upload is never shown by the browser under our origin:
    always an attachment, always bytes, never sniffed; Django writes the name as
    RFC 6266 asks.
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
