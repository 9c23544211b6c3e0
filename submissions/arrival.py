"""When an upload began and arrived, by the server's own clock, and what was wrong."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import (
    FileUploadHandler,
    StopUpload,
    TemporaryFileUploadHandler,
)
from django.http import HttpRequest
from django.utils import timezone

from formats.submission_words import problem
from storage.store_faults import (
    UNREACHABLE,
    StoreFault,
    log_store_fault,
    store_fault_of,
)
from submissions.exceptions import SubmissionRefusedError

_STARTED_AT = "softmark.upload_started_at"
_TOO_LARGE = "softmark.upload_too_large"
_FAULT = "softmark.upload_fault"
_IS_SHORT = "softmark.upload_is_short"
# SECURITY: the one page that takes a file from anybody, and its longest form in bytes.
_FOR_EVERYBODY = "submissions:verify"
_SHORT_BYTES = 64 * 1024


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
            self.request.META[_IS_SHORT] = content_length <= _SHORT_BYTES

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
        is_known = getattr(user, "is_authenticated", False)
        if request.META[_TOO_LARGE] or not (is_known or _is_for_everybody(request)):
            raise StopUpload

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class ArrivedFileHandler(TemporaryFileUploadHandler):
    """Writes each file to FILE_UPLOAD_TEMP_DIR, and discards it if the disk fails.

    A disk without room then ends in a refusal in words, and not in a server error. The
    rest of the body is read and thrown away, so that the browser gets the response.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        with self._faults_noted():
            super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        with self._faults_noted():
            super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        # Going back to the beginning writes what is still in memory.
        with self._faults_noted():
            return super().file_complete(file_size)

    @contextmanager
    def _faults_noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            fault = store_fault_of(error) or UNREACHABLE
            log_store_fault(error, fault)
            if self.request is not None:
                self.request.META[_FAULT] = fault
            # Closing a file deletes it, but also tries to write the rest.
            if hasattr(self, "file"):
                with suppress(OSError):
                    self.file.close()
            raise StopUpload from error


def _is_for_everybody(request: HttpRequest) -> bool:
    """Return whether people who have not signed in may send this short form's file."""
    match = request.resolver_match
    return bool(match and match.view_name == _FOR_EVERYBODY and request.META[_IS_SHORT])


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


def upload_fault(request: HttpRequest) -> StoreFault | None:
    """Return the fault for which the files could not be written to the disk, or None.

    It is known once the form has been read.
    """
    fault: StoreFault | None = request.META.get(_FAULT)
    return fault


def refuse_failed_upload(request: HttpRequest) -> None:
    """Raise SubmissionRefusedError if the files could not be written to the disk."""
    fault = upload_fault(request)
    if fault is not None:
        raise SubmissionRefusedError([problem(fault.code)])
