"""Middleware for every request and response of the portal."""

from collections.abc import Callable
from urllib.parse import urljoin

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.encoding import iri_to_uri


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
