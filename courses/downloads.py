"""Files leave the portal as downloads, never as pages of it."""

from pathlib import PurePath
from typing import IO, Final

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404
from django.urls import register_converter
from django.urls.converters import StringConverter

from courses.blobs import open_blob
from courses.models import Attachment, Material, RevisionFile

# Parts of a bundle that students may read. The others hold the answers.
OPEN_PARTS: Final = (RevisionFile.Part.HANDOUT, RevisionFile.Part.PUBLIC)


PDF_MAGIC: Final = b"%PDF-"


class FileNameConverter(StringConverter):
    """`<filename:name>` in addresses: no NUL, which PostgreSQL refuses in a text."""

    regex = r"[^/\x00]+"


register_converter(FileNameConverter, "filename")


def blob_attachment(sha256: str, name: str) -> FileResponse:
    """Return the content as a download under this name."""
    return _attachment(open_blob(sha256), name)


def opened_file(file: FieldFile) -> IO[bytes]:
    """Return a field's file, opened. Raises Http404 where there is none."""
    if not file:
        raise Http404
    try:
        content: IO[bytes] = file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    return content


def material_attachment(row: Material | Attachment) -> FileResponse:
    """Return the row's file, named as people call it. Raises Http404 without one."""
    return _attachment(opened_file(row.file), _name(row, row.file))


def pdf_inline(material: Material) -> FileResponse:
    """Return a material's PDF to be shown in a page. Raises Http404 if it is none.

    SECURITY: the one thing that is shown under our origin as it was uploaded. It must
    begin as a PDF does, it is sent as one and not sniffed, and the policy of the view
    lets it load nothing.
    """
    content = opened_file(material.file)
    if content.read(len(PDF_MAGIC)) != PDF_MAGIC:
        content.close()
        raise Http404
    content.seek(0)
    answer = FileResponse(
        content,
        as_attachment=False,
        filename=_name(material, material.file),
        content_type="application/pdf",
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-cache"
    return answer


def _name(row: Material | Attachment, file: FieldFile) -> str:
    suffix = PurePath(file.name or "").suffix
    return f"{row}{suffix}".replace("/", "-")


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
