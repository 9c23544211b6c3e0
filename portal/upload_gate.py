"""Find out who sends a long body, from the request's head, and answer refused ones.

SECURITY: otherwise anybody could fill the disk, or keep the connections of a process, by
uploads that are refused only when they have arrived. Whether a person may hand in is
decided by the view: the gate only asks who has signed in.
"""

import io
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, parse_headers
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest, HttpResponseBase, parse_cookie
from django.shortcuts import render

from accounts.authentication import owner_of_token
from portal.api_errors import api_error, is_api
from portal.arriving_requests import BodyStore
from portal.long_bodies import Refusal
from storage.store_faults import FULL_STORE

UNKNOWN: Final = "unknown"
_FIELDS_BYTES: Final = 1024**2
_WORDS: Final = {
    Refusal.SIGNED_OUT: (
        HTTPStatus.UNAUTHORIZED,
        "not_authenticated",
        (
            "Nobody has signed in, so the files were not read. Send your token as "
            "“Authorization: Bearer …”."
        ),
    ),
    Refusal.FULL: (
        FULL_STORE.status,
        FULL_STORE.code,
        f"{FULL_STORE.message} {FULL_STORE.hint}",
    ),
    Refusal.TOO_MANY: (
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_uploads",
        (
            "You are sending several files at the same time. Wait until the others have "
            "arrived, then send this one again."
        ),
    ),
    Refusal.CROWDED: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "crowded",
        (
            "Very many people are sending files now, so yours were not read. Try again in "
            "a minute."
        ),
    ),
}
_RETRY_SECONDS: Final = "60"


def body_store() -> BodyStore:
    """Return where the web server stores long bodies, by the portal's settings."""
    return BodyStore(
        folder=Path(settings.FILE_UPLOAD_TEMP_DIR),
        # The form's fields come on top of its files.
        longest=settings.MAX_SUBMISSION_BYTES + _FIELDS_BYTES,
        sender_of=sender_of,
    )


def sender_of(head: bytes) -> str:
    """Return who sends the request with this head, "" for somebody not signed in.

    If the database does not answer, the sender is UNKNOWN, and the request goes on: its
    view says what is wrong.
    """
    try:
        headers = parse_headers(io.BytesIO(head.partition(b"\r\n")[2]))
    except HTTPException:
        return ""
    close_old_connections()
    try:
        return _person(headers)
    except DatabaseError:
        return UNKNOWN
    finally:
        close_old_connections()


def _person(headers: HTTPMessage) -> str:
    kind, _, secret = (headers.get("Authorization") or "").partition(" ")
    if kind.lower() == "bearer":
        owner = owner_of_token(secret.strip())
        return "" if owner is None else str(owner.pk)
    cookies = parse_cookie(headers.get("Cookie") or "")
    key = cookies.get(settings.SESSION_COOKIE_NAME, "")
    return str(SessionStore(key).get(SESSION_KEY, "")) if key else ""


def answer_refused_bodies(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer a request whose long body the web server has not kept, in words."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        body = getattr(request.META.get("gunicorn.socket"), "body", None)
        refusal = None if body is None else body.refusal
        if refusal is None:
            return get_response(request)
        status, code, words = _WORDS[refusal]
        if is_api(request.path_info):
            response: HttpResponseBase = api_error(status, code, words)
        elif refusal is Refusal.SIGNED_OUT:
            return redirect_to_login(request.path_info)
        else:
            response = render(
                request,
                "upload_refused.html",
                {"status": int(status), "words": words},
                status=status,
            )
        if refusal is not Refusal.SIGNED_OUT:
            response.headers["Retry-After"] = _RETRY_SECONDS
        return response

    return answer
