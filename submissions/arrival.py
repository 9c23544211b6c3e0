"""When an upload began and arrived, by the server's own clock; the limit on its size."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest
from django.utils import timezone

_STARTED_AT = "softmark.upload_started_at"
_TOO_LARGE = "softmark.upload_too_large"


class ArrivalHandler(FileUploadHandler):
    """Records when a request's body began to arrive, and refuses forbidden files.

    It is first in FILE_UPLOAD_HANDLERS. It runs before the CSRF check and the view,
    because reading the form starts the handlers.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, Any],  # noqa: N803  Django's own name, passed by position
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        if self.request is not None:
            self.request.META.setdefault(_STARTED_AT, timezone.now())
            self.request.META[_TOO_LARGE] = (
                content_length > settings.MAX_SUBMISSION_BYTES
            )

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Refuse the files of a body over the limit, or of an anonymous sender.

        The rest of the body is read and thrown away, so that the browser gets the
        response. The fields before the first file are kept.
        """
        super().new_file(*args, **kwargs)
        request = self.request
        if request is None:
            return
        user = getattr(request, "user", None)
        if request.META[_TOO_LARGE] or not getattr(user, "is_authenticated", False):
            raise StopUpload

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def upload_started_at(request: HttpRequest) -> dt.datetime:
    """Return when the request's body began to arrive, or now if it has no files.

    SECURITY: this is never a time that the client sent or that a page contained.
    Otherwise a form that was opened before the deadline could be sent after it.
    """
    noted = _noted_by_server(request, "began_at")
    started: dt.datetime = noted or request.META.get(_STARTED_AT) or timezone.now()
    return started


def upload_arrived_at(request: HttpRequest) -> dt.datetime:
    """Return when the last byte of the request arrived, or now if nobody has noted it.

    On a busy portal, a request waits after that: nobody becomes late by this.
    """
    return _noted_by_server(request, "arrived_at") or timezone.now()


def _noted_by_server(request: HttpRequest, name: str) -> dt.datetime | None:
    """Return a time that portal.gunicorn_worker has noted on the connection, or None."""
    noted = getattr(request.META.get("gunicorn.socket"), name, None)
    return noted if isinstance(noted, dt.datetime) else None


def upload_was_too_large(request: HttpRequest) -> bool:
    """Return whether the files were thrown away because the body was too large."""
    return bool(request.META.get(_TOO_LARGE, False))
