"""The addresses of uploads in pieces, in the protocol tus 1.0."""

from functools import partial
from typing import Any, Final, cast
from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.api.schema import ErrorResponseSerializer
from accounts.http import sender
from storage.part_files import PartBusyError
from submissions.api import tus
from submissions.arrival import upload_arrived_at
from submissions.attempt_opening import drop_attempt
from submissions.exceptions import (
    AttemptHandedInError,
    ChecksumError,
    OffsetError,
    SubmissionRefusedError,
    UploadGoneError,
)
from submissions.models import OpenedAttempt, Upload
from submissions.upload_pieces import Piece, add_piece, arrived_bytes

_READ: Final = 1 << 20


def _header(name: str, words: str, *, is_required: bool = True) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        location=OpenApiParameter.HEADER,
        required=is_required,
        description=words,
    )


_VERSION: Final = _header("Tus-Resumable", "The version of the protocol: 1.0.0.")


def _own_attempt(request: Request, pk: UUID) -> OpenedAttempt:
    """Return the person's own attempt.

    SECURITY: only its author sends to it. For everybody else it does not exist, also
    for staff, who see it in the list.
    """
    person = sender(request)
    own = OpenedAttempt.objects.visible_to(person).by(person)
    found = get_object_or_404(own, pk=pk)
    if found.submission_id is None and found.expires_at <= timezone.now():
        words = "This attempt has expired. Open it again."
        raise tus.TusError(410, "upload_expired", words)
    return found


class UploadCreationView(tus.TusView):
    """Where a tus client begins: it names a declared file, and gets its address."""

    @extend_schema(
        summary="Find the address of a declared file",
        parameters=[
            _VERSION,
            _header("Upload-Length", "The size of the file in bytes, as declared."),
            _header("Upload-Metadata", "filename and the required name in Base64."),
        ],
        request=None,
        responses={
            201: None,
            400: ErrorResponseSerializer,
            410: ErrorResponseSerializer,
            412: ErrorResponseSerializer,
        },
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Answer where to send the file, in `Location`. Nothing is stored."""
        opened = _own_attempt(request, pk)
        size = tus.number_in(request, "Upload-Length")
        name = tus.metadata_in(request).get("filename", "")
        # Not looked up by a query: PostgreSQL takes no NUL in a text.
        found = (each for each in opened.uploads.all() if each.name == name)
        upload = next(found, None)
        if upload is None:
            words = "send filename and the name of a file that the attempt declares."
            raise tus.bad_header("Upload-Metadata", words)
        if upload.size != size:
            words = f"the attempt declares {upload.size} bytes for this file."
            raise tus.bad_header("Upload-Length", words)
        where = reverse("api:upload", [upload.pk], request=request)
        headers = {"Location": where, **tus.expires(opened.expires_at)}
        return Response(status=201, headers=headers)


class UploadView(tus.TusView):
    """One declared file of an attempt: how much has arrived, and where to send more."""

    def head(self, request: Request, pk: UUID) -> Response:
        """Say how many bytes have arrived."""
        upload = self._upload(request, pk)
        headers = {
            "Upload-Offset": str(arrived_bytes(upload)),
            "Upload-Length": str(upload.size),
            "Upload-Metadata": tus.metadata_of(upload),
            **tus.expires(upload.attempt.expires_at),
        }
        return Response(status=200, headers=headers)

    @extend_schema(
        summary="Send a piece of a file",
        parameters=[
            _VERSION,
            _header("Upload-Offset", "How many bytes have arrived before this piece."),
            _header(
                "Upload-Checksum",
                "sha1 or sha256, and the hash of this piece in Base64.",
                is_required=False,
            ),
        ],
        request={tus.PIECE_TYPE: OpenApiTypes.BINARY},
        responses={
            204: None,
            400: ErrorResponseSerializer,
            409: ErrorResponseSerializer,
            410: ErrorResponseSerializer,
            411: ErrorResponseSerializer,
            412: ErrorResponseSerializer,
            413: ErrorResponseSerializer,
            415: ErrorResponseSerializer,
            422: ErrorResponseSerializer,
            423: ErrorResponseSerializer,
            460: ErrorResponseSerializer,
        },
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        """Add a piece. `Upload-Offset` of the answer is where the next one begins.

        If the connection breaks, what has arrived is kept.
        """
        upload = self._upload(request, pk)
        piece = _piece_in(request, upload)
        try:
            end = add_piece(actor=sender(request), upload=upload, piece=piece)
        except ChecksumError as error:
            raise tus.wrong_checksum(error.offset) from error
        except OffsetError as error:
            raise tus.wrong_offset(error.offset) from error
        except PartBusyError as error:
            words = "Another request is sending this file now. Ask how far it is."
            raise tus.TusError(423, "upload_busy", words) from error
        except UploadGoneError as error:
            raise Http404 from error
        except SubmissionRefusedError as error:
            (problem,) = error.problems
            words = f"{problem.message} {problem.hint}"
            headers = {"Upload-Offset": "0"}
            raise tus.TusError(422, problem.code, words, headers) from error
        headers = {
            "Upload-Offset": str(end),
            **tus.expires(upload.attempt.expires_at),
        }
        return Response(status=204, headers=headers)

    @extend_schema(
        summary="Drop the attempt of a file",
        parameters=[_VERSION],
        responses={204: None, 409: ErrorResponseSerializer},
    )
    def delete(self, request: Request, pk: UUID) -> Response:
        """Drop the whole attempt: it cannot be handed in without one of its files."""
        upload = self._upload(request, pk)
        try:
            drop_attempt(actor=sender(request), opened=upload.attempt)
        except AttemptHandedInError as error:
            words = "This attempt was handed in, so it cannot be dropped."
            raise tus.TusError(409, "handed_in", words) from error
        return Response(status=204)

    def _upload(self, request: Request, pk: UUID) -> Upload:
        upload = get_object_or_404(Upload.objects.select_related("attempt"), pk=pk)
        upload.attempt = _own_attempt(request, upload.attempt_id)
        return upload


def _piece_in(request: Request, upload: Upload) -> Piece:
    """Return the piece that the request carries. Raises TusError."""
    if request.content_type != tus.PIECE_TYPE:
        words = f"Send the piece as Content-Type: {tus.PIECE_TYPE}."
        raise tus.TusError(415, "unsupported_media_type", words)
    if not request.META.get("CONTENT_LENGTH"):
        raise tus.TusError(411, "length_required", "Send Content-Length.")
    offset = tus.number_in(request, "Upload-Offset")
    size = tus.number_in(request, "Content-Length")
    if offset + size > upload.size:
        words = f"The file was declared with {upload.size} bytes. This is more."
        raise tus.TusError(413, "upload_too_large", words)
    digest, wanted = tus.checksum_in(request)
    stream: Any = request.stream
    return Piece(
        offset=offset,
        content=iter(lambda: stream.read(_READ), b"") if stream else (),
        arrived_at=partial(upload_arrived_at, cast("HttpRequest", request)),
        digest=digest,
        wanted=wanted,
    )
