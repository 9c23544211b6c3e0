"""The middleware that answers a live page of a run which asks whether anything is new."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
)
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.http import parse_etags, quote_etag

from grading.pages.run_tag import RunTag, row_of, row_of_self_check

# What reads the row, by the view that the page asks.
_ROWS: Final = {
    "grading:run-status": row_of,
    "grading:self-check-status": row_of_self_check,
}
_ENDING: Final = "/status/"


def answer_unchanged_runs(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer 304 if the signed tag of the request is still current, by one query.

    Every other request goes on to its view. SECURITY: no session is read here, and no
    right is asked for: see grading.pages.run_tag.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.endswith(_ENDING):
            return get_response(request)
        tag = sent_tag(request)
        if tag is None:
            return get_response(request)
        try:
            found = resolve(request.path_info)
        except Resolver404:
            return get_response(request)
        read = _ROWS.get(found.view_name)
        is_current = read is not None and tag.is_current(
            run_id=found.kwargs["pk"],
            session_key=session_key_of(request),
            now=timezone.now(),
            read=read,
        )
        if not is_current:
            return get_response(request)
        request.resolver_match = found
        return not_modified(tag)

    return answer


def sent_tag(request: HttpRequest) -> RunTag | None:
    """Return the tag in the request's If-None-Match, or None without one."""
    if request.method not in {"GET", "HEAD"}:
        return None
    sent = parse_etags(request.headers.get("If-None-Match", ""))
    return RunTag.parsed(sent[0].strip('"')) if len(sent) == 1 else None


def session_key_of(request: HttpRequest) -> str:
    """Return the session's key as the browser sent it, "" without one."""
    return request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")


def not_modified(tag: RunTag) -> HttpResponse:
    """Return an answer that says: what was shown by this tag is still so."""
    return tagged(HttpResponseNotModified(), tag)


def tagged(answer: HttpResponse, tag: RunTag) -> HttpResponse:
    """Give the answer the tag by which the page asks whether anything is new."""
    answer["ETag"] = quote_etag(str(tag))
    answer["Cache-Control"] = "private, no-cache"
    return answer
