"""Files leave the portal as downloads, never as pages of it."""

from django.http import FileResponse

from courses.blobs import open_blob


def blob_attachment(sha256: str, name: str) -> FileResponse:
    """Return the content as a download under this name.

    SECURITY: what students hand in is never shown by the browser under our origin:
    always an attachment, always bytes, never sniffed; Django writes the name as
    RFC 6266 asks.
    """
    answer = FileResponse(
        open_blob(sha256),
        as_attachment=True,
        filename=name,
        content_type="application/octet-stream",
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-cache"
    return answer
