"""Middleware for every request and response of the portal."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urljoin

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve
from django.utils.encoding import iri_to_uri

from accounts.request_ids import request_id_of

PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


def answer_probes(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer probes at once: by any host name, without TLS, and without a session.

    A load balancer asks a process by its IP address and by plain HTTP, which would be
    refused by ALLOWED_HOSTS or redirected. SECURITY: these views read no Host header,
    no cookie and no body.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in PROBES:
            return get_response(request)
        found = resolve(request.path_info)
        response: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
        # Django would log an error for each probe; the watch logs one for each incident.
        response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
        return response

    return answer


def name_requests(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Give each request an id: in its log lines, in its runs, and in its response."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_of(request.headers.get("X-Request-ID", ""))
        with structlog.contextvars.bound_contextvars(request=request_id):
            response = get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response

    return answer


def forbid_caching(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Forbid caches to store a page, unless its view says how long it may be kept.

    SECURITY: on a shared machine, the back button would show marks after signing out.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return answer


def write_addresses_of_the_site(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Make `request.build_absolute_uri` begin with SITE_URL.

    SECURITY: allauth mails addresses that it builds from the request. By its Host
    header, the sender of a request would choose where somebody else's key for a new
    password is sent. The API writes its addresses in the same way.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        def build(location: str | None = None) -> str:
            base = settings.SITE_URL.rstrip("/") + request.path
            wanted = request.get_full_path() if location is None else str(location)
            return iri_to_uri(urljoin(base, wanted))

        request.build_absolute_uri = build  # type: ignore[method-assign]
        return get_response(request)

    return answer
