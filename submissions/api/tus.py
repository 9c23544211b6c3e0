"""The protocol tus 1.0 for uploads in pieces: its headers and its errors.

https://tus.io/protocols/resumable-upload, with the extensions creation, termination,
expiration and checksum.
"""

import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from django.http import HttpRequest, HttpResponseBase
from django.utils.http import http_date
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.strict import StrictAPIView
from accounts.models import ApiToken
from submissions.models import Upload
from submissions.upload_pieces import Digest

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,termination,expiration,checksum"
PIECE_TYPE: Final = "application/offset+octet-stream"
# Numbers of more digits are not read.
_MOST_DIGITS: Final = 18
_CHECKSUM_MISMATCH: Final = 460


def _sha1() -> Digest:
    return hashlib.sha1(usedforsecurity=False)


DIGESTS: Final[dict[str, Callable[[], Digest]]] = {
    "sha1": _sha1,
    "sha256": hashlib.sha256,
}


class TusError(APIException):
    """A request that the protocol refuses. `headers` are added to the answer."""

    def __init__(
        self, status: int, code: str, words: str, headers: Mapping[str, str] = {}
    ) -> None:
        super().__init__(words, code)
        self.status_code = status
        self.headers = dict(headers)


def bad_header(name: str, words: str) -> TusError:
    """Return the error for a header that is missing or cannot be read."""
    return TusError(400, "bad_header", f"{name}: {words}")


def wrong_offset(offset: int) -> TusError:
    """Return the error for a piece that does not begin where the upload ends."""
    words = f"{offset} bytes have arrived. Go on from there."
    return TusError(409, "wrong_offset", words, {"Upload-Offset": str(offset)})


def wrong_checksum(offset: int) -> TusError:
    """Return the error for a piece that is not what its checksum says."""
    words = "The piece does not have the checksum of Upload-Checksum. Send it again."
    headers = {"Upload-Offset": str(offset)}
    return TusError(_CHECKSUM_MISMATCH, "wrong_checksum", words, headers)


class TusView(StrictAPIView):
    """A view of one address of the protocol, for the author of an attempt."""

    http_method_names: ClassVar[list[str]] = [  # type: ignore[misc]  # as in StrictRequests
        *StrictAPIView.http_method_names,
        "options",
    ]
    write_scope = ApiToken.Scope.SUBMIT
    # HEAD belongs to sending, so a token that only hands in may use it.
    read_scopes = (ApiToken.Scope.READ, ApiToken.Scope.SUBMIT)

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Answer the request. A POST may name another method, as tus demands."""
        named = request.headers.get("X-HTTP-Method-Override", "").upper()
        if request.method == "POST" and named in {"PATCH", "DELETE", "HEAD"}:
            request.method = named
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise TusError if the client speaks another version of the protocol."""
        super().initial(request, *args, **kwargs)
        spoken = request.headers.get("Tus-Resumable")
        if request.method != "OPTIONS" and spoken != VERSION:
            words = f"Send the header Tus-Resumable: {VERSION}."
            raise TusError(412, "wrong_version", words, {"Tus-Version": VERSION})

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Say what the portal supports of the protocol."""
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Checksum-Algorithm": ",".join(DIGESTS),
        }
        return Response(status=204, headers=headers)

    def handle_exception(self, exc: Exception) -> Response:
        """Return the answer to a refused request, with the headers of the refusal."""
        response = super().handle_exception(exc)
        for name, value in getattr(exc, "headers", {}).items():
            response.headers[name] = value
        return response

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Return the answer with the version of the protocol."""
        done: Response = super().finalize_response(request, response, *args, **kwargs)
        done.headers["Tus-Resumable"] = VERSION
        done.headers.setdefault("Cache-Control", "no-store")
        return done


def number_in(request: Request, name: str) -> int:
    """Return the whole number in the header. Raises TusError."""
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise bad_header(name, "send a whole number of bytes.")
    return int(text)


def metadata_in(request: Request) -> dict[str, str]:
    """Return the pairs of Upload-Metadata. Raises TusError."""
    found = {}
    for pair in filter(None, request.headers.get("Upload-Metadata", "").split(",")):
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except ValueError as error:
            words = "send pairs of a key and a value in Base64."
            raise bad_header("Upload-Metadata", words) from error
    return found


def checksum_in(request: Request) -> tuple[Digest | None, bytes]:
    """Return an empty hash and what it must come to, or None. Raises TusError."""
    text = request.headers.get("Upload-Checksum")
    if text is None:
        return None, b""
    name, _, value = text.partition(" ")
    try:
        return DIGESTS[name](), base64.b64decode(value, validate=True)
    except (KeyError, ValueError) as error:
        words = f"send one of {', '.join(DIGESTS)}, and the hash in Base64."
        raise bad_header("Upload-Checksum", words) from error


def expires(at: dt.datetime) -> dict[str, str]:
    """Return the Upload-Expires header: when the upload will be deleted."""
    return {"Upload-Expires": http_date(at.timestamp())}


def metadata_of(upload: Upload) -> str:
    """Return Upload-Metadata as the client would have sent it."""
    return f"filename {base64.b64encode(upload.name.encode()).decode()}"
